/**
 * What a node holds of one partition, whatever its role: it outlives every change from backup to primary and back.
 *
 * Invariant: appliedIndex <= log.lastIndex, and the log holds every entry between the two. The store is the state at appliedIndex,
 * except at a primary that has taken over: there it is the state at log.lastIndex, and appliedIndex is the commit index.
 */
import { applyEntry } from './apply-entry.js';
import type { EntryHeader } from './entry-codec.js';
import { LOG_ENTRY_BYTES } from './entry-cost.js';
import type { ParityFolds } from './parity-folds.js';
import type { PartitionLog } from './partition-log.js';
import type { PartitionStore } from '../store/partition-store.js';

export interface PartitionState {
  readonly store: PartitionStore;
  readonly log: PartitionLog;
  /** Everything up to here is committed and applied. Never goes back. */
  appliedIndex: number;
  /** Of the entry at appliedIndex; what a new primary goes on from. */
  header: EntryHeader;
}

/**
 * Applies the entry behind appliedIndex as a receiver does: what it seals is folded at once (I8) and its bytes are dropped.
 * @param folds of a parity holder. @param awaited segments that a learner has not received yet; one that is released leaves it.
 */
export function applyNext(state: PartitionState, folds: ParityFolds | undefined, awaited: Set<number>): void {
  const { store, log } = state;
  const { bytes } = log.get(state.appliedIndex + 1);
  state.header = applyEntry(store, bytes, {
    awaited,
    onSealed: (number) => {
      if (folds === undefined) return;
      folds.fold(store, number);
      store.dropBytes(number);
    },
    onSealedDamaged: (number, checksum) => folds?.owe(number, checksum),
    onReleased: (number, content, checksum) => folds?.unfold(number, content, checksum),
    onAwaitedReleased: (number, content, checksum) => {
      awaited.delete(number);
      if (folds?.has(number, checksum) === true) folds.unfold(number, content, checksum);
    },
    onLost: (number, checksum) => {
      awaited.delete(number);
      folds?.forget(number, checksum);
    },
  });
  state.appliedIndex++;
}

/** What applying the entries that wait will take, beside the log that they lie in already. */
export function unappliedCost({ log, appliedIndex }: PartitionState): number {
  const held = log.bytesBetween(appliedIndex, log.lastIndex) + (log.lastIndex - appliedIndex) * LOG_ENTRY_BYTES;
  return Math.max(0, log.costAt(log.lastIndex) - log.costAt(appliedIndex) - held);
}
