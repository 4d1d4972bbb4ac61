/** Connections between nodes on real ports: greetings, streams, refusals, and what happens when they break. */
import { afterEach, expect, test } from 'vitest';
import type { ControlSender, JoinAnswer, PeerAddress, PeerHandler } from '../../../src/actors/control/ports.js';
import type { PeerPauses } from '../../../src/adapters/grpc/peer-link.js';
import { PeerServer } from '../../../src/adapters/grpc/peer-server.js';
import { GrpcPeerTransport } from '../../../src/adapters/grpc/peer-transport.js';
import { MalformedBytes } from '../../../src/base/byte-reader.js';
import { DcacheError } from '../../../src/base/errors.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { Speaker } from '../../../src/cluster/speaker.js';
import type { PeerMessage } from '../../../src/raft/messages.js';
import { speaker } from '../../cluster/some-members.js';
import { waitFor } from '../../support/wait-for.js';

/** A node that only listens and talks. */
class Peer implements PeerHandler {
  readonly transport: GrpcPeerTransport;
  readonly received: PeerMessage[] = [];
  readonly control: { readonly from: ControlSender; readonly bytes: Uint8Array }[] = [];
  readonly refusals: string[] = [];
  readonly unreachable: number[] = [];
  connections = 0;
  /** Why it does not listen to others. */
  refuses: DcacheError | undefined;
  joinAnswer: JoinAnswer = { type: 'ask-leader', controlAddress: undefined };
  readonly joinsToReplace: boolean[] = [];
  private readonly raftId: number;
  private server = this.newServer();

  constructor(raftId: number, pauses?: PeerPauses) {
    this.raftId = raftId;
    this.transport = new GrpcPeerTransport(pauses);
    this.transport.serve(this);
    open.push(this);
  }

  /** Resolves with its address. */
  async listen(address = '127.0.0.1:0'): Promise<PeerAddress> {
    this.server = this.newServer();
    const port = await this.server.listen(address);
    this.server.serve(this);
    return { raftId: this.raftId, nodeId: `n${this.raftId}`, controlAddress: `127.0.0.1:${port}` };
  }

  private newServer(): PeerServer {
    return new PeerServer(NULL_LOGGER, (greeted) => this.transport.onGreeted(greeted));
  }

  stopListening(): Promise<void> {
    return this.server.close();
  }

  async close(): Promise<void> {
    this.transport.close();
    await this.server.close();
  }

  speaker(): Speaker {
    return speaker(`n${this.raftId}`, { raftId: this.raftId, incarnation: this.raftId });
  }

  admitSpeaker(): void {
    if (this.refuses !== undefined) throw this.refuses;
  }

  onPeerMessages(messages: readonly PeerMessage[]): void {
    this.received.push(...messages);
  }

  onControl(from: ControlSender, bytes: Uint8Array): void {
    if (bytes.length === 0) throw new MalformedBytes('nothing in it');
    this.control.push({ from, bytes: Uint8Array.from(bytes) });
  }

  onJoinRequest(_speaker: Speaker, replaces: boolean): Promise<JoinAnswer> {
    this.joinsToReplace.push(replaces);
    return Promise.resolve(this.joinAnswer);
  }

  onSnapshotStream(): Promise<never> {
    return Promise.reject(new DcacheError('INVALID_ARGUMENT', 'nobody sends snapshots here'));
  }

  onPeerConnected(): void {
    this.connections++;
  }

  onPeerUnreachable(raftId: number): void {
    this.unreachable.push(raftId);
  }

  onRefusedByPeer(nodeId: string, message: string): void {
    this.refusals.push(`${nodeId}: ${message}`);
  }
}

const open: Peer[] = [];
afterEach(() => Promise.all(open.splice(0).map((peer) => peer.close())));

const heartbeat = (readCounter: number): PeerMessage => ({
  type: 'heartbeat',
  to: 2,
  from: 1,
  term: 1,
  commit: 0,
  readCounter,
});
const append = (data: Uint8Array): PeerMessage => {
  const entries = [{ term: 1, index: 1, type: 'normal', data }] as const;
  return { type: 'append', to: 2, from: 1, term: 1, prevIndex: 0, prevTerm: 0, commit: 0, entries };
};
const connected = (peer: Peer): Promise<void> =>
  waitFor('the connection stands', () => peer.transport.connected().has(2));

async function connectedPair(): Promise<{ one: Peer; two: Peer; address: PeerAddress }> {
  const [one, two] = [new Peer(1), new Peer(2)];
  const address = await two.listen();
  one.transport.setPeers([address]);
  await connected(one);
  return { one, two, address };
}

test('messages arrive, each stream in order', async () => {
  const { one, two } = await connectedPair();
  one.transport.send([heartbeat(1), append(Uint8Array.of(7)), heartbeat(2), append(Uint8Array.of(8))]);
  await waitFor('all have arrived', () => two.received.length === 4);
  const of = (type: string): PeerMessage[] => two.received.filter((message) => message.type === type);
  expect(of('heartbeat')).toEqual([heartbeat(1), heartbeat(2)]);
  expect(of('append')).toEqual([append(Uint8Array.of(7)), append(Uint8Array.of(8))]);
});

test('messages to somebody unknown, or not connected, are dropped: Raft sends again', async () => {
  const { one, two } = await connectedPair();
  one.transport.send([{ ...heartbeat(1), to: 9 }, heartbeat(2)]);
  await waitFor('the other one has arrived', () => two.received.length === 1);
  expect(two.received).toEqual([heartbeat(2)]);
});

test('control messages arrive with the one who sent them', async () => {
  const { one, two } = await connectedPair();
  one.transport.sendControl(2, Uint8Array.of(1));
  one.transport.send([heartbeat(1)]);
  one.transport.sendControl(2, Uint8Array.of(2, 3));
  one.transport.sendControl(9, Uint8Array.of(4));
  await waitFor('they have arrived', () => two.control.length === 2 && two.received.length === 1);
  expect(two.control.map(({ bytes }) => [...bytes])).toEqual([[1], [2, 3]]);
  expect(two.control[0]?.from).toMatchObject({ nodeId: 'n1', raftId: 1 });
});

test('a control message that cannot be read ends the stream, with the reason', async () => {
  const { one, two } = await connectedPair();
  one.transport.sendControl(2, new Uint8Array(0));
  await waitFor('the refusal has arrived', () => one.refusals.length === 1);
  expect(one.refusals).toEqual(['n2: unreadable message: nothing in it']);
  expect(two.control).toEqual([]);
});

test('a peer that is somebody else than expected is not connected to', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  const address = await two.listen();
  one.transport.setPeers([{ ...address, raftId: 3 }]);
  await waitFor('the attempt has failed', () => one.unreachable.includes(3));
  one.transport.send([{ ...heartbeat(1), to: 3 }]);
  expect([one.connections, one.refusals, two.received]).toEqual([0, [], []]);
});

test('the refusal of a peer is told once, however often it is tried', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  two.refuses = new DcacheError('WRONG_CLUSTER', 'n1 belongs elsewhere');
  one.transport.setPeers([await two.listen()]);
  await waitFor('it was tried three times', () => one.unreachable.length >= 3);
  expect(one.refusals).toEqual(['n2: n1 belongs elsewhere']);
  expect(one.transport.connected().size).toBe(0);

  two.refuses = undefined;
  await connected(one);
});

test('a peer that was listened to, and is not any more, is told with its next message', async () => {
  const { one, two } = await connectedPair();
  one.transport.send([heartbeat(1)]);
  await waitFor('the first message has arrived', () => two.received.length === 1);
  two.refuses = new DcacheError('NOT_A_MEMBER', 'n1 was removed');
  one.transport.send([heartbeat(2)]);
  await waitFor('the refusal has arrived', () => one.refusals.length === 1);
  expect(one.refusals).toEqual(['n2: n1 was removed']);
  expect(two.received).toEqual([heartbeat(1)]);
});

test('a connection that broke is told, and made again when the peer is back', async () => {
  const { one, two, address } = await connectedPair();
  await two.stopListening();
  await waitFor('it is noticed', () => one.unreachable.includes(2));
  expect(one.transport.connected().size).toBe(0);

  await two.listen(address.controlAddress);
  await connected(one);
  one.transport.send([heartbeat(5)]);
  await waitFor('a message arrives', () => two.received.length === 1);
  expect(one.refusals).toEqual([]);
});

/** One that would wait for a minute before it connects to the other, which is not there, again; and where it listens itself. */
async function patient(): Promise<{ one: Peer; two: Peer; here: string; there: string }> {
  const [one, two] = [new Peer(1, { firstMs: 60_000, longestMs: 60_000 }), new Peer(2)];
  const [{ controlAddress: here }, address] = [await one.listen(), await two.listen()];
  await two.stopListening();
  one.transport.setPeers([address]);
  await waitFor('the attempt has failed', () => one.unreachable.length === 1);
  return { one, two, here, there: address.controlAddress };
}

test('a peer that greets is connected to at once, however long the pause would be', async () => {
  const { one, two, here, there } = await patient();
  await two.listen(there);
  await two.transport.hello(here, 5_000);
  await connected(one);
});

test('greetings of one life of a peer cut one pause short, not every one', async () => {
  const { one, two, here } = await patient();
  for (let i = 0; i < 5; i++) await two.transport.hello(here, 5_000);
  await waitFor('another attempt has failed', () => one.unreachable.length >= 2);
  for (let i = 0; i < 5; i++) await two.transport.hello(here, 5_000);
  expect(one.unreachable).toEqual([2, 2]);
});

test('a greeting that is refused cuts nothing short', async () => {
  const { one, two, here, there } = await patient();
  one.refuses = new DcacheError('NOT_A_MEMBER', 'n2 was removed');
  await two.listen(there);
  await expect(two.transport.hello(here, 5_000)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' });
  expect([one.connections, one.unreachable.length]).toEqual([0, 1]);
});

test('a peer that is taken off the list is not talked to any more', async () => {
  const { one, two } = await connectedPair();
  one.transport.setPeers([]);
  one.transport.send([heartbeat(1)]);
  expect(one.transport.connected().size).toBe(0);
  expect(two.received).toEqual([]);
  expect(one.unreachable).toEqual([]);
});

test('a peer that has moved is connected to where it is now', async () => {
  const { one, address } = await connectedPair();
  const moved = new Peer(2);
  const now = await moved.listen();
  expect(now.controlAddress).not.toBe(address.controlAddress);
  one.transport.setPeers([now]);
  await connected(one);
  one.transport.send([heartbeat(1)]);
  await waitFor('it arrives there', () => moved.received.length === 1);
});

test('a greeting tells who is there', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  const { controlAddress } = await two.listen();
  expect(await one.transport.hello(controlAddress, 5_000)).toMatchObject({ nodeId: 'n2', raftId: 2 });
});

test('a greeting that is refused brings the reason', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  two.refuses = new DcacheError('CONFIG_INVALID', 'different lists');
  const { controlAddress } = await two.listen();
  const greeting = one.transport.hello(controlAddress, 5_000);
  await expect(greeting).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: 'different lists' });
});

test('nobody there is no refusal', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  const { controlAddress } = await two.listen();
  await two.stopListening();
  await expect(one.transport.hello(controlAddress, 2_000)).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('a join request is answered with where the leader is', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  two.joinAnswer = { type: 'ask-leader', controlAddress: '10.0.0.1:7201' };
  const { controlAddress } = await two.listen();
  expect(await one.transport.join(controlAddress, false, 5_000)).toEqual(two.joinAnswer);
  expect(await one.transport.join(controlAddress, true, 5_000)).toEqual(two.joinAnswer);
  expect(two.joinsToReplace).toEqual([false, true]);
});

test('a port in use is named, with the flag', async () => {
  const [one, two] = [new Peer(1), new Peer(2)];
  const { controlAddress } = await two.listen();
  await expect(one.listen(controlAddress)).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: `another process listens on ${controlAddress}; stop it, or choose another address with --control-listen`,
  });
});
