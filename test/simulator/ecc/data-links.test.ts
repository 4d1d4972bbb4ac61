import { describe, expect, test } from 'vitest';
import type { Incarnation, NodeId } from '../../../src/base/ids.js';
import { Prng } from '../../../src/base/prng.js';
import type { GroupMember } from '../../../src/cluster/cluster-map.js';
import type { DataMessage } from '../../../src/replication/messages.js';
import { FaultCounts } from '../fault-counts.js';
import { Network } from '../network.js';
import { drawParameters } from '../scenario/parameters.js';
import { SimThread } from '../thread.js';
import { VirtualTime } from '../virtual-time.js';
import { SimDataLinks } from './data-links.js';
import { DataNet } from './data-net.js';

const A = 'n1' as NodeId;
const B = 'n2' as NodeId;
const ADDRESSES = new Map([
  ['a:1', A],
  ['b:1', B],
]);

function twoNodes() {
  const time = new VirtualTime();
  const network = new Network(time, new Prng(1), drawParameters(1, 'ecc').network, new FaultCounts());
  const failures: string[] = [];
  const net = new DataNet({
    time,
    network,
    prng: new Prng(2),
    parameters: { minDelayMs: 1, maxDelayMs: 20, minBreakMs: 500, maxBreakMs: 600, socketBytes: 10 },
    hosts: ADDRESSES,
    fail: (invariant) => failures.push(invariant),
  });
  const node = (host: NodeId, incarnation: number) => {
    const thread = new SimThread(time, { clockRate: 1, onDefect: (error) => failures.push(String(error)) });
    const told: string[] = [];
    const stripes: number[] = [];
    const tell =
      (what: string) =>
      ({ nodeId, incarnation: life }: GroupMember): void =>
        void told.push(`${what} ${nodeId}/${life}`);
    const links = new SimDataLinks({
      net,
      host,
      thread,
      self: { nodeId: host, incarnation: incarnation as Incarnation },
      prng: new Prng(3),
      handler: {
        onMessages: (_from, messages) => {
          for (const message of messages) if (message.type === 'shard-request') stripes.push(message.stripe);
        },
        onConnected: tell('connected'),
        onDisconnected: tell('disconnected'),
        onIncoming: tell('incoming'),
      },
      onDelivery: () => undefined,
    });
    return { thread, links, told, stripes };
  };
  const runFor = async (ms: number): Promise<void> => {
    const endMs = time.nowMs + ms;
    while (time.nextMs <= endMs) {
      time.step();
      await Promise.resolve();
    }
    time.at(endMs, () => undefined);
    time.step();
  };
  const a = node(A, 11);
  const b = node(B, 22);
  a.links.setPeers([{ nodeId: B, dataAddress: 'b:1' }]);
  return { a, b, net, time, failures, runFor };
}

function request(stripe: number): DataMessage {
  return { type: 'shard-request', group: 0, requestId: 1, stripe };
}

describe('a simulated data link', () => {
  test('greets: both ends learn which process life is at the other', async () => {
    const { a, b, runFor } = twoNodes();
    await runFor(100);
    expect(a.told).toEqual(['connected n2/22']);
    expect(b.told).toEqual(['incoming n1/11']);
    expect(a.links.connectedTo(B)).toBe(22);
  });

  test('brings messages in order and once', async () => {
    const { a, b, runFor } = twoNodes();
    await runFor(100);
    for (let stripe = 0; stripe < 50; stripe++) {
      a.links.send(B, request(stripe));
      await runFor(1);
    }
    await runFor(100);
    expect(b.stripes).toEqual(Array.from({ length: 50 }, (_, stripe) => stripe));
  });

  test('holds messages back while a cut is short', async () => {
    const { a, b, net, runFor } = twoNodes();
    await runFor(100);
    net.cut(A, B);
    a.links.send(B, request(7));
    await runFor(200);
    expect(b.stripes).toEqual([]);
    expect(a.links.backlogBytes(B)).toBe(0); // the socket has taken what little there is
    net.mend(A, B);
    await runFor(100);
    expect(b.stripes).toEqual([7]);
    expect(a.told).toEqual(['connected n2/22']);
  });

  test('breaks when a cut lasts: both ends notice, what was under way is lost, and it is made anew', async () => {
    const { a, b, net, runFor } = twoNodes();
    await runFor(100);
    net.cut(B, A);
    net.cut(A, B);
    a.links.send(B, request(7));
    await runFor(2_000);
    expect(a.told).toEqual(['connected n2/22', 'disconnected n2/22']);
    expect(b.told).toEqual(['incoming n1/11', 'incoming n1/11']);
    net.heal();
    await runFor(4_000);
    expect(a.told.at(-1)).toBe('connected n2/22');
    expect(b.stripes).toEqual([]);
  });

  test('leaves what has come to a paused process in its sockets', async () => {
    const { a, b, runFor } = twoNodes();
    await runFor(100);
    b.thread.pause();
    for (const stripe of [1, 2, 3]) a.links.send(B, request(stripe));
    await runFor(1_000);
    expect(b.stripes).toEqual([]);
    expect(a.links.backlogBytes(B)).toBeGreaterThan(0);
    b.thread.resume();
    await runFor(100);
    expect(b.stripes).toEqual([1, 2, 3]);
    expect(a.links.backlogBytes(B)).toBe(0);
  });

  test('ends with the process at the other end', async () => {
    const { a, b, failures, runFor } = twoNodes();
    await runFor(100);
    b.thread.end();
    await runFor(1_000);
    expect(a.told).toEqual(['connected n2/22', 'disconnected n2/22']);
    expect(a.links.connectedTo(B)).toBeUndefined();
    expect(failures).toEqual([]);
  });
});
