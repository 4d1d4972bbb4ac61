import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PeerHandler } from '../../../src/actors/control/ports.js';
import { PeerServer } from '../../../src/adapters/grpc/peer-server.js';
import { GrpcPeerTransport } from '../../../src/adapters/grpc/peer-transport.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { NodeId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { PEER_PROTOCOL, type Speaker } from '../../../src/cluster/speaker.js';
import type { PeerMessage } from '../../../src/raft/messages.js';
import { EMPTY_CONF_STATE } from '../../../src/raft/types.js';
import { waitFor } from '../../support/wait-for.js';

const MIB = 1024 * 1024;
const speaker = (raftId: number): Speaker => ({
  nodeId: `n${raftId}` as NodeId,
  raftId,
  clusterId: '0123456789abcdef0123456789abcdef',
  mode: 'raft',
  incarnation: raftId,
  founders: '',
  protocol: PEER_PROTOCOL,
  controlAddress: '',
  clientAddress: '',
  httpAddress: '',
  dataAddress: '',
  k: 0,
  m: 0,
});

/** Writes down what it hears; its disk takes no snapshots. */
class Peer implements PeerHandler {
  readonly heard: PeerMessage[] = [];
  broken = 0;
  private readonly raftId: number;

  constructor(raftId: number) {
    this.raftId = raftId;
  }

  speaker(): Speaker {
    return speaker(this.raftId);
  }

  onPeerMessages(messages: readonly PeerMessage[]): void {
    this.heard.push(...messages);
  }

  onSnapshotStream = (): ReturnType<PeerHandler['onSnapshotStream']> =>
    Promise.resolve({
      write: () => Promise.reject(new DcacheError('DISK_FULL', 'no room')),
      finish: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    });

  onPeerUnreachable(): void {
    this.broken++;
  }

  onJoinRequest = (): Promise<never> => Promise.reject(new DcacheError('NO_LEADER', 'not here'));
  admitSpeaker(): void {}
  onControl(): void {}
  onPeerConnected(): void {}
  onRefusedByPeer(): void {}
}

let sender: Peer;
let receiver: Peer;
let server: PeerServer;
let transport: GrpcPeerTransport;

beforeEach(async () => {
  sender = new Peer(1);
  receiver = new Peer(2);
  server = new PeerServer(NULL_LOGGER);
  server.serve(receiver);
  const port = await server.listen('127.0.0.1:0');
  transport = new GrpcPeerTransport();
  transport.serve(sender);
  transport.setPeers([{ raftId: 2, nodeId: 'n2', controlAddress: `127.0.0.1:${port}` }]);
  await waitFor('the link stands', () => transport.connected().has(2));
});

afterEach(async () => {
  transport.close();
  await server.close();
});

test('messages of one turn arrive even if they are too large for one frame', async () => {
  const append = (index: number): PeerMessage => {
    const entry = { term: 1, index: index + 1, type: 'normal', data: new Uint8Array(40 * MIB) } as const;
    return { type: 'append', to: 2, from: 1, term: 1, prevIndex: index, prevTerm: 1, entries: [entry], commit: 0 };
  };
  transport.send([append(1), append(2)]);
  await waitFor('both have arrived', () => receiver.heard.length === 2 || sender.broken > 0);
  expect(sender.broken).toBe(0);
});

test('a sender lets go of the file when the receiver refuses the snapshot half-way', async () => {
  let isOpen = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    isOpen = true;
    try {
      for (;;) yield await Promise.resolve(new Uint8Array(MIB));
    } finally {
      isOpen = false;
    }
  }
  const metadata = { index: 5, term: 1, confState: { ...EMPTY_CONF_STATE, voters: [1, 2] } };
  const snapshot = { metadata, data: new Uint8Array() };
  const sent = transport.sendSnapshot({ type: 'snapshot', to: 2, from: 1, term: 1, snapshot }, pieces());
  await expect(sent).rejects.toMatchObject({ code: 'DISK_FULL' });
  await waitFor('the file is closed', () => !isOpen, 2_000);
});
