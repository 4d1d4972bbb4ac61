/** Control sides of ecc mode on one virtual clock and a network in memory, each with a main thread that applies the map at once. */
import { ControlActor } from '../../../src/actors/control/control-actor.js';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import type { PeerTransport } from '../../../src/actors/control/ports.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { Incarnation, NodeId, RaftId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { EMPTY_MAP, type ClusterMap, type GroupMember } from '../../../src/cluster/cluster-map.js';
import { DEFAULT_ECC_TIMINGS } from '../../../src/cluster/ecc-timings.js';
import { EMPTY_REPORT, type DataReport, type GroupEpoch } from '../../../src/cluster/heartbeat.js';
import type { LeaseGrant } from '../../../src/cluster/lease-holder.js';
import type { ClusterView } from '../../../src/cluster/view.js';
import { EMPTY_CONF_STATE } from '../../../src/raft/types.js';
import { founders, speaker, CLUSTER } from '../../cluster/some-members.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';
import { MemorySnapshotFiles } from '../../support/memory-snapshot-files.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const DELAY_MS = 1;

export class EccNode {
  readonly self: GroupMember;
  readonly raftId: number;
  readonly control: ControlActor;
  readonly log: MemoryRaftLog;
  readonly letGo: GroupEpoch[] = [];
  /** Groups that it has let go of as planned. */
  readonly handedOver: GroupEpoch[] = [];
  /** Whether it does what it is asked for there. */
  handsOver = true;
  readonly failures: unknown[] = [];
  view: ClusterView | undefined;
  map: ClusterMap = EMPTY_MAP;
  mapIndex = 0;
  grant: LeaseGrant = { leaseEndMs: 0, mapIndex: 0 };
  /** Of the main thread. */
  mainHangs = false;
  restored = 0;
  private pulse = 0;
  private report: DataReport = EMPTY_REPORT;
  private readonly cluster: EccCluster;

  constructor(cluster: EccCluster, raftId: number, incarnation: Incarnation, log: MemoryRaftLog) {
    const { names, k, m, scheduler } = cluster;
    this.cluster = cluster;
    this.raftId = raftId;
    this.log = log;
    const nodeId = `n${raftId}` as NodeId;
    this.self = { nodeId, incarnation };
    const addresses = { controlAddress: `127.0.0.1:${7200 + raftId}`, dataAddress: `127.0.0.1:${7300 + raftId}` };
    this.control = new ControlActor(
      {
        speaker: speaker(nodeId, { mode: 'ecc', incarnation, k, m, ...addresses }),
        founders: founders(...names),
        timings: { tickMs: 50, heartbeatTicks: 2, electionTicks: 6, hangMs: 2_000 },
        seed: raftId,
        snapshots: { minLogBytes: 1 << 20, keptEntries: 10 },
        ecc: { k, m, timings: DEFAULT_ECC_TIMINGS },
      },
      {
        log,
        transport: this.transport(),
        files: new MemorySnapshotFiles(),
        scheduler,
        logger: NULL_LOGGER,
        newClusterId: () => CLUSTER,
        mainPulse: () => (this.mainHangs ? this.pulse : ++this.pulse),
        publishLease: (grant) => (this.grant = grant),
        close: () => Promise.resolve(),
      },
      { emit: (event) => this.onEvent(event), fail: (error) => this.failures.push(error) },
    );
  }

  /** Whether its main thread may answer by itself. */
  get holdsLease(): boolean {
    return this.grant.mapIndex <= this.mapIndex && this.cluster.scheduler.nowMs() < this.grant.leaseEndMs;
  }

  /** Its main thread has this to say from now on. */
  say(changed: Partial<DataReport>): void {
    this.report = { ...this.report, ...changed };
    this.control.report(this.report);
  }

  private onEvent(event: ControlEvent): void {
    if (event.type === 'view') this.view = event.view;
    if (event.type === 'restore') this.restored = event.index;
    if (event.type === 'let-go') this.letGo.push(...event.groups);
    // Nothing is under way there, ever.
    if (event.type === 'hand-over' && this.handsOver) {
      const known = (asked: GroupEpoch): boolean =>
        this.handedOver.some(({ group, epoch }) => group === asked.group && epoch === asked.epoch);
      this.handedOver.push(...event.groups.filter((asked) => !known(asked)));
      this.say({ letGo: event.groups });
    }
    if (event.type === 'map') this.cluster.scheduler.nextTurn(() => this.onMap(event.map, event.index));
  }

  private onMap(map: ClusterMap, index: number): void {
    if (this.mainHangs) return;
    this.map = map;
    this.mapIndex = index;
    this.control.submit({ proposals: [], reads: [], applied: index });
    this.say({ mapIndex: index });
  }

  private transport(): PeerTransport {
    const nobody = (): Promise<never> => Promise.reject(new DcacheError('UNREACHABLE', 'there is nobody'));
    const { cluster, raftId } = this;
    return {
      send: (messages) => {
        for (const message of messages)
          cluster.deliver(raftId, message.to, ({ control }) => control.onPeerMessages([message]));
      },
      sendControl: (to, bytes) => {
        const from = { ...this.self, raftId };
        cluster.deliver(raftId, to, ({ control }) => control.onControl(from, bytes));
      },
      sendSnapshot: nobody,
      setPeers: () => undefined,
      connected: () =>
        new Set(cluster.nodes.filter((other) => cluster.reaches(raftId, other.raftId)).map((other) => other.raftId)),
      hello: nobody,
      join: nobody,
    };
  }
}

export class EccCluster {
  readonly scheduler = new VirtualScheduler();
  readonly names: readonly string[];
  readonly k: number;
  readonly m: number;
  readonly nodes: EccNode[] = [];
  /** Raft ids that nothing comes from and nothing reaches. */
  readonly silent = new Set<number>();

  constructor(k: number, m: number) {
    this.k = k;
    this.m = m;
    const raftIds = Array.from({ length: k + m }, (_, i) => i + 1);
    this.names = raftIds.map((raftId) => `n${raftId}`);
    for (const raftId of raftIds) {
      const log = new MemoryRaftLog();
      log.bootstrap({ ...EMPTY_CONF_STATE, voters: raftIds });
      log.setIdentity({ nodeId: `n${raftId}` as NodeId, mode: 'ecc', raftId: raftId as RaftId, clusterId: CLUSTER });
      this.nodes.push(new EccNode(this, raftId, 1 as Incarnation, log));
    }
    for (const { control } of this.nodes) control.start();
  }

  /** The one that leads, by its own word; of several the one in the newest term. */
  get leader(): EccNode {
    const leaders = this.nodes.filter(({ view }) => view?.role === 'leader');
    leaders.sort((a, b) => (b.view?.term ?? 0) - (a.view?.term ?? 0));
    const [leader] = leaders;
    if (leader === undefined) throw new Error('nobody leads');
    return leader;
  }

  get followers(): readonly EccNode[] {
    return this.nodes.filter((node) => node !== this.leader);
  }

  reaches(from: number, to: number): boolean {
    return !this.silent.has(from) && !this.silent.has(to);
  }

  deliver(from: number, to: number, receive: (node: EccNode) => void): void {
    this.scheduler.after(DELAY_MS, () => {
      const node = this.nodes.find(({ raftId }) => raftId === to);
      if (node !== undefined && this.reaches(from, to)) receive(node);
    });
  }

  /** The process of that node ends and a new one begins on the same disk. */
  async restart(node: EccNode): Promise<EccNode> {
    await node.control.dispose();
    const next = new EccNode(this, node.raftId, (node.self.incarnation + 1) as Incarnation, node.log);
    this.nodes[this.nodes.indexOf(node)] = next;
    next.control.start();
    return next;
  }

  /** Lets time pass until `condition` holds, 5 s at most. */
  async until(what: string, condition: () => boolean): Promise<void> {
    for (let waitedMs = 0; !condition(); waitedMs += 10) {
      if (waitedMs >= 5_000) throw new Error(`in vain: ${what}`);
      await this.scheduler.advance(10);
    }
  }

  /** Until the groups are created and everybody knows it. */
  async settle(): Promise<void> {
    await this.until('all know the groups', () => this.nodes.every(({ map }) => map.groups.length > 0));
    await this.until('all hold leases', () => this.nodes.every(({ holdsLease }) => holdsLease));
  }
}
