/** What every implementation of RaftLog promises (src/raft/log-store.ts). Each test also holds after a reopening. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import type { ClusterId, NodeId, RaftId } from '../../src/base/ids.js';
import type { LogBatch, LogIdentity, RaftLog } from '../../src/raft/log-store.js';
import { EMPTY_CONF_STATE, type Entry, type Snapshot } from '../../src/raft/types.js';

/** A disk with one log on it. */
export interface LogDisk {
  open(): Promise<RaftLog>;
  /** Ends the use of the log that was opened last; what is durable stays. */
  close(): Promise<void>;
  /** Removes what is left. */
  destroy(): Promise<void>;
}

export const entry = (index: number, term: number, bytes = 3): Entry => ({
  index,
  term,
  type: 'normal',
  data: new Uint8Array(bytes).fill(index % 251),
});

export const entriesOf = (low: number, high: number, term: number, bytes = 3): Entry[] =>
  Array.from({ length: high - low }, (_, i) => entry(low + i, term, bytes));

export const batch = (parts: Partial<LogBatch>): LogBatch => ({
  hardState: undefined,
  entries: [],
  snapshot: undefined,
  ...parts,
});

export const snapshotAt = (index: number, term: number, voters: number[] = [1, 2, 3]): Snapshot => ({
  metadata: { index, term, confState: { ...EMPTY_CONF_STATE, voters } },
  data: new Uint8Array([index % 256, 7]),
});

const identity: LogIdentity = { nodeId: 'n1' as NodeId, raftId: 1 as RaftId, mode: 'raft', clusterId: undefined };

/** Entries as plain values, whatever kind of byte array they hold. */
export function plain(entries: readonly Entry[] | string): unknown {
  if (typeof entries === 'string') return entries;
  return entries.map(({ index, term, type, data }) => ({ index, term, type, data: [...data] }));
}

export function all(log: RaftLog): unknown {
  return plain(log.entries(log.firstIndex(), log.lastIndex() + 1, Infinity));
}

export function describeRaftLog(name: string, newDisk: () => LogDisk): void {
  describe(name, () => {
    let disk: LogDisk;
    let log: RaftLog;

    beforeEach(async () => {
      disk = newDisk();
      log = await disk.open();
    });

    afterEach(async () => {
      await disk.close();
      await disk.destroy();
    });

    /** Holds before and after the log is opened again. */
    async function durably(check: (log: RaftLog) => void): Promise<void> {
      check(log);
      await disk.close();
      log = await disk.open();
      check(log);
    }

    test('a fresh log is empty', () =>
      durably((it) => {
        expect(it.initialState()).toEqual({ hardState: { term: 0, vote: 0, commit: 0 }, confState: EMPTY_CONF_STATE });
        expect([it.firstIndex(), it.lastIndex(), it.term(0), it.term(1)]).toEqual([1, 0, 0, 'unavailable']);
        expect(it.entries(1, 1, 100)).toEqual([]);
        expect(it.snapshot()).toMatchObject({ metadata: { index: 0, term: 0 } });
        expect(it.identity()).toBeUndefined();
      }));

    test('what one batch holds is there after it', async () => {
      const hardState = { term: 2, vote: 3, commit: 1 };
      const entries: Entry[] = [
        { ...entry(1, 1), type: 'conf-change' },
        { ...entry(2, 2), type: 'conf-change-v2' },
        { ...entry(3, 2), data: EMPTY_BYTES },
      ];
      log.append(batch({ hardState, entries }));
      await durably((it) => {
        expect(it.initialState().hardState).toEqual(hardState);
        expect(all(it)).toEqual(plain(entries));
        expect([0, 1, 2, 3, 4].map((index) => it.term(index))).toEqual([0, 1, 2, 2, 'unavailable']);
      });
    });

    test('a vote alone is there after it', async () => {
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 0 } }));
      log.append(batch({ hardState: { term: 1, vote: 2, commit: 0 } }));
      await durably((it) => expect(it.initialState().hardState).toEqual({ term: 1, vote: 2, commit: 0 }));
    });

    test('a commit index alone is seen at once, and durable with the next batch', async () => {
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 0 }, entries: entriesOf(1, 4, 1) }));
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 2 } }));
      expect(log.initialState().hardState.commit).toBe(2);
      log.append(batch({ entries: entriesOf(4, 5, 1) }));
      await durably((it) => expect(it.initialState().hardState.commit).toBe(2));
    });

    test('a commit index that a membership change depends on is durable by itself, and does not go back', async () => {
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 0 }, entries: entriesOf(1, 4, 1) }));
      log.commitDurably(2);
      await durably((it) => expect(it.initialState().hardState).toEqual({ term: 1, vote: 0, commit: 2 }));
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 3 } }));
      log.commitDurably(2);
      await durably((it) => expect(it.initialState().hardState.commit).toBe(3));
      expect(() => log.commitDurably(4)).toThrow();
    });

    test('reads are cut by bytes but hold at least one entry', () => {
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 0 }, entries: entriesOf(1, 6, 1, 100) }));
      expect(plain(log.entries(2, 5, 0))).toEqual(plain(entriesOf(2, 3, 1, 100)));
      expect(plain(log.entries(2, 5, 250))).toEqual(plain(entriesOf(2, 4, 1, 100)));
      expect(plain(log.entries(2, 5, 10_000))).toEqual(plain(entriesOf(2, 5, 1, 100)));
      expect(log.entries(3, 3, 100)).toEqual([]);
      expect(log.entries(5, 7, 100)).toBe('unavailable');
    });

    test('appended entries replace a conflicting suffix', async () => {
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 2 }, entries: entriesOf(1, 9, 1) }));
      log.append(batch({ hardState: { term: 3, vote: 0, commit: 2 }, entries: entriesOf(4, 6, 3) }));
      await durably((it) => {
        expect(all(it)).toEqual(plain([...entriesOf(1, 4, 1), ...entriesOf(4, 6, 3)]));
        expect([it.lastIndex(), it.term(4), it.term(6)]).toEqual([5, 3, 'unavailable']);
      });
    });

    test('what Raft cannot have asked for is refused, and changes nothing', async () => {
      const kept = entriesOf(1, 4, 2);
      log.append(batch({ hardState: { term: 2, vote: 0, commit: 2 }, entries: kept }));
      const refused: [RegExp, LogBatch][] = [
        [/gap/, batch({ entries: entriesOf(5, 6, 2) })],
        [/contiguous/, batch({ entries: [entry(4, 2), entry(6, 2)] })],
        [/committed entry/, batch({ entries: entriesOf(2, 3, 2) })],
        [/terms never go back/, batch({ entries: [entry(4, 2), entry(5, 1)] })],
        [/term never goes back/, batch({ hardState: { term: 1, vote: 0, commit: 2 } })],
        [/commit index never goes back/, batch({ hardState: { term: 2, vote: 0, commit: 1 } })],
        [/before its commit index 9/, batch({ hardState: { term: 2, vote: 0, commit: 9 } })],
        [/beyond its own term/, batch({ entries: entriesOf(4, 5, 3) })],
        [/ahead of the commit/, batch({ snapshot: snapshotAt(2, 2) })],
      ];
      for (const [reason, bad] of refused) expect(() => log.append(bad)).toThrow(reason);
      await durably((it) => {
        expect(all(it)).toEqual(plain(kept));
        expect(it.initialState().hardState).toEqual({ term: 2, vote: 0, commit: 2 });
      });
    });

    test('a received snapshot replaces the log, and entries continue it', async () => {
      log.append(batch({ hardState: { term: 1, vote: 1, commit: 1 }, entries: entriesOf(1, 6, 1) }));
      const snapshot = snapshotAt(10, 4, [2, 5]);
      log.append(batch({ hardState: { term: 4, vote: 0, commit: 10 }, entries: entriesOf(11, 13, 4), snapshot }));
      await durably((it) => {
        expect([it.firstIndex(), it.lastIndex(), it.term(10), it.term(9)]).toEqual([11, 12, 4, 'compacted']);
        expect(it.entries(10, 12, 100)).toBe('compacted');
        expect(all(it)).toEqual(plain(entriesOf(11, 13, 4)));
        expect(it.initialState().confState.voters).toEqual([2, 5]);
        const stored = it.snapshot();
        if (stored === 'unavailable') throw new Error('the snapshot is there');
        expect([stored.metadata, [...stored.data]]).toEqual([snapshot.metadata, [...snapshot.data]]);
      });
    });

    test('a received snapshot inside of the log drops the entries after it too', async () => {
      log.append(batch({ hardState: { term: 1, vote: 1, commit: 1 }, entries: entriesOf(1, 6, 1) }));
      log.append(batch({ hardState: { term: 2, vote: 0, commit: 4 }, snapshot: snapshotAt(4, 2) }));
      await durably((it) => expect([it.firstIndex(), it.lastIndex(), it.term(4)]).toEqual([5, 4, 2]));
    });

    test('a snapshot raises the commit index to its own', async () => {
      log.append(batch({ hardState: { term: 1, vote: 1, commit: 1 }, entries: entriesOf(1, 6, 1) }));
      log.recordSnapshot(snapshotAt(3, 1));
      await durably((it) => expect(it.initialState().hardState.commit).toBe(3));
    });

    test('compaction forgets entries up to the snapshot, keeps the term before the first, and goes no further', async () => {
      log.append(
        batch({ hardState: { term: 2, vote: 0, commit: 6 }, entries: [...entriesOf(1, 5, 1), ...entriesOf(5, 9, 2)] }),
      );
      expect(() => log.compact(4)).toThrow(/I0/);
      log.recordSnapshot(snapshotAt(6, 2));
      expect(() => log.compact(7)).toThrow(/I0/);
      log.compact(4);
      await durably((it) => {
        expect([it.firstIndex(), it.lastIndex(), it.term(3), it.term(4)]).toEqual([5, 8, 'compacted', 1]);
        expect(it.entries(4, 6, 100)).toBe('compacted');
        expect(all(it)).toEqual(plain(entriesOf(5, 9, 2)));
      });
      log.compact(3);
      log.compact(6);
      await durably((it) => expect([it.firstIndex(), it.term(6)]).toEqual([7, 2]));
    });

    test('a snapshot cut here names an entry of the log, and none older than before', () => {
      log.append(batch({ hardState: { term: 2, vote: 0, commit: 5 }, entries: entriesOf(1, 6, 2) }));
      log.recordSnapshot(snapshotAt(4, 2));
      for (const bad of [snapshotAt(3, 2), snapshotAt(5, 1), snapshotAt(9, 2)]) {
        expect(() => log.recordSnapshot(bad)).toThrow(/a snapshot is/);
      }
      expect(log.snapshot()).toMatchObject({ metadata: { index: 4 } });
    });

    test('the whole log can be compacted away and go on', async () => {
      log.append(batch({ hardState: { term: 1, vote: 0, commit: 3 }, entries: entriesOf(1, 4, 1) }));
      log.recordSnapshot(snapshotAt(3, 1));
      log.compact(3);
      await durably((it) => expect([it.firstIndex(), it.lastIndex(), it.term(3)]).toEqual([4, 3, 1]));
      log.append(batch({ entries: entriesOf(4, 5, 1) }));
      await durably((it) => expect(all(it)).toEqual(plain(entriesOf(4, 5, 1))));
    });

    test('identity is set once, and the cluster may be filled in later', async () => {
      log.setIdentity(identity);
      await durably((it) => expect(it.identity()).toEqual(identity));
      const met: LogIdentity = { ...identity, clusterId: 'a'.repeat(32) as ClusterId };
      log.setIdentity(met);
      const changes: LogIdentity[] = [
        { ...met, raftId: 2 as RaftId },
        { ...met, nodeId: 'n2' as NodeId },
        { ...met, mode: 'ecc' },
        identity,
      ];
      for (const changed of changes) expect(() => log.setIdentity(changed)).toThrow(/never changes/);
      await durably((it) => expect(it.identity()).toEqual(met));
    });

    test('an empty log takes the first membership, until it has an identity', async () => {
      const confState = { ...EMPTY_CONF_STATE, voters: [1, 2, 3], learners: [4] };
      log.bootstrap({ ...EMPTY_CONF_STATE, voters: [1, 2] });
      log.bootstrap(confState);
      await durably((it) => expect(it.initialState().confState).toEqual(confState));
      log.setIdentity(identity);
      expect(() => log.bootstrap(confState)).toThrow(/empty log/);
    });
  });
}
