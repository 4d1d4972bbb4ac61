/** Data links over real sockets: what arrives, in which order and frames, and what the handler is told. */
import { afterEach, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.js';
import type { DataMessage } from '../../../src/replication/messages.js';
import { freePorts } from '../../support/free-ports.js';
import { waitFor } from '../../support/wait-for.js';
import { append, closeAll, FAST, LinkPeer, linkSelf, nodeId } from './link-peer.js';

afterEach(closeAll);

/** Does not connect again by itself as long as a test runs. */
const PATIENT = { ...FAST, firstPauseMs: 600_000, longestPauseMs: 600_000 };

function failedAttempts({ logger }: LinkPeer): number {
  return logger.records.filter(({ message }) => message === 'data link cannot be made').length;
}

async function linkedPair(): Promise<{ a: LinkPeer; b: LinkPeer }> {
  const a = await LinkPeer.open(linkSelf('n1', 11));
  const b = await LinkPeer.open(linkSelf('n2', 22));
  a.links.setPeers([b.address]);
  await waitFor('n1 is connected to n2', () => a.links.connectedTo(b.self.nodeId) !== undefined);
  return { a, b };
}

test('a connection is told at both ends, each of which learns the process life of the other', async () => {
  const { a, b } = await linkedPair();
  expect(a.links.connectedTo(b.self.nodeId)).toBe(22);
  expect(a.events).toEqual(['connected n2/22']);
  expect(b.events).toEqual(['incoming n1/11']);
  expect(b.links.connectedTo(a.self.nodeId)).toBeUndefined();
});

test('messages arrive once and in order', async () => {
  const { a, b } = await linkedPair();
  for (let index = 1; index <= 1_000; index++) {
    a.links.send(b.self.nodeId, append(index));
    if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await waitFor('all have arrived', () => b.received.length >= 1_000);
  expect(b.indexes).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
  expect(b.received[499]).toEqual(append(500));
});

test('all messages of a turn travel in one frame and arrive together', async () => {
  const { a, b } = await linkedPair();
  for (let index = 1; index <= 100; index++) a.links.send(b.self.nodeId, append(index));
  await waitFor('all have arrived', () => b.received.length === 100);
  expect(b.batches.map((batch) => batch.length)).toEqual([100]);
});

test('messages above the size of a frame have frames of their own', async () => {
  const { a, b } = await linkedPair();
  const large = Array.from({ length: 5 }, (_, i) =>
    append(i + 1, new Uint8Array(LIMITS.maxDataFrameBytes + 5_000_000).fill(i)),
  );
  for (const message of large) a.links.send(b.self.nodeId, message);
  await waitFor('all have arrived', () => b.received.length === large.length);
  const equal = b.received.map((message: DataMessage, i) => {
    const sent = large[i]?.entries[0]?.bytes ?? new Uint8Array(0);
    return message.type === 'append' && Buffer.from(message.entries[0]?.bytes ?? []).equals(sent);
  });
  expect(equal).toEqual(large.map(() => true));
});

test('both directions between two nodes are connections of their own', async () => {
  const { a, b } = await linkedPair();
  b.links.setPeers([a.address]);
  await waitFor('n2 is connected to n1', () => b.links.connectedTo(a.self.nodeId) === 11);
  a.links.send(b.self.nodeId, append(1));
  b.links.send(a.self.nodeId, append(2));
  await waitFor('both have arrived', () => a.received.length + b.received.length === 2);
  expect([a.indexes, b.indexes]).toEqual([[2], [1]]);
});

test('a peer that restarts is connected to again under its new incarnation', async () => {
  const { a, b } = await linkedPair();
  const { nodeId: id, dataAddress } = b.address;
  await b.links.close();
  await waitFor('the loss is noticed', () => a.events.includes('disconnected n2/22'));
  expect(a.links.connectedTo(id)).toBeUndefined();
  a.links.send(id, append(1));
  const reborn = await LinkPeer.open(linkSelf('n2', 23), FAST, dataAddress);
  await waitFor('n1 is connected again', () => a.links.connectedTo(id) === 23);
  a.links.send(id, append(2));
  await waitFor('the message has arrived', () => reborn.received.length > 0);
  expect(a.events).toEqual(['connected n2/22', 'disconnected n2/22', 'connected n2/23']);
  expect(reborn.indexes).toEqual([2]);
});

test('a peer that connects is connected to at once, however long the pause would be', async () => {
  const [port = 0] = await freePorts(1);
  const a = await LinkPeer.open(linkSelf('n1', 11), PATIENT);
  const address = `127.0.0.1:${port}`;
  a.links.setPeers([{ nodeId: nodeId('n2'), dataAddress: address }]);
  await waitFor('the attempt has failed', () => failedAttempts(a) === 1);
  const b = await LinkPeer.open(linkSelf('n2', 22), FAST, address);
  b.links.setPeers([a.address]);
  await waitFor('n1 is connected to n2', () => a.links.connectedTo(b.self.nodeId) === 22);
});

test('a pause is cut short once for a life of a peer, so that ends that fail do not drive each other on', async () => {
  const [dead = 0] = await freePorts(1);
  const a = await LinkPeer.open(linkSelf('n1', 11), PATIENT);
  a.links.setPeers([{ nodeId: nodeId('n2'), dataAddress: `127.0.0.1:${dead}` }]);
  await waitFor('the first attempt has failed', () => failedAttempts(a) === 1);
  const greet = async (life: number): Promise<void> => {
    const before = a.events.length;
    const b = await LinkPeer.open(linkSelf('n2', life));
    b.links.setPeers([a.address]);
    await waitFor('n2 has greeted', () => a.events.length > before);
    await b.links.close();
    await waitFor('n2 is gone', () => a.events.length > before + 1);
  };
  await greet(22);
  await waitFor('n2 was tried at once', () => failedAttempts(a) === 2);
  await greet(22);
  await greet(23);
  await waitFor('its next life was tried at once', () => failedAttempts(a) === 3);
});

test('a peer that loses its connection is told of as incoming, and again when it is back', async () => {
  const { a, b } = await linkedPair();
  await a.links.close();
  await waitFor('the loss is noticed', () => b.events.length === 2);
  const reborn = await LinkPeer.open(linkSelf('n1', 12));
  reborn.links.setPeers([b.address]);
  await waitFor('the new life is there', () => b.events.length === 3);
  expect(b.events).toEqual(['incoming n1/11', 'incoming n1/11', 'incoming n1/12']);
});

test('a second connection of a node takes the place of the first', async () => {
  const { a, b } = await linkedPair();
  const twin = await LinkPeer.open(linkSelf('n1', 12));
  a.links.send(b.self.nodeId, append(1));
  await waitFor('the message has arrived', () => b.received.length === 1);
  twin.links.setPeers([b.address]);
  await waitFor('the first is gone', () => a.events.includes('disconnected n2/22'));
  a.links.setPeers([]);
  expect(b.events.slice(0, 4)).toEqual(['incoming n1/11', 'messages n1/11', 'incoming n1/11', 'incoming n1/12']);
});

test('a peer that is not wanted any more is disconnected, others are not', async () => {
  const { a, b } = await linkedPair();
  const c = await LinkPeer.open(linkSelf('n3', 33));
  a.links.setPeers([b.address, c.address]);
  await waitFor('n3 is connected', () => a.links.connectedTo(c.self.nodeId) === 33);
  a.links.setPeers([c.address]);
  expect(a.links.connectedTo(b.self.nodeId)).toBeUndefined();
  await waitFor('the end is told', () => a.events.includes('disconnected n2/22'));
  expect(a.events).toEqual(['connected n2/22', 'connected n3/33', 'disconnected n2/22']);
});

test('a peer under a new address is connected to there', async () => {
  const { a, b } = await linkedPair();
  const moved = await LinkPeer.open(linkSelf('n2', 23));
  a.links.setPeers([moved.address]);
  await waitFor('n1 is connected', () => a.links.connectedTo(b.self.nodeId) === 23);
  expect(a.events).toEqual(['connected n2/22', 'disconnected n2/22', 'connected n2/23']);
});

test('what is sent without a connection is dropped', async () => {
  const { a, b } = await linkedPair();
  const stranger = nodeId('n9');
  a.links.send(stranger, append(1));
  expect(a.links.backlogBytes(stranger)).toBe(0);
  b.links.setPeers([a.address]);
  b.links.send(a.self.nodeId, append(1));
  await waitFor('n2 is connected to n1', () => b.links.connectedTo(a.self.nodeId) !== undefined);
  b.links.send(a.self.nodeId, append(2));
  await waitFor('a message has arrived', () => a.received.length > 0);
  expect(a.indexes).toEqual([2]);
});

test('traffic is counted at both ends', async () => {
  const { a, b } = await linkedPair();
  for (let index = 1; index <= 10; index++) a.links.send(b.self.nodeId, append(index, new Uint8Array(1_000)));
  await waitFor('all have arrived', () => b.received.length === 10);
  const count = (peer: LinkPeer, direction: string): number[] =>
    (['dataLinkMessages', 'dataLinkBytes'] as const).map(
      (metric) =>
        peer.metrics.countersOf(metric).find(({ labels }) => labels['direction'] === direction)?.value.total ?? 0,
    );
  expect(count(a, 'sent')[0]).toBe(10);
  expect(count(b, 'received')[0]).toBe(10);
  expect(count(b, 'received')[1]).toBeGreaterThan(10_000);
});

test('after close the handler hears nothing, and the port is free', async () => {
  const { a, b } = await linkedPair();
  const { port } = b.links;
  const { address } = b;
  a.links.send(b.self.nodeId, append(1));
  await Promise.all([a.links.close(), b.links.close()]);
  a.links.setPeers([address]);
  a.links.send(b.self.nodeId, append(2));
  expect(a.events).toEqual(['connected n2/22']);
  expect(b.events).toEqual(['incoming n1/11']);
  const next = await LinkPeer.open(linkSelf('n2'), FAST, `127.0.0.1:${port}`);
  expect(next.links.port).toBe(port);
});

test('a port that is taken, or no address, is an error that says what to do', async () => {
  const [port = 0] = await freePorts(1);
  const listen = `127.0.0.1:${port}`;
  await LinkPeer.open(linkSelf('n1'), FAST, listen);
  await expect(LinkPeer.open(linkSelf('n2'), FAST, listen)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  await expect(LinkPeer.open(linkSelf('n2'), FAST, 'nowhere')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
