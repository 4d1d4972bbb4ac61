/** Data sides of several nodes on one virtual clock, with links and a control side that the test plays. */
import { NULL_METRICS } from '../../../src/base/metrics.js';
import { EccDataSide } from '../../../src/actors/ecc/ecc-data-side.js';
import type { DataLinkHandler, DataLinks } from '../../../src/actors/ecc/ports.js';
import { newGroupReplica, type Replica } from '../../../src/actors/ecc/replica.js';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { NodeId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { ClusterMap, GroupMember } from '../../../src/cluster/cluster-map.js';
import type { DataReport } from '../../../src/cluster/heartbeat.js';
import type { ClusterView } from '../../../src/cluster/view.js';
import { runJob } from '../../../src/erasure/codec-job.js';
import { erasureCode } from '../../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../../src/erasure/xor-kernel.js';
import type { DataMessage } from '../../../src/replication/messages.js';
import { NO_CAP, type MemoryRules } from '../../../src/store/memory-cap.js';
import type { KvReply, KvRequest } from '../../../src/store/requests.js';
import { life } from '../../cluster/some-maps.js';
import { CLUSTER, member } from '../../cluster/some-members.js';
import { MemorySnapshotFiles } from '../../support/memory-snapshot-files.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

export class VirtualNode {
  readonly self: GroupMember;
  readonly side: EccDataSide;
  readonly reports: DataReport[] = [];
  readonly confirmed: number[] = [];
  readonly failures: unknown[] = [];
  readonly files = new MemorySnapshotFiles();
  readonly written: unknown[] = [];
  lease = { leaseEndMs: Infinity, leaseMapIndex: 0 };
  peers: readonly NodeId[] = [];
  isUp = true;
  /** By group. */
  readonly replicas: Replica[] = [];

  constructor(nodes: VirtualNodes, number: number, memoryRules: MemoryRules, incarnation = 1) {
    this.self = life(number, incarnation);
    this.side = new EccDataSide({
      self: this.self,
      scheduler: nodes.scheduler,
      wallMs: () => 1_000_000 + nodes.scheduler.nowMs(),
      forwarder: { forward: (address, request, timeoutMs) => nodes.forward(address, request, timeoutMs) },
      readGrant: () => this.lease,
      files: this.files,
      recoveryRate: Infinity,
      memoryRules,
      scrubIntervalMs: 0,
      rebuildDelayMs: 30_000,
      metrics: NULL_METRICS,
      logger: NULL_LOGGER,
      openCoding: (k, m) => {
        const codec = new ErasureCodec(erasureCode(k, m), loopKernel);
        return { codec, pool: { run: (job) => Promise.resolve(runJob(codec, job)) } };
      },
      newReplica: (group, spec) => {
        const replica = newGroupReplica(group, spec);
        this.replicas[group.id] = replica;
        return replica;
      },
      submit: ({ applied }, onTaken) => {
        this.confirmed.push(applied);
        onTaken();
      },
      report: (report) => this.reports.push(report),
      onSnapshotWritten: (written) => this.written.push(written),
      onFailure: (error) => this.failures.push(error),
    });
  }
}

export type Outcome = KvReply | DcacheError | undefined;

export class VirtualNodes {
  readonly scheduler = new VirtualScheduler();
  readonly nodes: VirtualNode[];
  /** How many messages of each type were sent. */
  readonly sent = new Map<DataMessage['type'], number>();

  private readonly rules: (number: number) => MemoryRules;

  /** @param rules of the memory of node n1, n2, ... */
  constructor(count: number, rules: (number: number) => MemoryRules = () => NO_CAP) {
    this.rules = rules;
    this.nodes = Array.from({ length: count }, (_, i) => new VirtualNode(this, i + 1, rules(i + 1)));
    for (const node of this.nodes) node.side.start(this.linksOf(node));
  }

  node(number: number): VirtualNode {
    const node = this.nodes[number - 1];
    if (node === undefined) throw new Error(`there is no n${number}`);
    return node;
  }

  view(changed: Partial<ClusterView> = {}): ClusterView {
    const members = this.nodes.map((_, i) => member(i + 1)).map((each) => ({ ...each, dataAddress: each.nodeId }));
    return {
      ...{ nodeId: 'n1' as NodeId, raftId: 1, clusterId: CLUSTER, role: 'follower', term: 1, leader: 2, members },
      ...{ voters: [1, 2, 3], size: this.nodes.length, needed: 2, up: this.nodes.length, missing: [] },
      ...changed,
    };
  }

  tellAll(...events: ControlEvent[]): void {
    for (const node of this.nodes) if (node.isUp) node.side.onEvents(events);
  }

  /** The nodes know each other, and the map at Raft index `index`. */
  async tellMap(index: number, map: ClusterMap): Promise<void> {
    this.tellAll({ type: 'view', view: this.view() }, { type: 'map', index, map });
    for (const { side, self, isUp } of this.nodes) {
      if (!isUp) continue;
      for (const other of this.nodes) if (other.self !== self && other.isUp) side.onConnected(other.self);
    }
    await this.scheduler.advance(50);
  }

  /** Nothing leaves it any more, nothing arrives. */
  kill(number: number): void {
    const dead = this.node(number);
    dead.isUp = false;
    dead.side.stop();
    for (const { side, isUp } of this.nodes) {
      if (!isUp) continue;
      side.onDisconnected(dead.self);
      side.onIncoming(dead.self);
    }
  }

  /** A dead node comes back, with nothing. */
  async revive(number: number, index: number, map: ClusterMap): Promise<void> {
    const node = new VirtualNode(this, number, this.rules(number), 2);
    this.nodes[number - 1] = node;
    node.side.start(this.linksOf(node));
    await this.tellMap(index, map);
    for (const { side, self, isUp } of this.nodes) if (isUp && self !== node.self) side.onIncoming(node.self);
  }

  async execute(number: number, request: KvRequest, ms = 200): Promise<KvReply | DcacheError | undefined> {
    let outcome: KvReply | DcacheError | undefined;
    this.node(number)
      .side.execute(request, 5_000, false)
      .then(
        (reply) => (outcome = reply),
        (error: unknown) => {
          if (!(error instanceof DcacheError)) throw error;
          outcome = error;
        },
      );
    await this.scheduler.advance(ms);
    return outcome;
  }

  /**
   * All of them at once, at the living nodes in turn; for at most `ms`, after which those without an answer have no outcome.
   * @param onStep called every ten milliseconds.
   */
  async executeAll(requests: readonly KvRequest[], ms: number, onStep: () => void): Promise<Outcome[]> {
    const outcomes: Outcome[] = requests.map(() => undefined);
    let open = requests.length;
    const living = this.nodes.filter(({ isUp }) => isUp);
    for (const [i, request] of requests.entries()) {
      void living[i % living.length]?.side
        .execute(request, 5_000, false)
        .then(
          (reply) => (outcomes[i] = reply),
          (error: unknown) => (outcomes[i] = error as DcacheError),
        )
        .finally(() => open--);
    }
    for (let passed = 0; passed < ms && open > 0; passed += 10) {
      await this.scheduler.advance(10);
      onStep();
    }
    return outcomes;
  }

  forward(address: string, request: KvRequest, timeoutMs: number): Promise<KvReply> {
    const to = this.nodes.find((_, i) => member(i + 1).clientAddress === address);
    if (to?.isUp !== true) return Promise.reject(new DcacheError('UNREACHABLE', 'down'));
    return to.side.execute(request, timeoutMs, true);
  }

  private linksOf(node: VirtualNode): DataLinks {
    return {
      setPeers: (peers) => {
        node.peers = peers.map(({ nodeId }) => nodeId);
      },
      send: (to, message) => this.deliver(node, to, message),
      backlogBytes: () => 0,
      connectedTo: (nodeId) => this.nodes.find(({ self }) => self.nodeId === nodeId)?.self.incarnation,
      close: () => Promise.resolve(),
    };
  }

  private deliver(from: VirtualNode, to: NodeId, message: DataMessage): void {
    this.sent.set(message.type, (this.sent.get(message.type) ?? 0) + 1);
    this.scheduler.after(1, () => {
      const receiver = this.nodes.find(({ self }) => self.nodeId === to);
      if (receiver?.isUp !== true || !from.isUp) return;
      const handler: DataLinkHandler = receiver.side;
      handler.onMessages(from.self, [message]);
    });
  }
}
