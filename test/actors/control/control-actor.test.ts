import { beforeEach, expect, test } from 'vitest';
import { ControlActor } from '../../../src/actors/control/control-actor.js';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import type { PeerTransport } from '../../../src/actors/control/ports.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { ClusterId, NodeId, RaftId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { PEER_PROTOCOL, type Speaker } from '../../../src/cluster/speaker.js';
import type { PeerMessage } from '../../../src/raft/messages.js';
import { EMPTY_CONF_STATE, type LogGap } from '../../../src/raft/types.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';
import { MemorySnapshotFiles } from '../../support/memory-snapshot-files.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const CLUSTER = '0123456789abcdef0123456789abcdef' as ClusterId;
const VOTERS = { ...EMPTY_CONF_STATE, voters: [1, 2, 3] };
const SELF: Speaker = {
  nodeId: 'n1' as NodeId,
  raftId: 0,
  clusterId: '',
  mode: 'raft',
  incarnation: 77,
  founders: '',
  protocol: PEER_PROTOCOL,
  controlAddress: '127.0.0.1:7201',
  clientAddress: '127.0.0.1:7101',
  httpAddress: '',
  dataAddress: '',
  k: 0,
  m: 0,
};

class DamageableLog extends MemoryRaftLog {
  damage: DcacheError | undefined;

  override term(index: number): number | LogGap {
    if (this.damage !== undefined) throw this.damage;
    return super.term(index);
  }
}

/** Raft node 1 of three, alone with what the test lets the others say. */
class Fixture {
  readonly scheduler = new VirtualScheduler();
  readonly log = new DamageableLog();
  readonly files = new MemorySnapshotFiles();
  readonly sent: PeerMessage[] = [];
  readonly events: ControlEvent[] = [];
  readonly failures: unknown[] = [];
  private pulse = 0;
  readonly control: ControlActor;

  constructor(incarnation = SELF.incarnation) {
    this.log.bootstrap(VOTERS);
    this.log.setIdentity({ nodeId: SELF.nodeId, mode: 'raft', raftId: 1 as RaftId, clusterId: CLUSTER });
    const nobody = (): Promise<never> => Promise.reject(new DcacheError('UNREACHABLE', 'there is nobody'));
    const transport: PeerTransport = {
      send: (messages) => this.sent.push(...messages),
      sendControl: () => undefined,
      sendSnapshot: nobody,
      setPeers: () => undefined,
      connected: () => new Set(),
      hello: nobody,
      join: nobody,
    };
    this.control = new ControlActor(
      {
        speaker: { ...SELF, incarnation },
        founders: [],
        timings: { tickMs: 50, heartbeatTicks: 2, electionTicks: 6, hangMs: 500 },
        seed: 1,
        snapshots: { minLogBytes: 1 << 20, keptEntries: 10 },
      },
      {
        log: this.log,
        transport,
        files: this.files,
        scheduler: this.scheduler,
        logger: NULL_LOGGER,
        newClusterId: () => CLUSTER,
        mainPulse: () => ++this.pulse,
        publishLease: () => undefined,
        close: () => Promise.resolve(),
      },
      { emit: (event) => this.events.push(event), fail: (error) => this.failures.push(error) },
    );
    this.control.start();
  }

  async hear(...messages: PeerMessage[]): Promise<void> {
    this.control.onPeerMessages(messages);
    await this.scheduler.settle();
  }
}

let node: Fixture;
beforeEach(() => {
  node = new Fixture();
});

const heartbeat: PeerMessage = { type: 'heartbeat', to: 1, from: 2, term: 1, commit: 0, readCounter: 0 };

test('an answer to a read of an earlier life is no answer to the read of that ticket now', async () => {
  await node.hear(heartbeat);
  node.control.submit({ proposals: [], reads: [1], applied: 0 });
  await node.scheduler.settle();
  const asked = node.sent.find((message) => message.type === 'read-index');
  const context = asked?.type === 'read-index' ? asked.context : new Uint8Array();
  const answer = { type: 'read-index-response', to: 1, from: 2, term: 1 } as const;

  const other = new Fixture(SELF.incarnation + 1);
  await other.hear(heartbeat);
  other.control.submit({ proposals: [], reads: [1], applied: 0 });
  await other.hear({ ...answer, index: 5, context });
  expect(other.events.filter(({ type }) => type === 'read-ready')).toEqual([]);

  await node.hear({ ...answer, index: 7, context });
  expect(node.events).toContainEqual({ type: 'read-ready', ticket: 1, index: 7 });
});

test('a log that cannot be read when a peer speaks of it ends the node, not the stream of the peer', async () => {
  const damage = new DcacheError('DATA_CORRUPT', 'the record of entry 0 is damaged');
  node.log.damage = damage;
  await node.hear({ type: 'append', to: 1, from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 });
  expect(node.failures).toEqual([damage]);
});
