import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenLog, openRaftLog } from '../../../src/adapters/lmdb/open-log.js';
import { describeRaftLog } from '../../raft/raft-log-contract.js';

/** Small enough that most reads of these tests go to the disk, large enough that some do not. */
const SOME_IN_MEMORY = 60;

for (const [name, maxTailBytes, journalBytes] of [
  ['the log on lmdb, all of it in memory', 1_000_000, 1_000_000],
  ['the log on lmdb, little of it in memory', SOME_IN_MEMORY, 1_000_000],
  ['the log on lmdb, with a journal that is often full', SOME_IN_MEMORY, 300],
  ['the log on lmdb, with a journal that nothing fits into', SOME_IN_MEMORY, 0],
] as const) {
  describeRaftLog(name, () => {
    const folder = mkdtempSync(join(tmpdir(), 'dcache-log-'));
    let open: OpenLog | undefined;
    return {
      open: async () => {
        open = await openRaftLog({ folder, maxTailBytes, journalBytes });
        return open.log;
      },
      close: async () => open?.close(),
      destroy: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
    };
  });
}
