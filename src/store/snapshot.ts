/**
 * Snapshots of a store: a cut between two changes, streamed as frames while changes go on, and the way back.
 *
 * Cutting costs no pass over the records: bytes of sealed segments are pinned, the ends that still grow are copied, and
 * so are the bits that say which records are live. The index does not travel; it is rebuilt from the keys. A store
 * restored from the frames has the state hash of the cut and decides like it from there on.
 */
import { assert } from '../base/assert.js';
import { DcacheError } from '../base/errors.js';
import type { HeadlessFragment } from './headless-fragments.js';
import { imageOf } from './segment-image.js';
import type { SegmentImage } from './segment-table.js';
import type { SegmentStore } from './segment-store.js';
import { type StoreFrame, decodeFrame, encodeHeader, encodeSegment } from './snapshot-frames.js';

export interface StoreSnapshot {
  /** Bytes of all frames, nearly: for progress. */
  readonly sizeBytes: number;
  readonly segmentCount: number;
  /**
   * The frames in order, the header first. Each is the caller's; at most one segment is copied at a time. May be walked
   * again until `release`.
   */
  frames(): IterableIterator<Uint8Array>;
  /** Lets the pinned segments go. To be called once, also when streaming fails. */
  release(): void;
}

/** Cuts a snapshot between two changes. */
export function cutSnapshot(store: SegmentStore): StoreSnapshot {
  const images: SegmentImage[] = [];
  const unpins: (() => void)[] = [];
  let sizeBytes = 0;
  for (const segment of store.partition.table.all()) {
    const bytes = segment.bytes.subarray(0, segment.length);
    images.push(imageOf(segment, segment.state === 'sealed' ? bytes : bytes.slice()));
    if (segment.state === 'sealed') unpins.push(segment.pin());
    sizeBytes += segment.length;
  }
  const header = encodeHeader(
    {
      segmentCount: images.length,
      opened: store.partition.table.opened,
      decisionState: store.decisionState(),
      headless: store.partition.headless.list(),
    },
    store.partition.hash,
  );
  return {
    sizeBytes: sizeBytes + header.length,
    segmentCount: images.length,
    *frames() {
      yield header;
      for (const image of images) yield encodeSegment(image);
    },
    release() {
      for (const unpin of unpins.splice(0)) unpin();
    },
  };
}

/** Takes frames into an empty store. */
export class SnapshotLoader {
  private readonly target: SegmentStore;
  private expected: number | undefined;
  private loaded = 0;
  private opened = 0;
  private decisionState: readonly number[] = [];
  private headless: readonly HeadlessFragment[] = [];

  /** @param target an empty store with the layout and hash of the store that was cut. */
  constructor(target: SegmentStore) {
    assert(target.partition.table.opened === 0, 'a snapshot is loaded into an empty store');
    this.target = target;
  }

  /**
   * Takes the next frame, which is read during the call only. After an error the store is to be thrown away.
   * @throws DcacheError DATA_CORRUPT, WRONG_CLUSTER
   */
  accept(bytes: Uint8Array): void {
    const frame: StoreFrame = decodeFrame(bytes, this.target.partition.hash);
    switch (frame.type) {
      case 'header':
        if (this.expected !== undefined) throw corrupt('it has two headers');
        this.expected = frame.header.segmentCount;
        this.opened = frame.header.opened;
        this.decisionState = frame.header.decisionState;
        this.headless = frame.header.headless;
        return;
      case 'segment':
        if (this.expected === undefined) throw corrupt('it does not begin with its header');
        if (this.target.partition.table.maybe(frame.image.number) !== undefined) throw corrupt('a segment comes twice');
        if (!this.target.partition.restoreSegment(frame.image, true)) throw corrupt('live records do not add up');
        this.loaded++;
        return;
    }
  }

  /** Ends the load; the store is ready for use. */
  finish(): void {
    if (this.expected !== this.loaded) {
      throw corrupt(`${this.loaded} of ${this.expected ?? 'an unknown number of'} segments came`);
    }
    this.target.partition.restoreCounters(this.opened, this.headless);
    this.target.restoreDecisionState(this.decisionState);
  }
}

function corrupt(what: string): DcacheError {
  return new DcacheError('DATA_CORRUPT', `the snapshot cannot be loaded: ${what}`);
}
