/** Which node the client talks to, and how requests travel. */
import { afterEach, expect, test } from 'vitest';
import { DcacheClient } from '../../src/client/client.js';
import { FakeNode, mapAnswers } from '../support/fake-node.js';
import { raftTopology } from '../support/topology.js';
import { waitFor } from '../support/wait-for.js';

const nodes: FakeNode[] = [];
const clients: DcacheClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const node of nodes.splice(0)) await node.kill();
});

/** Nodes with one content; the one at `leader` leads. */
async function cluster(count: number, leader: number): Promise<FakeNode[]> {
  const answers = mapAnswers();
  const started = await Promise.all(Array.from({ length: count }, () => FakeNode.start(answers)));
  nodes.push(...started);
  elect(started, leader);
  return started;
}

function elect(members: readonly FakeNode[], leader: number): void {
  const topology = raftTopology(
    members.map(({ address }) => address),
    members[leader]?.address ?? '',
  );
  for (const node of members) node.setTopology(topology);
}

function clientOf(...members: (FakeNode | undefined)[]): DcacheClient {
  const client = new DcacheClient({ endpoints: members.map((node) => node?.address ?? '') });
  clients.push(client);
  return client;
}

test('requests go straight to the leader once a node has said who leads', async () => {
  const [n1, n2, n3] = await cluster(3, 2);
  const client = clientOf(n1);
  await client.set('a', '1');
  await waitFor('the client has heard of the leader', () => n3?.sessions === 1 || n1?.sessions === 0);
  await client.set('b', '2');
  expect(await client.get('b')).toBe('2');
  expect(n3?.received.map(({ type }) => type)).toEqual(['set', 'get']);
  expect(n2?.received).toEqual([]);
  await waitFor('the first connection is given up', () => n1?.sessions === 0);
});

test('requests follow the leadership when it moves', async () => {
  const members = await cluster(3, 0);
  const [n1, n2] = members;
  const client = clientOf(n1);
  await client.set('a', '1');
  expect(n1?.received).toHaveLength(1);
  elect(members, 1);
  await waitFor('the client has heard of the new leader', () => n1?.sessions === 0);
  await client.set('b', '2');
  expect(n2?.received).toHaveLength(1);
});

test('a node that was not named stands in when those that were are gone', async () => {
  const members = await cluster(3, 0);
  const [n1, n2] = members;
  const client = clientOf(n1);
  await client.set('a', '1');
  await n1?.kill();
  await client.set('b', '2');
  expect(await client.get('b')).toBe('2');
  expect(n2?.received.length).toBeGreaterThan(0);
});

test('a node that takes a dead one for the leader is not believed', async () => {
  const members = await cluster(3, 0);
  const [n1, n2] = members;
  const client = clientOf(n1, n2);
  await client.set('a', '1');
  await n1?.kill();
  await client.set('b', '2');
  await client.set('c', '3');
  expect(n2?.received).toHaveLength(2);
});

test('requests of one turn arrive in one turn, whatever becomes of each', async () => {
  const [n1] = await cluster(1, 0);
  const client = clientOf(n1);
  await client.count();
  const turns: number[] = [];
  let turn = 0;
  const answers = mapAnswers();
  if (n1 === undefined) throw new Error('there is one node');
  n1.answer = (request, timeoutMs) => {
    setImmediate(() => turn++);
    turns.push(turn);
    return answers(request, timeoutMs);
  };
  await Promise.all(Array.from({ length: 100 }, (_, i) => client.set(`key ${i}`, 'v')));
  expect(turns).toHaveLength(100);
  expect(new Set(turns).size).toBe(1);
});
