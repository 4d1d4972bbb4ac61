/**
 * A partition as its primary changes it: the segment store that decides, and behind it the recorder that writes down what it did.
 * What is not committed can be taken back.
 */
import { LIMITS } from '../base/limits.js';
import { SegmentStore } from '../store/segment-store.js';
import { headerOf, type EntryHeader } from './entry-codec.js';
import { EntryRecorder } from './entry-recorder.js';
import type { PartitionState } from './partition-state.js';
import { undoEntry } from './undo-entry.js';

export interface RecordedChange {
  /** None if nothing was changed; several if it was much. */
  readonly entries: readonly Uint8Array[];
  /** Of the keys whose values changed. */
  readonly tags: readonly number[];
  /** Numbers of the segments that were released. */
  readonly released: readonly number[];
}

export class RecordedStore {
  readonly segments: SegmentStore;
  private readonly state: PartitionState;
  private readonly recorder: EntryRecorder;

  /** @param state applied up to the end of its log. @param maxKeyBytes for layouts of small segments. */
  constructor(state: PartitionState, maxKeyBytes = LIMITS.maxKeyBytes) {
    const { store, header } = state;
    this.state = state;
    store.checksBytes = true;
    this.recorder = new EntryRecorder(store, () => this.header());
    this.segments = new SegmentStore({
      hash: store.hash,
      partition: store,
      maxKeyBytes,
      state: { ...header, clockMs: header.timeMs },
      intercept: () => this.recorder,
    });
  }

  /** What a new primary would go on from behind the newest entry. */
  header(): EntryHeader {
    return headerOf(this.segments);
  }

  /** What has been done since the last call. */
  takeChange(): RecordedChange {
    const tags = [...this.recorder.tags];
    const released = [...this.recorder.released];
    return { tags, released, entries: this.recorder.takeEntry() };
  }

  /** Undoes all entries behind the commit index, the newest first. The segment store is not to be used any more. */
  takeBack(): void {
    const { log, store, appliedIndex } = this.state;
    for (let index = log.lastIndex; index > appliedIndex; index--) undoEntry(store, log.get(index).bytes);
  }
}
