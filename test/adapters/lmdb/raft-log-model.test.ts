/** Random histories on the lmdb log and on the plain one in memory: every read agrees, reopenings included. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openRaftLog } from '../../../src/adapters/lmdb/open-log.js';
import type { RaftLog } from '../../../src/raft/log-store.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';
import { all, batch, entriesOf, plain, snapshotAt } from '../../raft/raft-log-contract.js';

type Step =
  | { readonly type: 'append'; readonly count: number; readonly bytes: number; readonly commits: number }
  | { readonly type: 'replace'; readonly back: number; readonly count: number }
  | { readonly type: 'receive'; readonly ahead: number }
  | { readonly type: 'snapshot'; readonly back: number }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('append'),
      count: fc.nat(6),
      bytes: fc.oneof(fc.nat(50), fc.constant(5_000)),
      commits: fc.nat(4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('replace'), back: fc.nat(5), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('receive'), ahead: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('snapshot'), back: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('compact'), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen') }) },
);

/** Carries out `step`, the same on both, as far as the state of the model allows it. */
function carryOut(it: Step, model: MemoryRaftLog, logs: readonly RaftLog[]): void {
  const { hardState } = model.initialState();
  const [last, base] = [model.lastIndex(), model.firstIndex() - 1];
  const snapshotIndex = model.snapshot().metadata.index;
  for (const log of logs) {
    switch (it.type) {
      case 'append': {
        const commit = Math.min(hardState.commit + it.commits, last + it.count);
        const entries = entriesOf(last + 1, last + 1 + it.count, hardState.term, it.bytes);
        log.append(batch({ hardState: { ...hardState, commit }, entries }));
        break;
      }
      case 'replace': {
        const first = Math.max(last - it.back, hardState.commit + 1);
        const term = hardState.term + 1;
        log.append(
          batch({ hardState: { ...hardState, term, vote: 0 }, entries: entriesOf(first, first + it.count, term) }),
        );
        break;
      }
      case 'receive': {
        const index = hardState.commit + it.ahead;
        log.append(batch({ hardState: { ...hardState, commit: index }, snapshot: snapshotAt(index, hardState.term) }));
        break;
      }
      case 'snapshot': {
        const index = Math.max(snapshotIndex, hardState.commit - it.back);
        const term = model.term(index);
        if (index >= base && typeof term === 'number') log.recordSnapshot(snapshotAt(index, term));
        break;
      }
      case 'compact':
        log.compact(Math.max(0, snapshotIndex - it.back));
        break;
      case 'reopen':
        break;
    }
  }
}

test('the lmdb log reads like the plain one after any history', { timeout: 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'dcache-log-'));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.constantFrom(0, 200, 1_000_000),
      // Too short for any batch, for some, for all.
      fc.constantFrom(0, 600, 6_000, 1_000_000),
      async (steps, maxTailBytes, journalBytes) => {
        const folder = join(root, String(runs++));
        const model = new MemoryRaftLog();
        let open = await openRaftLog({ folder, maxTailBytes, journalBytes });
        for (const it of [...steps, { type: 'reopen' } as const]) {
          if (it.type === 'reopen') {
            await open.close();
            open = await openRaftLog({ folder, maxTailBytes, journalBytes });
            // A commit index that moved alone need not survive.
            const [hardState, kept] = [model.initialState().hardState, open.log.initialState().hardState];
            expect(kept.commit).toBeLessThanOrEqual(hardState.commit);
            expect({ ...kept, commit: 0 }).toEqual({ ...hardState, commit: 0 });
            open.log.append(batch({ hardState }));
          } else {
            // The memory model goes last, since the step is worked out from it.
            carryOut(it, model, [open.log, model]);
          }
          compare(open.log, model);
        }
        await open.close();
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 100 },
  );
  rmSync(root, { recursive: true });
});

function compare(log: RaftLog, model: MemoryRaftLog): void {
  expect(log.initialState()).toEqual(model.initialState());
  expect([log.firstIndex(), log.lastIndex()]).toEqual([model.firstIndex(), model.lastIndex()]);
  expect(all(log)).toEqual(all(model));
  const stored = log.snapshot();
  expect(stored === 'unavailable' ? stored : stored.metadata).toEqual(model.snapshot().metadata);
  const [first, last] = [model.firstIndex(), model.lastIndex()];
  for (const index of [first - 2, first - 1, first, last, last + 1]) expect(log.term(index)).toEqual(model.term(index));
  for (const maxBytes of [0, 100]) {
    expect(plain(log.entries(first, last + 1, maxBytes))).toEqual(plain(model.entries(first, last + 1, maxBytes)));
  }
}
