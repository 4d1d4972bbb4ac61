import { beforeEach, expect, test } from 'vitest';
import { DcacheError } from '../../../src/base/errors.js';
import type { LogBatch } from '../../../src/raft/log-store.js';
import type { PeerMessage } from '../../../src/raft/messages.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';
import { LoneLeader } from './lone-leader.js';

/** Remembers what was written, and can be full. */
class WatchedLog extends MemoryRaftLog {
  readonly batches: LogBatch[] = [];
  full = false;
  beforeAppend: (batch: LogBatch) => void = () => undefined;

  override append(batch: LogBatch): void {
    this.beforeAppend(batch);
    if (this.full) throw new DcacheError('DISK_FULL', 'no space left');
    this.batches.push(batch);
    super.append(batch);
  }
}

let log: WatchedLog;
let node: LoneLeader;
beforeEach(() => {
  log = new WatchedLog();
  node = new LoneLeader(log);
});

test('what arrives in one turn is written to the log together', async () => {
  await node.lead();
  log.batches.length = 0;
  for (let i = 1; i <= 5; i++) node.driver.turn((raw) => raw.propose(Uint8Array.of(9, i)));
  await node.scheduler.settle();
  const withEntries = log.batches.filter(({ entries }) => entries.length > 0);
  expect(withEntries.map(({ entries }) => entries.length)).toEqual([5]);
  expect(node.committed.slice(-5).map(({ data }) => data[1])).toEqual([1, 2, 3, 4, 5]);
});

test('a vote is sent only when it is durable', async () => {
  const sentBeforeWriting: PeerMessage[] = [];
  log.beforeAppend = () => sentBeforeWriting.push(...node.sent);
  node.driver.step([{ type: 'vote', to: 1, from: 2, term: 5, lastIndex: 9, lastTerm: 4, transfer: false }]);
  await node.scheduler.settle();
  expect(log.initialState().hardState).toMatchObject({ term: 5, vote: 2 });
  expect(sentBeforeWriting).toEqual([]);
  expect(node.sent).toMatchObject([{ type: 'vote-response', to: 2, term: 5, rejected: false }]);
});

test('the next application is bounded by what has been applied: nothing is handed out twice', async () => {
  await node.lead();
  node.appliesAtOnce = false;
  const before = node.committed.length;
  await node.propose(Uint8Array.of(9, 1));
  await node.propose(Uint8Array.of(9, 2));
  const handedOut = node.committed.slice(before).map(({ index }) => index);
  expect(handedOut).toEqual([...new Set(handedOut)]);
  node.driver.onApplied(node.committed.at(-1)?.index ?? 0);
  await node.scheduler.settle();
  expect(node.committed.slice(before).map(({ data }) => data[1])).toEqual([1, 2]);
});

test('a read is confirmed with the index that it must see', async () => {
  await node.lead();
  node.driver.turn((raw) => raw.readIndex(Uint8Array.of(42)));
  await node.scheduler.settle();
  expect(node.readStates).toEqual([{ index: log.lastIndex(), context: Uint8Array.of(42) }]);
});

test('a log that cannot be written stops the driver: nothing is sent, applied or written afterwards', async () => {
  await node.lead();
  const [written, committed] = [log.batches.length, node.committed.length];
  log.full = true;
  await node.propose(Uint8Array.of(9, 1));
  expect(node.failures).toMatchObject([{ code: 'DISK_FULL' }]);
  log.full = false;
  await node.propose(Uint8Array.of(9, 2));
  expect([log.batches.length, node.committed.length]).toEqual([written, committed]);
});

test('a stopped driver carries nothing out any more', async () => {
  await node.lead();
  const committed = node.committed.length;
  node.driver.stop();
  await node.propose(Uint8Array.of(9, 1));
  expect(node.committed.length).toBe(committed);
});
