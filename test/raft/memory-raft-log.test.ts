import { MemoryRaftLog, type StoredState } from './memory-raft-log.js';
import { describeRaftLog } from './raft-log-contract.js';

describeRaftLog('the log in memory', () => {
  let log: MemoryRaftLog | undefined;
  let stored: StoredState | undefined;
  return {
    open: () => Promise.resolve((log = new MemoryRaftLog(stored))),
    close: () => {
      stored = log?.stored();
      return Promise.resolve();
    },
    destroy: () => Promise.resolve(),
  };
});
