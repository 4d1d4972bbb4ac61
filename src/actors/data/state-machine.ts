/**
 * Applies committed entries to the store, in order, each once. What an entry means is decided here and in the store, from
 * the entry alone, so that all nodes come to the same state.
 */
import { assert } from '../../base/assert.js';
import { ENTRY_KIND } from '../../base/entry-kind.js';
import { decodeMemberCommand } from '../../cluster/member-codec.js';
import type { Entry } from '../../raft/types.js';
import { decodeWriteBatch } from '../../store/command-codec.js';
import type { WriteReply } from '../../store/requests.js';
import type { KvStore } from '../../store/store.js';

export class StateMachine {
  readonly store: KvStore;
  /** Everything up to here is in the store. Grows by one with each entry, or to that of a snapshot. */
  private applied = 0;
  private appliedEntryTerm = 0;

  constructor(store: KvStore) {
    this.store = store;
  }

  get appliedIndex(): number {
    return this.applied;
  }

  get appliedTerm(): number {
    return this.appliedEntryTerm;
  }

  /** The replies of the entry's writes, undefined for pieces of a large value. Throws MalformedBytes for a committed entry that cannot be read. */
  apply(entry: Entry): readonly (WriteReply | undefined)[] {
    assert(entry.index === this.applied + 1, 'entries are applied in order, without gaps');
    if (entry.term !== this.appliedEntryTerm) this.store.dropUploads();
    const replies = this.decide(entry);
    this.applied = entry.index;
    this.appliedEntryTerm = entry.term;
    return replies;
  }

  /** The store has been replaced by the state of a snapshot. */
  onRestored(index: number, term: number): void {
    assert(index >= this.applied, 'a snapshot never takes the state back');
    this.applied = index;
    this.appliedEntryTerm = term;
  }

  private decide(entry: Entry): readonly (WriteReply | undefined)[] {
    if (entry.type !== 'normal') return [];
    switch (entry.data[0]) {
      case ENTRY_KIND.writes: {
        const { timeMs, memoryRules, readMarks, writes } = decodeWriteBatch(entry.data);
        if (memoryRules !== undefined) this.store.setMemoryRules(memoryRules);
        this.store.applyReadMarks(readMarks);
        this.store.advanceTime(timeMs);
        return writes.map((write) => this.store.apply(write));
      }
      case ENTRY_KIND.members: {
        const command = decodeMemberCommand(entry.data);
        if (command.type === 'found') this.store.onFounded(command.clusterId);
        return [];
      }
      default:
        return [];
    }
  }
}
