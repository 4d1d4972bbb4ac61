import { beforeEach, describe, expect, test } from 'vitest';
import { PendingRequest } from '../../../src/actors/data/pending.js';
import { WritePath, type PendingWrite } from '../../../src/actors/data/write-path.js';
import { DcacheError } from '../../../src/base/errors.js';
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

test('many writes are cut into several entries, and a large one into its pieces', () => {
  const third = Math.floor(LIMITS.maxAppendBytes / 3);
  const sizes = [third, third, third, 2 * LIMITS.maxAppendBytes, 1];
  for (const size of sizes) path.add(track(size).write);
  const batches = path.takeProposals(() => headerAt(0)).map(({ data }) => decodeWriteBatch(data).writes.length);
  expect(batches).toEqual([2, 2, ...Array<number>((2 * LIMITS.maxAppendBytes) / LIMITS.valuePieceBytes).fill(1)]);
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

describe('a large value', () => {
  const LARGE = 11;
  let large: Tracked;
  let nextIndex: number;

  beforeEach(() => {
    path = new WritePath({ largeValueBytes: 10, pieceBytes: 4, maxUnderWayBytes: 8 });
    large = track(LARGE);
    path.add(large.write);
    nextIndex = 1;
  });

  const taken = (): { readonly ticket: number; readonly text: string }[] =>
    path
      .takeProposals(() => headerAt(0))
      .map(({ ticket, data }) => {
        const texts = decodeWriteBatch(data).writes.map((write) => {
          if (write.type === 'piece') return `piece ${write.upload} ${write.at}..${write.at + write.bytes.length}`;
          return 'upload' in write ? `${write.type} ${write.upload}` : write.type;
        });
        return { ticket, text: texts.join(', ') };
      });

  /** Each is applied where it was proposed, and the store takes it. */
  const applyAll = (proposals: readonly { readonly ticket: number }[]): void => {
    for (const { ticket } of proposals) {
      const index = nextIndex++;
      path.onProposed(ticket, index, 2);
      path.onApplied(index, 2, [undefined]);
    }
  };
  const texts = (proposals: readonly { readonly text: string }[]): string[] => proposals.map(({ text }) => text);

  test('is proposed as far as may be under way, and finished when all its pieces are there', () => {
    const first = taken();
    expect(texts(first)).toEqual(['piece 1 0..4', 'piece 1 4..8']);
    expect(taken()).toEqual([]);
    applyAll(first);
    const last = taken();
    expect(texts(last)).toEqual(['piece 1 8..11']);
    expect(large.write.exposed).toBe(false);
    applyAll(last);
    const [finish, ...others] = taken();
    expect([finish?.text, others]).toEqual(['finish 1', []]);
    expect(large.write.exposed).toBe(true);
    path.onProposed(finish?.ticket ?? 0, 9, 2);
    path.onApplied(9, 2, [reply(LARGE)]);
    expect(large.outcome).toEqual(reply(LARGE));
    expect(path.hasUploads).toBe(false);
  });

  test('does not hold up small writes, and lets the next large one follow', () => {
    const small = track(1);
    const next = track(LARGE);
    path.add(small.write);
    path.add(next.write);
    expect(texts(taken())).toEqual(['append', 'piece 1 0..4', 'piece 1 4..8']);
  });

  test('goes on from the piece that the log did not take, while others wait to be replicated', () => {
    const [first, second] = taken();
    path.onProposed(first?.ticket ?? 0, nextIndex, 2);
    path.onNotProposed(second?.ticket ?? 0, 'uncommitted-limit');
    path.onApplied(nextIndex++, 2, [undefined]);
    expect(texts(taken())).toEqual(['piece 1 4..8', 'piece 1 8..11']);
    expect(large.outcome).toBeUndefined();
  });

  test('is finished again when the log did not take the end of it', () => {
    applyAll(taken());
    applyAll(taken());
    const [finish] = taken();
    expect(path.onNotProposed(finish?.ticket ?? 0, 'uncommitted-limit')).toEqual([]);
    expect(large.write.exposed).toBe(false);
    expect(texts(taken())).toEqual(['finish 1']);
  });

  test('is routed anew, and dropped here, when this node gives leadership away', () => {
    const [first] = taken();
    expect(path.onNotProposed(first?.ticket ?? 0, 'transfer-in-progress')).toEqual([large.write]);
    expect(texts(taken())).toEqual(['drop 1']);
    path.add(large.write);
    expect(texts(taken())).toEqual(['piece 2 0..4', 'piece 2 4..8']);
    expect(path.takeQueue()).toEqual([large.write]);
    expect(path.hasUploads).toBe(false);
  });

  test('is definitely not done, and dropped, when a piece of it was overwritten, refused, or its time has run out', () => {
    const [first] = taken();
    path.onProposed(first?.ticket ?? 0, 5, 2);
    path.onApplied(5, 3, []);
    expect(large.outcome).toMatchObject({ code: 'NO_LEADER', outcome: 'not-done' });
    expect(texts(taken())).toEqual(['drop 1']);

    const refused = track(LARGE);
    path.add(refused.write);
    const [piece] = taken();
    path.onProposed(piece?.ticket ?? 0, 6, 3);
    path.onApplied(6, 3, [{ type: 'rejected', code: 'STORE_FULL', message: 'no room' }]);
    expect(refused.outcome).toMatchObject({ code: 'STORE_FULL', outcome: 'not-done' });
    expect(texts(taken())).toEqual(['drop 2']);

    const late = track(LARGE);
    path.add(late.write);
    taken();
    late.write.failed(new DcacheError('NO_LEADER', 'no answer in time'));
    const [drop] = taken();
    expect(drop?.text).toBe('drop 3');
    path.onNotProposed(drop?.ticket ?? 0, 'uncommitted-limit');
    expect(texts(taken())).toEqual(['drop 3']);
  });
});
