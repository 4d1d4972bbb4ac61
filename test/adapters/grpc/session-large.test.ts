/** Large values on a session between the real client's end and the real server's: in pieces, both ways, and past small requests. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ByteBudget } from '../../../src/adapters/grpc/byte-budget.js';
import { SessionClient } from '../../../src/adapters/grpc/session-client.js';
import { SessionUploads, LargeValueBudgets, type WholeUpload } from '../../../src/adapters/grpc/session-uploads.js';
import { DcacheError } from '../../../src/base/errors.js';
import { LIMITS } from '../../../src/base/limits.js';
import { ALWAYS, FOREVER, type KvReply, type KvRequest } from '../../../src/store/requests.js';
import { FakeNode, mapAnswers } from '../../support/fake-node.js';
import { waitFor } from '../../support/wait-for.js';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 20_000;
const key = (text: string): Uint8Array => Buffer.from(text);

function patterned(bytes: number, seed: number): Uint8Array {
  const value = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) value[i] = (i * 31 + seed + (i >>> 12)) & 0xff;
  return value;
}

const set = (name: string, value: Uint8Array): KvRequest & { type: 'set' } => ({
  type: 'set',
  key: key(name),
  value,
  lifetime: FOREVER,
  condition: ALWAYS,
  returnOld: false,
});

let node: FakeNode;
let client: SessionClient;
const ask = (request: KvRequest, signal?: AbortSignal): Promise<KvReply> =>
  client.execute(request, TIMEOUT_MS, false, signal);

beforeEach(async () => {
  node = await FakeNode.start(mapAnswers());
  client = new SessionClient(node.address);
});

afterEach(async () => {
  client.close();
  await node.kill();
});

test.each([-1, 0, 1, LIMITS.valuePieceBytes, LIMITS.valuePieceBytes + 1])(
  'a value of the largest size that travels whole and %i bytes more comes back as it went',
  async (more) => {
    const value = patterned(LIMITS.largeValueBytes + more, more);
    await ask(set('k', value));
    const reply = await ask({ type: 'get', key: key('k') });
    expect(reply.type === 'get' && reply.value !== null && Buffer.compare(reply.value, value)).toBe(0);
  },
);

test('several at a time do not mix, whatever their lengths', async () => {
  const values = [5 * MIB + 7, 2 * MIB, 3 * MIB - 1].map((bytes, seed) => patterned(bytes, seed));
  await Promise.all(values.map((value, i) => ask(set(`k${i}`, value))));
  const replies = await Promise.all(values.map((_, i) => ask({ type: 'get', key: key(`k${i}`) })));
  replies.forEach((reply, i) => {
    expect(reply.type === 'get' && reply.value !== null && Buffer.compare(reply.value, values[i] ?? key(''))).toBe(0);
  });
});

test('the old value of a set and the only entry of a page come in pieces as well', async () => {
  const value = patterned(3 * MIB, 5);
  const entry = { key: key('k'), value, version: 4, ttlMs: null };
  node.answer = (request) =>
    request.type === 'scan'
      ? { type: 'scan', entries: [entry], cursor: key('next') }
      : { type: 'set', applied: true, version: 2, old: value };
  const reply = await ask({ ...set('k', key('small')), returnOld: true });
  expect(reply.type === 'set' && reply.old !== null && Buffer.compare(reply.old, value)).toBe(0);
  const page = await ask({ type: 'scan', prefix: key(''), cursor: key(''), limit: 10, withValues: true });
  const [{ value: found, ...rest } = entry] = page.type === 'scan' ? page.entries : [];
  expect({ ...rest, key: Buffer.from(rest.key) }).toEqual({ key: key('k'), version: 4, ttlMs: null });
  expect(Buffer.compare(found, value)).toBe(0);
  expect(page).toMatchObject({ cursor: Buffer.from('next') });
});

test('a small request is answered while a large value is on its way, in either direction', async () => {
  const value = Buffer.alloc(LIMITS.maxValueBytes, 1);
  const order: string[] = [];
  const up = ask(set('k', value)).then(() => order.push('up'));
  await ask({ type: 'count' }).then(() => order.push('count'));
  await up;
  const down = ask({ type: 'get', key: key('k') }).then(() => order.push('down'));
  await ask({ type: 'count' }).then(() => order.push('count'));
  await down;
  expect(order).toEqual(['count', 'up', 'count', 'down']);
});

describe('a request that is given up half-way', () => {
  test('up: is definitely not done, and its memory is free for others', async () => {
    const limit = LIMITS.maxLargeBytesPerSession;
    const given = new AbortController();
    const first = ask(set('first', Buffer.alloc(limit, 1)), given.signal);
    const second = ask(set('second', Buffer.alloc(limit, 2)));
    await ask({ type: 'count' });
    given.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED', outcome: 'not-done' });
    await second;
    expect(node.received.filter(({ type }) => type === 'set')).toHaveLength(1);
  });

  test('down: the node lets go of the value', async () => {
    let released = 0;
    const value = {
      parts: [Buffer.alloc(8 * MIB, 1), Buffer.alloc(8 * MIB, 2)],
      bytes: 16 * MIB,
      release: () => released++,
    };
    node.answer = () => ({ type: 'pinned', value, version: 1 });
    const given = new AbortController();
    const get = ask({ type: 'get', key: key('k') }, given.signal);
    await waitFor('the node has answered', () => node.received.length === 1);
    given.abort();
    await expect(get).rejects.toBeInstanceOf(DcacheError);
    await waitFor('the value is released', () => released > 0);
    expect(await ask({ type: 'get', key: key('k') })).toMatchObject({ type: 'get', version: 1 });
    await waitFor('the other is released', () => released > 1);
  });

  test('because the client dies: nothing of it is done', async () => {
    const dying = new SessionClient(node.address);
    const lost = dying.execute(set('k', Buffer.alloc(LIMITS.maxValueBytes, 1)), TIMEOUT_MS, false);
    await dying.execute({ type: 'count' }, TIMEOUT_MS, false);
    dying.close();
    await expect(lost).rejects.toMatchObject({ code: 'UNREACHABLE', outcome: 'not-done' });
    await waitFor('the node has noticed', () => node.sessions === 0);
    expect(node.received.map(({ type }) => type)).toEqual(['count']);
  });

  test('because the node dies: the write is definitely not done', async () => {
    const lost = ask(set('k', Buffer.alloc(LIMITS.maxValueBytes, 1)));
    const refused = expect(lost).rejects.toMatchObject({ outcome: 'not-done' });
    await ask({ type: 'count' });
    await node.kill();
    await refused;
  });
});

test('a node that forwards takes large replies as far as its budget goes', async () => {
  const budget = new ByteBudget(4 * MIB);
  const forwarder = new SessionClient(node.address, () => undefined, budget);
  const value = patterned(3 * MIB, 1);
  await ask(set('k', value));
  const get = (): Promise<KvReply> => forwarder.execute({ type: 'get', key: key('k'), pin: true }, TIMEOUT_MS, true);
  const first = await get();
  expect(first.type === 'pinned' && Buffer.compare(Buffer.concat(first.value.parts), value)).toBe(0);
  let isThere = false;
  const second = get().then((reply) => {
    isThere = true;
    return reply;
  });
  await forwarder.execute({ type: 'count' }, TIMEOUT_MS, true);
  expect([isThere, budget.usedBytes]).toEqual([false, 3 * MIB]);
  if (first.type === 'pinned') first.value.release();
  const reply = await second;
  expect(budget.usedBytes).toBe(3 * MIB);
  if (reply.type === 'pinned') reply.value.release();
  expect(budget.usedBytes).toBe(0);
  forwarder.close();
});

describe('the budgets of a node', () => {
  const refusals: DcacheError[] = [];
  const granted: number[] = [];
  const whole: WholeUpload[] = [];
  const newUploads = (budgets: LargeValueBudgets): SessionUploads =>
    new SessionUploads({
      budgets,
      onGrant: (id) => granted.push(id),
      onWhole: (upload) => whole.push(upload),
      onRefused: (_, error) => refusals.push(error),
    });
  const empty = set('k', new Uint8Array());

  beforeEach(() => [refusals, granted, whole].forEach((list) => list.splice(0)));

  test('a value for which there is no memory in time is refused with OVERLOADED, and nothing is done', async () => {
    const budgets = new LargeValueBudgets();
    const others = [newUploads(budgets), newUploads(budgets)];
    others.forEach((uploads, i) => uploads.announce(i, empty, LIMITS.maxValueBytes, TIMEOUT_MS, false));
    const uploads = newUploads(budgets);
    uploads.announce(9, empty, 2 * MIB, 30, false);
    uploads.announce(10, empty, 2 * MIB, TIMEOUT_MS, true); // from a node: another budget
    expect(granted).toEqual([0, 1, 10]);
    await waitFor('it is refused', () => refusals.length === 1);
    expect(refusals[0]).toMatchObject({ code: 'OVERLOADED', outcome: 'not-done' });
    others[0]?.dropAll();
    uploads.announce(11, empty, 2 * MIB, TIMEOUT_MS, false);
    expect(granted).toEqual([0, 1, 10, 11]);
    for (const each of [...others, uploads]) each.dropAll();
    expect([budgets.fromClients.usedBytes, budgets.fromNodes.usedBytes]).toEqual([0, 0]);
  });

  test('are used until the request with the value is over', () => {
    const budgets = new LargeValueBudgets();
    const uploads = newUploads(budgets);
    uploads.announce(1, empty, 5, TIMEOUT_MS, false);
    uploads.onPiece(1, key('he'));
    uploads.onPiece(1, key('llo'));
    expect(whole.map(({ request }) => request)).toEqual([set('k', new Uint8Array(key('hello')))]);
    expect(budgets.fromClients.usedBytes).toBe(5);
    whole[0]?.release();
    expect(budgets.fromClients.usedBytes).toBe(0);
  });
});
