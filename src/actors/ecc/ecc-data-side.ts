/**
 * The main thread's side of a node in ecc mode, behind the data plane: takes the control side's events in order, keeps the groups
 * that this node has a part in, routes requests, and tells the control side what heartbeats have to say.
 *
 * The map decides everything here. It is applied to the groups first, then a lease that came with it may be used, then requests
 * are routed by it; and only then the control side is told that it is applied.
 */
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { assertNever } from '../../base/assert.js';
import type { Logger } from '../../base/log.js';
import type { NodeId } from '../../base/ids.js';
import type { Metrics } from '../../base/metrics.js';
import { EMPTY_MAP, type ClusterMap, type GroupMember } from '../../cluster/cluster-map.js';
import type { DataReport } from '../../cluster/heartbeat.js';
import type { ClusterView } from '../../cluster/view.js';
import type { ErasureCodec } from '../../erasure/erasure-codec.js';
import { RefillPause } from '../../recovery/refill-pause.js';
import type { DataMessage } from '../../replication/messages.js';
import { NodeMemory } from '../../replication/node-memory.js';
import { TransferPace } from '../../replication/transfer-pace.js';
import type { MemoryRules } from '../../store/memory-cap.js';
import type { KvReply, KvRequest } from '../../store/requests.js';
import { STANDARD_LAYOUT, type SegmentLayout } from '../../store/layout.js';
import { SlabPool } from '../../store/slab-pool.js';
import type { ControlRequests } from '../control/control-options.js';
import type { ControlEvent } from '../control/events.js';
import type { WrittenSnapshot } from '../control/snapshot-keeper.js';
import type { DataPlane, DataStats, EccMemory, EccReport, ScrubRun } from '../data-plane.js';
import type { Forwarder } from '../data/router.js';
import type { PieceSizes } from '../data/upload-queue.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { SnapshotFiles } from '../snapshot-files.js';
import { Reporter, reportOf } from './data-report.js';
import { statsOf } from './data-stats.js';
import type { RebuildPool } from './segment-solver.js';
import { EccRouter } from './ecc-router.js';
import { guardedScheduler } from './guarded-scheduler.js';
import { Leave } from './leave.js';
import { LeaseReader, type PublishedGrant } from './lease-reader.js';
import { LocalGroups } from './local-groups.js';
import { MapLog } from './map-log.js';
import type { DataLinkHandler, DataLinks } from './ports.js';
import type { newGroupReplica } from './replica.js';
import { Troubles } from './troubles.js';

const TICK_MS = 10;
/** Ticks between two looks at expiry and at what may be let go of. */
const UPKEEP_TICKS = 5;

/** The code of a cluster: the codec in this thread, and whatever runs its larger jobs. */
export interface Coding {
  readonly codec: ErasureCodec;
  readonly pool: RebuildPool;
}

export interface EccDataSideParts {
  readonly self: GroupMember;
  readonly scheduler: Scheduler;
  /** Wall clock, ms since 1970: what decides on expiry. */
  readonly wallMs: () => number;
  readonly forwarder: Forwarder;
  /** The lease, as the control thread publishes it; on the scheduler's clock. */
  readonly readGrant: () => PublishedGrant;
  readonly files: SnapshotFiles;
  /** Most that this node sends to learners, bytes a second; Infinity: as fast as links take it. */
  readonly recoveryRate: number;
  /** For this node: everything that the data side holds. */
  readonly memoryRules: MemoryRules;
  /** How large values are cut; by LIMITS if left out. */
  readonly pieceSizes?: PieceSizes;
  /** Between two scrubs of everything that is here; 0: none by itself. */
  readonly scrubIntervalMs: number;
  /** Segments of a holder that has been away for so long are rebuilt before they are asked for; 0: never. */
  readonly rebuildDelayMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Called once, when the groups are known. */
  openCoding(k: number, m: number): Coding;
  /** Sizes of segments, for tests. */
  readonly layout?: SegmentLayout;
  /** Another protocol core, for tests. */
  readonly newReplica?: typeof newGroupReplica;
  /** To the control side, which calls `onTaken` when it has handled them. */
  submit(requests: ControlRequests, onTaken: () => void): void;
  /** To the control side: what the next heartbeats say. */
  report(report: DataReport): void;
  /** To the control side: the cut is durable, or could not be written. */
  onSnapshotWritten(written: WrittenSnapshot | undefined): void;
  /** The state cannot be what it should be: the node must not go on. */
  onFailure(error: unknown): void;
}

export class EccDataSide implements DataPlane, DataLinkHandler {
  private readonly parts: EccDataSideParts;
  /** Once the groups are known. */
  private memory: NodeMemory | undefined;
  private readonly lease: LeaseReader;
  private readonly troubles = new Troubles();
  private readonly router: EccRouter;
  private readonly mapLog: MapLog;
  private readonly reporter: Reporter;
  private readonly leaving: Leave;
  private readonly refillPause = new RefillPause();
  private map: ClusterMap = EMPTY_MAP;
  private groups: LocalGroups | undefined;
  private links: DataLinks | undefined;
  private cancelTick: () => void = () => undefined;
  private ticks = 0;
  private stopped = false;

  constructor(parts: EccDataSideParts) {
    const { self, scheduler, forwarder, readGrant, files, logger } = parts;
    this.parts = parts;
    this.lease = new LeaseReader({ readGrant, nowMs: () => scheduler.nowMs() });
    this.router = new EccRouter({
      self: self.nodeId,
      forwarder,
      scheduler,
      troubles: this.troubles,
      service: (name) => {
        const service = this.groups?.service(name);
        return service && { execute: (pending) => this.guarded(() => service.execute(pending)) };
      },
    });
    this.mapLog = new MapLog({ files, logger, onSnapshotWritten: (written) => parts.onSnapshotWritten(written) });
    this.reporter = new Reporter((report) => parts.report(report));
    this.leaving = new Leave(self, scheduler);
  }

  /** Begins, once the links are open of which this is the handler. */
  start(links: DataLinks): void {
    this.links = links;
    this.connectPeers();
    this.tickLater();
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return this.router.execute(request, timeoutMs, forwarded);
  }

  onEvents(events: readonly ControlEvent[]): void {
    this.guarded(() => {
      for (const event of events) this.onEvent(event);
    });
  }

  leave(): Promise<void> {
    const left = this.leaving.begin();
    this.guarded(() => {
      this.report();
      this.router.prepareFor(new Set(this.map.groups.flatMap(({ holders }) => holders)));
      this.maybeHaveLeft();
    });
    return left;
  }

  drain(): Promise<void> {
    return this.router.drain();
  }

  /** Leaves the links and the codec pool to whoever opened them. */
  stop(): void {
    this.stopped = true;
    this.cancelTick();
    this.mapLog.stop();
    this.groups?.stop();
    this.router.stop();
  }

  scrub(): ScrubRun {
    const { groups, map } = this;
    if (groups === undefined) {
      throw new DcacheError('NO_LEADER', `${this.notServing ?? 'the node is starting'}; try again in a moment`);
    }
    if (map.m === 0) {
      const why =
        'this cluster keeps no parity (m = 0): there is nothing to check values against, or to mend them from';
      throw new DcacheError('INVALID_ARGUMENT', `${why}; found a cluster with --m 1 or more for that`);
    }
    return groups.scrubber.run();
  }

  get notServing(): string | undefined {
    return this.router.notServing;
  }

  get requestsInFlight(): number {
    return this.router.requestsInFlight;
  }

  get appliedIndex(): number {
    return this.mapLog.appliedIndex;
  }

  get currentView(): ClusterView | undefined {
    return this.router.currentView;
  }

  get storeStats(): DataStats {
    return statsOf(this.groups?.replicas() ?? [], this.map.k, this.memory);
  }

  get ecc(): EccReport {
    const { incarnation } = this.parts.self;
    const { map, appliedIndex: mapIndex } = this;
    const { leftMs: leaseLeftMs } = this.lease;
    const damaged = (this.groups?.damaged ?? []).map(({ group }) => group);
    const lostGroups = [...new Set([...this.troubles.lostGroups, ...damaged])].sort((a, b) => a - b);
    const { led: partitionsLed = 0, transfers = [], candidateBytes = 0 } = this.groups ?? {};
    const { underCap: memory } = this;
    const refillPauseMs = this.refillPause.leftMs(this.parts.scheduler.nowMs());
    const sums = { partitionsLed, candidateBytes, refillPauseMs };
    return { map, mapIndex, incarnation, leaseLeftMs, lostGroups, transfers, memory, ...sums };
  }

  private get underCap(): EccMemory {
    const { maxBytes: capBytes } = this.parts.memoryRules;
    if (capBytes === Infinity) return { capBytes: 0, freeBytes: 0, reserveBytes: 0 };
    const { reserveBytes } = this.memory ?? { reserveBytes: 0 };
    return { capBytes, freeBytes: this.freeBytes, reserveBytes };
  }

  // ------------------------------------------------------------------ data links

  onMessages(from: GroupMember, messages: readonly DataMessage[]): void {
    this.guarded(() => this.groups?.onMessages(from, messages));
  }

  onConnected(peer: GroupMember): void {
    this.guarded(() => this.groups?.onConnected(peer));
  }

  onDisconnected(peer: GroupMember): void {
    this.guarded(() => this.groups?.onDisconnected(peer));
  }

  onIncoming(peer: GroupMember): void {
    this.guarded(() => this.groups?.onIncoming(peer));
  }

  // ------------------------------------------------------------------ control side

  private onEvent(event: ControlEvent): void {
    switch (event.type) {
      case 'view':
        this.router.onView(event.view);
        this.connectPeers();
        this.maybeOpenGroups();
        return;
      case 'obstacle':
        return this.router.onObstacle(event.message);
      case 'committed':
        return this.mapLog.onCommitted(event.entries);
      case 'restore':
        return this.mapLog.onRestore(event.index, event.term);
      case 'map':
        return this.onMap(event.index, event.map);
      case 'let-go':
        for (const { group, epoch } of event.groups) this.groups?.letGo(group, epoch);
        return this.report();
      case 'hand-over':
        for (const { group, epoch } of event.groups) this.groups?.handOver(group, epoch);
        return;
      case 'leave-refused':
        return this.leaving.onRefused();
      case 'troubles':
        this.troubles.onTroubles(event.troubles);
        return this.router.onTroubles();
      case 'snapshot-due':
        void this.mapLog.cut();
        return;
      case 'proposed':
      case 'not-proposed':
      case 'read-ready':
      case 'read-refused':
        return; // this side proposes nothing and asks nothing
      default:
        assertNever(event, 'control event');
    }
  }

  private onMap(index: number, map: ClusterMap): void {
    const hasChanged = map !== this.map;
    this.map = map;
    this.troubles.onMap(map);
    this.mapLog.onMap(index);
    if (hasChanged) {
      this.maybeOpenGroups();
      this.groups?.onMap(map);
    }
    this.lease.onMapApplied(index);
    if (hasChanged) {
      this.connectPeers();
      this.router.onMap(map);
      this.router.prepareFor(new Set(map.groups.flatMap(({ joining }) => joining.map(({ nodeId }) => nodeId))));
    }
    this.parts.submit({ proposals: [], reads: [], applied: index }, () => undefined);
    this.report();
    this.maybeHaveLeft();
  }

  /** The keys of a cluster are hashed by its id, which comes with the view, and coded by the code of its map. */
  private maybeOpenGroups(): void {
    const clusterId = this.currentView?.clusterId;
    if (this.groups !== undefined || clusterId === undefined || this.map.groups.length === 0) return;
    const { self, wallMs, memoryRules, scrubIntervalMs, rebuildDelayMs, logger, metrics, newReplica } = this.parts;
    const { k, m } = this.map;
    const { codec, pool } = this.parts.openCoding(k, m);
    const shape = { k, m, layout: this.parts.layout ?? STANDARD_LAYOUT };
    const memory = new NodeMemory(new SlabPool(memoryRules.maxBytes), memoryRules, shape);
    this.memory = memory;
    const backlogBytes = (to: NodeId): number => this.links?.backlogBytes(to) ?? 0;
    const pace = new TransferPace({ bytesPerSecond: this.parts.recoveryRate, backlogBytes });
    this.groups = new LocalGroups({
      spec: { self, k, m, clusterId, codec, memory, pace },
      ...(newReplica === undefined ? {} : { newReplica }),
      pool,
      links: { send: (to, message) => this.links?.send(to, message) },
      lease: this.lease,
      scheduler: guardedScheduler(this.parts.scheduler, (task) => this.guarded(task)),
      wallMs,
      pieceSizes: this.parts.pieceSizes,
      scrubIntervalMs,
      rebuildDelayMs,
      logger,
      metrics,
      shortage: () => this.router.shortage,
      troubles: this.troubles,
      giveBack: (pending) => this.router.giveBack(pending),
      onRoles: () => this.router.onRoles(),
      onHandedOver: () => this.report(),
    });
    this.groups.onMap(this.map);
  }

  private connectPeers(): void {
    const { self } = this.parts;
    const neighbours = new Set(
      this.map.groups.flatMap(({ holders }) => (holders.includes(self.nodeId) ? holders : [])),
    );
    const peers = (this.currentView?.members ?? []).filter(({ nodeId, dataAddress }) => {
      return nodeId !== self.nodeId && neighbours.has(nodeId) && dataAddress !== '';
    });
    this.links?.setPeers(peers.map(({ nodeId, dataAddress }) => ({ nodeId, dataAddress })));
  }

  // ------------------------------------------------------------------ time

  private tickLater(): void {
    this.cancelTick = this.parts.scheduler.after(TICK_MS, () => {
      this.guarded(() => this.tick());
      if (!this.stopped) this.tickLater();
    });
  }

  private tick(): void {
    this.lease.look();
    this.groups?.tick();
    this.ticks++;
    // While somebody learns, a stream may break or become complete at any time, and the leader of the map waits for the news.
    if (this.map.groups.some(({ joining }) => joining.length > 0)) this.report();
    if (this.ticks % UPKEEP_TICKS !== 0) return;
    this.report();
    this.maybeHaveLeft();
    this.groups?.upkeep();
    if (this.memory?.isShort === true) this.groups?.giveBackKept();
    this.router.forgetSettled();
  }

  private report(): void {
    const nowMs = this.parts.scheduler.nowMs();
    const { appliedIndex: mapIndex, freeBytes } = this;
    this.watchRefill(nowMs);
    const refillPaused = this.refillPause.isPaused(nowMs);
    const damaged = this.groups?.damaged ?? [];
    const node = { mapIndex, freeBytes, leaving: this.leaving.isLeaving, refillPaused, damaged };
    this.reporter.onReport(reportOf(this.groups?.replicas() ?? [], node, nowMs), nowMs);
  }

  /** With a cap that is too low for its part, this node would be sent the same segments again and again. */
  private watchRefill(nowMs: number): void {
    const replicas = [...(this.groups?.replicas() ?? [])];
    if (replicas.every(({ isInSync }) => isInSync)) this.refillPause.onInSync();
    if (!replicas.some(({ lacksMemory }) => lacksMemory)) return;
    const pauseMs = this.refillPause.onLack(nowMs);
    if (pauseMs === undefined) return;
    const { maxBytes } = this.parts.memoryRules;
    this.parts.logger.warn(
      { maxBytes, pauseMs },
      'cannot hold its part of the cluster under --max-memory: start it with more, or delete values; it tries again',
    );
  }

  private maybeHaveLeft(): void {
    if (this.leaving.isLeaving) this.leaving.onKnown(this.map, this.router.shortage !== undefined);
  }

  private get freeBytes(): number {
    return Math.min(Number.MAX_SAFE_INTEGER, Math.floor(this.memory?.freeBytes ?? this.parts.memoryRules.maxBytes));
  }

  /** A core that throws is in no state to go on: the node ends, and refills from its peers. */
  private guarded(work: () => void): void {
    if (this.stopped) return;
    try {
      work();
    } catch (error) {
      this.stopped = true;
      this.parts.onFailure(asDcacheError(error));
    }
  }
}
