import { beforeEach, expect, test } from 'vitest';
import { PendingRequest } from '../../../src/actors/data/pending.js';
import { WritePath, type PendingWrite } from '../../../src/actors/data/write-path.js';
import type { DcacheError } from '../../../src/base/errors.js';
import { LIMITS } from '../../../src/base/limits.js';
import { decodeWriteBatch } from '../../../src/store/command-codec.js';
import type { KvReply, WriteReply, WriteRequest } from '../../../src/store/requests.js';
import { headerAt } from '../../support/batch-header.js';

/** A write whose outcome the test reads. */
interface Tracked {
  readonly write: PendingWrite;
  outcome: KvReply | DcacheError | undefined;
}

function track(valueBytes = 1): Tracked {
  const request: WriteRequest = { type: 'append', key: Uint8Array.of(1), value: new Uint8Array(valueBytes) };
  const settle = (outcome: KvReply | DcacheError): void => {
    tracked.outcome = outcome;
  };
  const write: PendingWrite = new PendingRequest({
    request,
    forwarded: false,
    timeoutMs: 1,
    deadlineMs: 1,
    resolve: settle,
    reject: settle,
    onSettled: () => undefined,
  });
  const tracked: Tracked = { write, outcome: undefined };
  return tracked;
}

const reply = (valueBytes: number): WriteReply => ({ type: 'append', valueBytes, version: valueBytes });

let path: WritePath;
beforeEach(() => {
  path = new WritePath();
});

/** Hands in writes and takes the one proposal that they make. */
function propose(...tracked: Tracked[]): number {
  for (const { write } of tracked) path.add(write);
  const [proposal, ...others] = path.takeProposals(() => headerAt(1_000));
  expect(others).toEqual([]);
  return proposal?.ticket ?? 0;
}

test("the writes of one turn become one entry with the leader's time", () => {
  const [a, b] = [track(), track()];
  path.add(a.write);
  path.add(b.write);
  const [proposal] = path.takeProposals(() => headerAt(1_000));
  expect(decodeWriteBatch(proposal?.data ?? new Uint8Array())).toEqual({
    ...headerAt(1_000),
    writes: [a.write.request, b.write.request],
  });
  expect(path.takeProposals(() => headerAt(1_000))).toEqual([]);
});

test('large writes are cut into several entries, one that is larger than the limit has its own', () => {
  const third = Math.floor(LIMITS.maxAppendBytes / 3);
  const sizes = [third, third, third, 2 * LIMITS.maxAppendBytes, 1];
  for (const size of sizes) path.add(track(size).write);
  const batches = path.takeProposals(() => headerAt(0)).map(({ data }) => decodeWriteBatch(data).writes.length);
  expect(batches).toEqual([2, 1, 1, 1]);
});

test('each write gets its own reply of the entry that was applied where it was proposed', () => {
  const [a, b] = [track(), track()];
  path.onProposed(propose(a, b), 7, 2);
  path.onApplied(6, 2, [reply(9)]);
  expect(a.outcome).toBeUndefined();
  path.onApplied(7, 2, [reply(1), reply(2)]);
  expect([a.outcome, b.outcome]).toEqual([reply(1), reply(2)]);
});

test('a write whose place was taken by an entry of another term is definitely not done', () => {
  const a = track();
  path.onProposed(propose(a), 7, 2);
  path.onApplied(7, 3, [reply(1)]);
  expect(a.outcome).toMatchObject({ code: 'NO_LEADER', outcome: 'not-done' });
});

test('an entry of a lost leadership may still be committed by another leader', () => {
  const [older, newer] = [track(), track()];
  path.onProposed(propose(older), 7, 2);
  path.onProposed(propose(newer), 7, 4);
  path.onApplied(7, 2, [reply(1)]);
  expect(older.outcome).toEqual(reply(1));
  expect(newer.outcome).toMatchObject({ code: 'NO_LEADER' });
});

test('a write that was rejected when it was decided fails with that code', () => {
  const a = track();
  path.onProposed(propose(a), 7, 2);
  path.onApplied(7, 2, [{ type: 'rejected', code: 'VALUE_TOO_LARGE', message: 'too large' }]);
  expect(a.outcome).toMatchObject({ code: 'VALUE_TOO_LARGE', message: 'too large' });
});

test('a proposal that was not made gives its writes back for another try', () => {
  const a = track();
  const ticket = propose(a);
  expect(a.write.exposed).toBe(true);
  expect(path.onNotProposed(ticket, 'no-leader')).toEqual([a.write]);
  expect(a.write.exposed).toBe(false);
  expect(a.outcome).toBeUndefined();
});

test('a proposal that there is no room for fails its writes as overload', () => {
  const a = track();
  expect(path.onNotProposed(propose(a), 'uncommitted-limit')).toEqual([]);
  expect(a.outcome).toMatchObject({ code: 'OVERLOADED', outcome: 'not-done' });
});

test('a write that was given up before its turn ended is not proposed', () => {
  const a = track();
  path.add(a.write);
  a.write.done(reply(1));
  expect(path.takeProposals(() => headerAt(0))).toEqual([]);
});

test('of writes within a snapshot nobody can tell; later ones go on', () => {
  const [within, beyond] = [track(), track()];
  path.onProposed(propose(within), 7, 2);
  path.onProposed(propose(beyond), 9, 2);
  path.onRestored(8);
  expect(within.outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
  path.onApplied(9, 2, [reply(1)]);
  expect(beyond.outcome).toEqual(reply(1));
});

test('a proposal that only moves the time on waits for nothing', () => {
  const { ticket, data } = path.proposeUpkeep(headerAt(5_000));
  expect(decodeWriteBatch(data)).toEqual({ ...headerAt(5_000), writes: [] });
  path.onProposed(ticket, 3, 1);
  path.onApplied(3, 1, []);
  expect(path.onNotProposed(ticket, 'no-leader')).toEqual([]);
});
