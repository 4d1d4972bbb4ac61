/**
 * The groups that this node has a part in: their replicas, a service for every partition that it leads, and the rebuilding of
 * segments there. Feeds the pure cores and carries out what comes out of them, once a turn.
 */
import { assertNever } from '../../base/assert.js';
import type { DcacheError } from '../../base/errors.js';
import { errorFields, type Logger } from '../../base/log.js';
import {
  EMPTY_MAP,
  sameMember,
  type ClusterMap,
  type Group,
  type GroupMember,
  type PartitionName,
} from '../../cluster/cluster-map.js';
import type { GroupEpoch } from '../../cluster/heartbeat.js';
import type { Metrics } from '../../base/metrics.js';
import type { Effect } from '../../replication/effects.js';
import type { DataMessage, ShardReply, ShardRequest } from '../../replication/messages.js';
import { TransferWatch, type TransferReport } from '../../recovery/transfer-watch.js';
import type { Segment } from '../../store/segment.js';
import type { PendingRequest } from '../data/pending.js';
import type { PieceSizes } from '../data/upload-queue.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { decisionsOf } from './decisions.js';
import { BackgroundRebuild } from './background-rebuild.js';
import { DegradedReads, REBUILT_BYTES } from './degraded-reads.js';
import { LossSweep } from './loss-sweep.js';
import { MemoryRelief } from './memory-relief.js';
import { PartitionService } from './partition-service.js';
import { HandOver } from './hand-over.js';
import type { DataLinks } from './ports.js';
import { RebuildTurns } from './rebuild-turns.js';
import { Scrubber, type ScrubbedGroup } from './scrubber.js';
import { SegmentSolver, type RebuildPool } from './segment-solver.js';
import { StripeCheck } from './stripe-check.js';
import { StripeQuestions } from './stripe-questions.js';
import { newGroupReplica, type Replica, type ReplicaSpec } from './replica.js';
import type { Troubles } from './troubles.js';

/** Looking for raw segments that could give way goes through all of them. */
const UPKEEPS_PER_ADOPTION = 20;

export interface LocalGroupsParts {
  readonly spec: ReplicaSpec;
  /** Another core, for tests. */
  readonly newReplica?: typeof newGroupReplica;
  readonly pool: RebuildPool;
  readonly links: Pick<DataLinks, 'send'>;
  readonly lease: { readonly isHeld: boolean };
  readonly scheduler: Scheduler;
  readonly wallMs: () => number;
  /** How large values are cut; by LIMITS if left out. */
  readonly pieceSizes?: PieceSizes | undefined;
  /** Between two scrubs of everything that is here; 0: none by itself. */
  readonly scrubIntervalMs: number;
  /** Segments of a holder that has been away for so long are rebuilt before they are asked for; 0: never. */
  readonly rebuildDelayMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  shortage(): DcacheError | undefined;
  readonly troubles: Troubles;
  giveBack(pending: PendingRequest): void;
  /** A partition has, or has lost, its service here. */
  onRoles(): void;
  /** A group has been let go of as planned. */
  onHandedOver(): void;
}

interface LocalGroup {
  readonly replica: Replica;
  readonly questions: StripeQuestions;
  readonly reads: DegradedReads;
  readonly background: BackgroundRebuild;
  readonly sweep: LossSweep;
  readonly scrubbed: ScrubbedGroup;
  /** By position. */
  readonly services: (PartitionService | undefined)[];
  readonly handOver: HandOver;
  /** Segments that learners need and that are being rebuilt: position/number. */
  readonly needed: Set<string>;
}

export class LocalGroups {
  private readonly parts: LocalGroupsParts;
  private readonly groups = new Map<number, LocalGroup>();
  private readonly watch = new TransferWatch();
  private map: ClusterMap = EMPTY_MAP;
  readonly scrubber: Scrubber;
  private pumpPlanned = false;
  private upkeeps = 0;
  private readonly relief: MemoryRelief;
  private readonly rebuildTurns: RebuildTurns;
  private stopped = false;

  constructor(parts: LocalGroupsParts) {
    const { scheduler, logger, metrics, scrubIntervalMs: intervalMs } = parts;
    const { memory, k, m } = parts.spec;
    this.parts = parts;
    this.relief = new MemoryRelief(memory, () => this.services());
    this.rebuildTurns = new RebuildTurns(memory, k + m);
    this.scrubber = new Scrubber({ scheduler, logger, metrics, intervalMs, groups: () => this.scrubbedGroups() });
    metrics.gauge('owedSegments', {}, () => this.owedSegments);
  }

  /** Partitions that this node leads. */
  get led(): number {
    return [...this.services()].length;
  }

  private get owedSegments(): number {
    let owed = 0;
    for (const { parity } of this.replicas()) owed += parity?.owed().length ?? 0;
    return owed;
  }

  *replicas(): IterableIterator<Replica> {
    for (const { replica } of this.groups.values()) yield replica;
  }

  get transfers(): readonly TransferReport[] {
    return this.watch.reports;
  }

  /** Groups of which this node leads something that cannot be decoded, though no member is gone. */
  get damaged(): readonly GroupEpoch[] {
    return [...this.groups].flatMap(([group, { sweep, replica }]) =>
      sweep.isDamaged ? [{ group, epoch: replica.epoch }] : [],
    );
  }

  /** Memory of segments that are kept for groups that this node is out of. */
  get candidateBytes(): number {
    return [...this.replicas()].reduce((sum, replica) => sum + replica.candidateBytes, 0);
  }

  /** Memory is short. */
  giveBackKept(): void {
    for (const replica of this.replicas()) replica.giveBackKept();
  }

  service({ group, position }: PartitionName): PartitionService | undefined {
    return this.groups.get(group)?.services[position];
  }

  onMap(map: ClusterMap): void {
    const { spec } = this.parts;
    for (const group of map.groups) this.leaveOldPlace(group);
    this.map = map;
    for (const group of map.groups) {
      const known = this.groups.get(group.id);
      known?.questions.onMembers(group.inSync.filter((member) => !sameMember(member, spec.self)));
      known?.sweep.onGroup(group);
      if (known !== undefined) known.replica.onMap(group);
      else if (group.holders.includes(spec.self.nodeId)) {
        const replica = (this.parts.newReplica ?? newGroupReplica)(group, spec);
        const opened = this.openGroup(group.id, replica);
        opened.questions.onMembers(group.inSync.filter((member) => !sameMember(member, spec.self)));
        opened.sweep.onGroup(group);
        this.groups.set(group.id, opened);
      }
    }
    this.pump();
    this.closeLeft();
  }

  /**
   * Of groups in which this node has no place any more nothing is left when its roles are laid down. It may get another place there: a node
   * that was taken out and added again reads of its old one in the Raft log, and is a spare then.
   */
  private closeLeft(): void {
    for (const id of this.groups.keys()) {
      if (this.map.groups[id]?.holders.includes(this.parts.spec.self.nodeId) !== true) this.close(id);
    }
  }

  /** A snapshot may skip the maps between two places of this node: its replica lays down the old one as if it had seen one of them. */
  private leaveOldPlace({ id, holders }: Group): void {
    const { nodeId } = this.parts.spec.self;
    const old = this.map.groups[id];
    const place = old?.holders.indexOf(nodeId) ?? -1;
    const successor = holders[place];
    if (old === undefined || successor === undefined || successor === nodeId || !holders.includes(nodeId)) return;
    const isOther = (member: GroupMember): boolean => member.nodeId !== nodeId;
    this.groups.get(id)?.replica.onMap({
      ...old,
      holders: old.holders.map((holder) => (holder === nodeId ? successor : holder)),
      inSync: old.inSync.filter(isOther),
      joining: old.joining.filter(isOther),
      acting: old.acting.map((acting) => (acting === nodeId ? null : acting)),
    });
    this.pump();
    this.close(id);
  }

  private close(id: number): void {
    const left = this.groups.get(id);
    left?.questions.stop();
    left?.replica.close();
    this.groups.delete(id);
  }

  letGo(group: number, epoch: number): void {
    this.groups.get(group)?.replica.letGo(epoch);
    this.pumpLater();
  }

  /** As soon as what has been accepted there is committed and answered. */
  handOver(group: number, epoch: number): void {
    this.groups.get(group)?.handOver.begin(epoch, this.parts.scheduler.nowMs());
    this.pumpLater();
  }

  onMessages(from: GroupMember, messages: readonly DataMessage[]): void {
    const nowMs = this.parts.scheduler.nowMs();
    for (const message of messages) {
      const group = this.groups.get(message.group);
      if (group === undefined) this.onMisdirected();
      else if (message.type === 'shard-request') this.serveShards(from, message, group.replica);
      else if (message.type === 'shard-reply') group.questions.onReply(from, message);
      else if (message.type === 'shard-suspect') this.scrubber.suspect(message.group, message.stripe);
      else group.replica.onMessage(from, message, nowMs);
    }
    this.pumpLater();
  }

  onConnected(peer: GroupMember): void {
    for (const replica of this.replicas()) replica.onConnected(peer);
    this.pumpLater();
  }

  onDisconnected(peer: GroupMember): void {
    for (const replica of this.replicas()) replica.onDisconnected(peer);
    this.pumpLater();
  }

  onIncoming(peer: GroupMember): void {
    for (const replica of this.replicas()) replica.onIncoming(peer);
    this.pumpLater();
  }

  /** Every few milliseconds: what waits for time or for the lease goes on. */
  tick(): void {
    this.pump();
    this.relief.step();
    for (const service of this.services()) service.onProgress();
    if (!this.stopped) this.scrubber.tick();
  }

  upkeep(): void {
    const streams = [...this.replicas()].flatMap((replica) => replica.transfers());
    this.watch.observe(streams, this.map, this.parts.scheduler.nowMs());
    for (const service of this.services()) {
      const { primary } = service;
      if (primary.serving) primary.store.cap.policy = this.parts.spec.memory.rules.policy;
      service.upkeep();
    }
    for (const { background } of this.groups.values()) background.tick();
    for (const { sweep } of this.groups.values()) sweep.maybeRun();
    if (this.upkeeps++ % UPKEEPS_PER_ADOPTION !== 0 && !this.parts.spec.memory.isShort) return;
    for (const { services, reads } of this.groups.values()) {
      services.forEach((service, position) => {
        if (service !== undefined) reads.adoptFolded(position);
      });
    }
  }

  stop(): void {
    this.stopped = true;
    this.scrubber.stop();
    for (const { questions } of this.groups.values()) questions.stop();
  }

  private *services(): IterableIterator<PartitionService> {
    for (const { services } of this.groups.values()) {
      for (const service of services) if (service !== undefined) yield service;
    }
  }

  private pumpLater(): void {
    if (this.pumpPlanned) return;
    this.pumpPlanned = true;
    this.parts.scheduler.nextTurn(() => {
      this.pumpPlanned = false;
      this.pump();
    });
  }

  /** Lets the cores say what is to be done, and does it. What that leads to here is for the next turn. */
  private pump(): void {
    if (this.stopped) return;
    const nowMs = this.parts.scheduler.nowMs();
    let rolesChanged = false;
    let handedOver = false;
    for (const [id, group] of this.groups) {
      group.replica.flush(nowMs);
      const committed = new Set<number>();
      for (const effect of group.replica.takeEffects()) {
        if (effect.type === 'roles-changed') rolesChanged = true;
        else if (effect.type === 'committed') committed.add(effect.position);
        else this.carryOut(effect, group);
      }
      if (rolesChanged) this.takeRoles(id, group);
      for (const position of committed) group.services[position]?.onProgress();
      if (group.handOver.step(nowMs)) handedOver = true;
    }
    if (rolesChanged) this.parts.onRoles();
    if (handedOver) this.parts.onHandedOver();
    if (this.parts.spec.memory.isShort) this.relief.step();
  }

  /** The sender's map is newer, or older, than the one here. */
  private onMisdirected(): void {
    this.parts.metrics.counter('misdirected', {}).add();
  }

  private carryOut(effect: Exclude<Effect, { type: 'roles-changed' | 'committed' }>, group: LocalGroup): void {
    switch (effect.type) {
      case 'send':
        this.countTransfer(effect.message);
        return this.parts.links.send(effect.to, effect.message);
      case 'misdirected':
        return this.onMisdirected();
      case 'segment-needed':
        return this.rebuildForLearner(effect.position, effect.number, group);
      default:
        assertNever(effect, 'effect');
    }
  }

  private countTransfer(message: DataMessage): void {
    const { metrics } = this.parts;
    if (message.type === 'transfer-segment') {
      metrics.counter('transferBytes', { as: 'bytes' }).add(message.image.bytes.length);
    } else if (message.type === 'transfer-facts') {
      metrics.counter('transferBytes', { as: 'kept' }).add(message.length);
    }
  }

  /** The core asks again as long as it needs the segment. */
  private rebuildForLearner(position: number, number: number, { reads, needed }: LocalGroup): void {
    const name = `${position}/${number}`;
    if (needed.has(name)) return;
    needed.add(name);
    reads
      .rebuild(position, [number], 'patient')
      .then(
        () => this.pumpLater(),
        (error: unknown) => this.parts.logger.warn({ position, number, ...errorFields(error) }, 'no rebuild'),
      )
      .finally(() => needed.delete(name));
  }

  private takeRoles(id: number, { replica, reads, services }: LocalGroup): void {
    const { spec, lease, scheduler, logger, wallMs, metrics } = this.parts;
    for (let position = 0; position < spec.k; position++) {
      const primary = replica.primary(position);
      const before = services[position];
      if (before?.primary === primary) before?.onProgress();
      else {
        services[position] = undefined;
        before?.end();
        if (primary === undefined) continue;
        this.parts.logger.info({ group: id, position }, 'leads a partition');
        services[position] = new PartitionService({
          position,
          primary,
          decisions: decisionsOf(primary),
          rebuilder: reads,
          lease,
          scheduler,
          pieceSizes: this.parts.pieceSizes,
          logger,
          wallMs,
          largestWriteBytes: spec.memory.largestWriteBytes,
          onMadeRoom: (movedBytes, evictions) => {
            metrics.counter('movedBytes', {}).add(movedBytes);
            metrics.counter('evictions', {}).add(evictions);
          },
          onRefused: () => metrics.counter('refusedWrites', {}).add(),
          shortage: () => this.parts.shortage() ?? this.parts.troubles.withoutMember({ group: id, position }),
          onChanged: () => this.pumpLater(),
          giveBack: (pending) => this.parts.giveBack(pending),
        });
      }
    }
  }

  private openGroup(group: number, replica: Replica): LocalGroup {
    const { spec, pool, links, scheduler, logger, metrics, troubles } = this.parts;
    const { k, codec } = spec;
    const self = spec.self.nodeId;
    const questions = new StripeQuestions({
      group,
      memory: spec.memory,
      scheduler,
      send: (to, message) => links.send(to, message),
    });
    const solver = new SegmentSolver({
      group,
      k,
      code: codec,
      pool,
      logger,
      onWrong: (stripe, givers) => {
        metrics.counter('rebuilds', { result: 'wrong' }).add();
        for (const giver of givers) {
          if (giver === self) this.scrubber.suspect(group, stripe);
          else links.send(giver, { type: 'shard-suspect', group, stripe });
        }
      },
    });
    const onRebuilt = (): void => metrics.counter('rebuilds', { result: 'done' }).add();
    const hopeless = (): DcacheError | undefined => troubles.withoutShards(group);
    const onGivenUp = (position: number, segment: Segment): void => sweep.onGivenUp(position, segment);
    const reads = new DegradedReads({
      ...{ onGivenUp, self, group, replica, questions, solver, scheduler, onRebuilt, hopeless },
      memory: spec.memory,
      turns: this.rebuildTurns,
      // While a holder stays away, its segments may take what is free.
      cacheBytes: () => (this.groups.get(group)?.background.isUnderWay === true ? Infinity : REBUILT_BYTES),
    });
    const turns = this.rebuildTurns;
    const check = new StripeCheck({
      self,
      group,
      k,
      replica,
      codec,
      questions,
      solver,
      rebuilder: reads,
      turns,
      logger,
    });
    const scrubbed: ScrubbedGroup = {
      group,
      get isBusy(): boolean {
        return reads.isBusy;
      },
      owing: () => [...new Set(replica.parity?.owed().map(({ number }) => number))],
      stripes: () => check.stripes(),
      check: (stripe) => check.check(stripe),
      refold: (stripe) => check.refold(stripe),
    };
    const { rebuildDelayMs: delayMs } = this.parts;
    const background = new BackgroundRebuild({ group, k, delayMs, replica, reads, scheduler, logger });
    const services: (PartitionService | undefined)[] = [];
    const sweep = new LossSweep({
      k,
      replica,
      reads,
      nowMs: () => scheduler.nowMs(),
      logger,
      primary: (position) => services[position]?.primary,
      onLost: (segments) => {
        metrics.counter('lostSegments', {}).add(segments);
        this.pumpLater();
      },
    });
    const led = (): PartitionService[] => services.filter((service) => service !== undefined);
    const handOver = new HandOver({ group, replica, logger, services: led });
    return { replica, questions, reads, background, sweep, scrubbed, services, handOver, needed: new Set() };
  }

  private *scrubbedGroups(): IterableIterator<ScrubbedGroup> {
    for (const { scrubbed } of this.groups.values()) yield scrubbed;
  }

  /** At once: a degraded read elsewhere never waits for what is applied here. */
  private serveShards(from: GroupMember, { group, requestId, stripe }: ShardRequest, replica: Replica): void {
    const borrowed = replica.shardsOf(stripe);
    const reply: ShardReply = {
      type: 'shard-reply',
      group,
      requestId,
      epoch: replica.epoch,
      data: (borrowed?.data ?? []).map((shard) => ({ ...shard, bytes: shard.bytes.slice() })),
      parity:
        borrowed === undefined || borrowed.parity === null
          ? null
          : { ...borrowed.parity, bytes: borrowed.parity.bytes.slice() },
    };
    this.parts.links.send(from.nodeId, reply);
  }
}
