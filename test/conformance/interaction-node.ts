/** One node of the interaction tests: a RawNode, its storage, the work of its storage threads, its state machine. */
import { concatBytes, EMPTY_BYTES } from '../../src/base/bytes.js';
import { decodeConfChange } from '../../src/raft/conf-change.js';
import type { RaftConfig } from '../../src/raft/config.js';
import { MemoryStorage } from '../../src/raft/memory-storage.js';
import type { StorageAppend, StorageApply } from '../../src/raft/messages.js';
import { RawNode } from '../../src/raft/raw-node.js';
import type { Entry, Snapshot } from '../../src/raft/types.js';

/** Asked for a snapshot it gives the newest state of its node, as if one were taken after every entry. */
class SnapshottingStorage extends MemoryStorage {
  /** One for every applied entry, and the one that the node began with. */
  readonly history: [Snapshot, ...Snapshot[]];

  constructor(initial: Snapshot) {
    super();
    this.history = [initial];
  }

  get newest(): Snapshot {
    return this.history.at(-1) ?? this.history[0];
  }

  override snapshot(): Snapshot {
    return this.newest;
  }
}

export class InteractionNode {
  readonly config: RaftConfig;
  readonly raw: RawNode;
  readonly storage: SnapshottingStorage;
  readonly appendWork: StorageAppend[] = [];
  readonly applyWork: StorageApply[] = [];

  constructor(config: Omit<RaftConfig, 'storage'>, initial: Snapshot) {
    this.storage = new SnapshottingStorage(initial);
    if (initial.metadata.index > 0) this.storage.applySnapshot(initial);
    this.config = { ...config, storage: this.storage, applied: initial.metadata.index };
    this.raw = new RawNode(this.config);
  }

  get id(): number {
    return this.config.id;
  }

  get isAsync(): boolean {
    return this.config.asyncStorageWrites ?? false;
  }

  append({ hardState, entries, snapshot }: Pick<StorageAppend, 'hardState' | 'entries' | 'snapshot'>): void {
    if (hardState) this.storage.setHardState(hardState);
    if (snapshot) this.storage.applySnapshot(snapshot);
    else this.storage.append(entries);
  }

  /** The state is the concatenation of everything that was proposed. */
  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { index, term, type, data } = entry;
      const { metadata, data: state } = this.storage.newest;
      const isNormal = type === 'normal';
      const confState = isNormal ? metadata.confState : this.raw.applyConfChange(entry);
      const update = isNormal ? data : (decodeConfChange(data)?.context ?? EMPTY_BYTES);
      this.storage.history.push({ metadata: { index, term, confState }, data: concatBytes([state, update]) });
    }
  }
}
