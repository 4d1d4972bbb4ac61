import { beforeEach, expect, test } from 'vitest';
import { PendingRequest } from '../../../src/actors/data/pending.js';
import { ReadPath, type PendingRead } from '../../../src/actors/data/read-path.js';

const someRead = (): PendingRead =>
  new PendingRequest({
    request: { type: 'count' },
    forwarded: false,
    timeoutMs: 1,
    deadlineMs: 1,
    resolve: () => undefined,
    reject: () => undefined,
    onSettled: () => undefined,
  });

let path: ReadPath;
let answered: PendingRead[];
beforeEach(() => {
  answered = [];
  path = new ReadPath((read) => answered.push(read));
});

/** Asks for `reads` together; the ticket of the question. */
function ask(nowMs: number, ...reads: PendingRead[]): number {
  for (const read of reads) path.add(read);
  return path.takeQuestion(nowMs) ?? 0;
}

test('all reads of a turn share one question', () => {
  const reads = [someRead(), someRead()];
  const ticket = ask(0, ...reads);
  expect(path.takeQuestion(0)).toBeUndefined();
  path.onReady(ticket, 5, 5);
  expect(answered).toEqual(reads);
});

test('reads wait until this node has applied as far as the leader had committed', () => {
  const read = someRead();
  path.onReady(ask(0, read), 5, 3);
  path.onApplied(4);
  expect(answered).toEqual([]);
  path.onApplied(5);
  expect(answered).toEqual([read]);
});

test('questions that are answered out of turn each wait for their own index', () => {
  const [first, second, third] = [someRead(), someRead(), someRead()];
  const tickets = [first, second, third].map((read) => ask(0, read));
  path.onReady(tickets[2] ?? 0, 9, 0);
  path.onReady(tickets[0] ?? 0, 5, 0);
  path.onReady(tickets[1] ?? 0, 7, 0);
  path.onApplied(7);
  expect(answered).toEqual([first, second]);
  path.onApplied(9);
  expect(answered).toEqual([first, second, third]);
});

test('an answer that comes twice, or to no question, has no effect', () => {
  const ticket = ask(0, someRead());
  path.onReady(ticket, 5, 5);
  path.onReady(ticket, 5, 5);
  path.onReady(999, 5, 5);
  expect(answered).toHaveLength(1);
});

test('a question that is refused gives its reads back', () => {
  const read = someRead();
  expect(path.onRefused(ask(0, read))).toEqual([read]);
  expect(path.onRefused(999)).toEqual([]);
});

test('a question that stays open is given back to be asked again; its late answer has no effect', () => {
  const [older, newer] = [someRead(), someRead()];
  const ticket = ask(100, older);
  ask(200, newer);
  expect(path.takeUnanswered(150)).toEqual([older]);
  path.onReady(ticket, 5, 5);
  expect(answered).toEqual([]);
});

test('a read that was given up is neither asked about nor given back', () => {
  const [early, late] = [someRead(), someRead()];
  path.add(early);
  early.done({ type: 'count', keys: 0 });
  expect(path.takeQuestion(0)).toBeUndefined();
  ask(0, late);
  late.done({ type: 'count', keys: 0 });
  expect(path.takeUnanswered(1_000)).toEqual([]);
});
