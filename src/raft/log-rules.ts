/**
 * The rules of the stored log (log-store.ts), as checks shared by every implementation of it.
 */
import { assert } from '../base/assert.js';
import type { LogBatch, LogIdentity } from './log-store.js';
import type { HardState, Snapshot } from './types.js';

/** Where a stored log begins and ends. base.index <= snapshot index <= hardState.commit <= last.index. */
export interface LogExtent {
  /** The last entry that is gone; index 0, term 0 when none is. */
  readonly base: { readonly index: number; readonly term: number };
  /** The last entry, or the base when there is none. */
  readonly last: { readonly index: number; readonly term: number };
  readonly hardState: HardState;
  readonly snapshot: Snapshot;
}

/** What is wrong with a stored log, in words that follow "the log": undefined when nothing is. */
export function describeBrokenExtent({ base, last, hardState, snapshot }: LogExtent): string | undefined {
  const { index, term } = snapshot.metadata;
  if (base.index > index) return `begins after entry ${base.index}, but its snapshot reaches only to ${index}`;
  if (base.index === index && base.term !== term && base.index > 0)
    return `disagrees with its snapshot on entry ${index}`;
  if (index > hardState.commit) return `has a snapshot of entry ${index}, beyond its commit index ${hardState.commit}`;
  if (hardState.commit > last.index) {
    return `ends at entry ${last.index}, before its commit index ${hardState.commit}`;
  }
  if (last.term > hardState.term) return `has entries of term ${last.term}, beyond its own term ${hardState.term}`;
  return undefined;
}

/**
 * The extent after `batch`.
 * @throws InvariantViolation when Raft could not have asked for it
 */
export function extentAfter(extent: LogExtent, batch: LogBatch): LogExtent {
  const { base, last, commit, snapshot } = checkSnapshot(extent, batch);
  let end = last;
  const first = batch.entries[0];
  if (first !== undefined) {
    assert(first.index <= last.index + 1, 'appended entries leave no gap');
    assert(first.index > commit, 'a committed entry is never replaced');
    end = { index: first.index - 1, term: 0 };
  }
  for (const entry of batch.entries) {
    assert(entry.index === end.index + 1, 'appended entries are contiguous');
    assert(entry.term >= end.term && entry.term >= base.term, 'terms never go back along the log');
    end = { index: entry.index, term: entry.term };
  }
  const hardState = { ...(batch.hardState ?? extent.hardState) };
  hardState.commit = Math.max(hardState.commit, commit);
  const after = { base, last: end, hardState, snapshot };
  assert(hardState.term >= extent.hardState.term, 'the term never goes back');
  assert(!batch.hardState || batch.hardState.commit >= commit, 'the commit index never goes back');
  const broken = describeBrokenExtent(after);
  assert(broken === undefined, `the log after a write ${broken}`);
  return after;
}

function checkSnapshot(
  extent: LogExtent,
  batch: LogBatch,
): Pick<LogExtent, 'base' | 'last' | 'snapshot'> & { readonly commit: number } {
  const { snapshot } = batch;
  if (snapshot === undefined) return { ...extent, commit: extent.hardState.commit };
  const { index, term } = snapshot.metadata;
  assert(index > extent.hardState.commit, 'a received snapshot is ahead of the commit index');
  return { base: { index, term }, last: { index, term }, snapshot, commit: index };
}

/**
 * The extent after naming a snapshot that was cut here.
 * @param termAt the term of a stored entry or of the base
 */
export function extentWithSnapshot(
  extent: LogExtent,
  snapshot: Snapshot,
  termAt: (index: number) => number | undefined,
): LogExtent {
  const { index, term } = snapshot.metadata;
  assert(index >= extent.snapshot.metadata.index, 'a snapshot is not older than the one before');
  assert(termAt(index) === term, 'a snapshot is of an entry in the log');
  const hardState = { ...extent.hardState, commit: Math.max(extent.hardState.commit, index) };
  return { ...extent, hardState, snapshot };
}

/** The extent after the entries to `throughIndex` have been forgotten; the same when they were. */
export function extentCompacted(
  extent: LogExtent,
  throughIndex: number,
  termAt: (index: number) => number | undefined,
): LogExtent {
  assert(throughIndex <= extent.snapshot.metadata.index, 'the log is compacted only to a durable snapshot (I0)');
  if (throughIndex <= extent.base.index) return extent;
  const term = termAt(throughIndex);
  assert(term !== undefined, 'a compacted entry is in the log');
  return { ...extent, base: { index: throughIndex, term } };
}

/**
 * Whether the log may be bootstrapped: nobody has taken part in Raft with it. Its membership may have been set by a node
 * that ended before it could write down who it is, and may not be the right one any more.
 */
export function isFresh({ base, last, hardState }: LogExtent, identity: LogIdentity | undefined): boolean {
  return identity === undefined && base.index === 0 && last.index === 0 && hardState.term === 0;
}

/** @throws InvariantViolation when `wanted` changes what `stored` has set */
export function assertSameIdentity(stored: LogIdentity | undefined, wanted: LogIdentity): void {
  if (stored === undefined) return;
  assert(stored.nodeId === wanted.nodeId, 'the node id of a log never changes');
  assert(stored.raftId === wanted.raftId, 'the raft id of a log never changes');
  assert(stored.mode === wanted.mode, 'the mode of a log never changes');
  assert(stored.clusterId === undefined || stored.clusterId === wanted.clusterId, 'the cluster of a log never changes');
}
