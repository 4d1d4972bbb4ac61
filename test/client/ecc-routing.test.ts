/** ecc mode: which node the client sends a request to, when every node leads a part of the slots. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import { DcacheClient } from '../../src/client/client.js';
import { partitionOfSlot, slotOf } from '../../src/cluster/slots.js';
import { FakeNode, mapAnswers } from '../support/fake-node.js';
import { eccTopology } from '../support/topology.js';
import { waitFor } from '../support/wait-for.js';

const K = 2;
const KEYS = Array.from({ length: 24 }, (_, i) => `key ${i}`);

let nodes: FakeNode[];
let client: DcacheClient;
let mapIndex: number;

/** Three nodes with one content; group g has its two partitions on nodes g and g + 1. The client knows the first node only. */
beforeEach(async () => {
  const answers = mapAnswers();
  nodes = await Promise.all([1, 2, 3].map(() => FakeNode.start(answers)));
  mapIndex = 1;
  tell(nodes, primaries());
  client = await connected();
  await client.mget(KEYS);
  await waitFor('all are connected', () => nodes.every(({ sessions }) => sessions === 1));
  for (const node of nodes) node.received.length = 0;
});

/** A client that has heard who leads what. */
async function connected(): Promise<DcacheClient> {
  const made = new DcacheClient({ endpoints: [nodes[0]?.address ?? ''] });
  await made.count();
  return made;
}

afterEach(async () => {
  await client.close();
  for (const node of nodes) await node.kill();
});

/** The address of each partition's primary. @param stand takes the place of a node, by index */
function primaries(stand: Readonly<Record<number, number>> = {}): string[] {
  const holders = [0, 1, 1, 2, 2, 0];
  return holders.map((holder) => nodes[stand[holder] ?? holder]?.address ?? '');
}

function tell(listeners: readonly FakeNode[], addresses: readonly string[]): void {
  const all = nodes.map(({ address }) => address);
  for (const node of listeners) node.setTopology(eccTopology(all, K, addresses, mapIndex));
}

function primaryOf(key: string, addresses = primaries()): string {
  const { group, position } = partitionOfSlot(slotOf(new TextEncoder().encode(key)), 3, K);
  return addresses[group * K + position] ?? '';
}

const keysOf = ({ received }: FakeNode): string[] =>
  received.flatMap((request) => ('key' in request ? [new TextDecoder().decode(request.key)] : []));

test('a request about a key goes straight to the primary of its slot', async () => {
  await client.mset(KEYS.map((key) => [key, 'value']));
  for (const node of nodes) expect(keysOf(node)).toEqual(KEYS.filter((key) => primaryOf(key) === node.address));
  expect(await client.mget(KEYS)).toEqual(KEYS.map(() => 'value'));
  expect(nodes.every((node) => keysOf(node).length > 0)).toBe(true);
});

test('what is not about one key goes to the node in use', async () => {
  await client.mget(KEYS);
  await client.count();
  const counts = nodes.map(({ received }) => received.filter(({ type }) => type === 'count').length);
  expect(counts).toEqual([1, 0, 0]);
});

test('a primary is connected to while the node in use takes the first requests to it', async () => {
  const [first, second] = nodes as [FakeNode, FakeNode];
  const [key = ''] = KEYS.filter((other) => primaryOf(other) === second.address);
  const newcomer = await connected();
  await newcomer.set(key, '1');
  expect([keysOf(first), keysOf(second)]).toEqual([[key], []]);
  await waitFor('the primary is connected', () => second.sessions === 2);
  await newcomer.set(key, '2');
  await newcomer.close();
  expect(keysOf(second)).toEqual([key]);
});

test('a primary that is gone is stood in for by a node that forwards', async () => {
  await client.mget(KEYS);
  await nodes[1]?.kill();
  await client.mset(KEYS.map((key) => [key, 'value']));
  const [first] = nodes as [FakeNode];
  const lost = KEYS.filter((key) => primaryOf(key) === nodes[1]?.address);
  expect(keysOf(first)).toEqual(expect.arrayContaining(lost));
});

test('a new map is followed as soon as a node tells it', async () => {
  await client.mget(KEYS);
  mapIndex = 2;
  const acting = primaries({ 1: 2 });
  tell(nodes, acting);
  await waitFor('the old primary is left', () => nodes[1]?.sessions === 0);
  for (const node of nodes) node.received.length = 0;
  await client.mget(KEYS);
  for (const node of nodes) expect(keysOf(node)).toEqual(KEYS.filter((key) => primaryOf(key, acting) === node.address));
});

test('a node that says it is not the primary is not asked about its slots again', async () => {
  const [, second] = nodes as [FakeNode, FakeNode];
  second.answer = () => Promise.reject(new DcacheError('WRONG_NODE', 'this node is not the primary of that slot'));
  await client.mset(KEYS.map((key) => [key, 'value']));
  const refused = second.received.length;
  expect(refused).toBeGreaterThan(0);
  expect(await client.mget(KEYS)).toEqual(KEYS.map(() => 'value'));
  expect(second.received).toHaveLength(refused);
});

test('before the groups are created everything goes to one node', async () => {
  const alone = await FakeNode.start(mapAnswers());
  alone.setTopology(eccTopology([alone.address, ...nodes.map(({ address }) => address)], 0, [], 0));
  const early = new DcacheClient({ endpoints: [alone.address] });
  await early.mset(KEYS.map((key) => [key, 'value']));
  expect(alone.received).toHaveLength(KEYS.length);
  await early.close();
  await alone.kill();
});
