/**
 * This node's part in one group: which partitions it holds, in which role, and the parity shards if it has a parity position.
 * Roles follow from the cluster map alone (cluster-map.ts, group-roles.ts); this is what the shell talks to.
 *
 * State: by data position nothing, a Receiver (backup or learner) or a Primary, over one PartitionState. Messages: those of
 * messages.ts that name a partition; what is misdirected is told and dropped.
 * Pure: time is an argument, and what is to be done comes out of `takeEffects`.
 */
import { assertNever } from '../base/assert.js';
import type { Group, GroupMember } from '../cluster/cluster-map.js';
import type { DataReport } from '../cluster/heartbeat.js';
import type { Effect } from './effects.js';
import { GroupRoles, type GroupRolesParts } from './group-roles.js';
import type { Append, DataMessage, DataShard, ShardReply } from './messages.js';
import type { ParityShards } from './parity-shards.js';
import type { PartitionState } from './partition-state.js';
import type { Primary } from './primary.js';
import type { LearnerProgress } from './transfer-progress.js';

export type GroupReplicaParts = Omit<GroupRolesParts, 'emit'>;
type PartitionMessage = Exclude<DataMessage, { type: 'shard-request' | 'shard-reply' | 'shard-suspect' }>;
type Shards = Pick<ShardReply, 'data' | 'parity'>;

export class GroupReplica {
  private readonly parts: GroupReplicaParts;
  private group: Group;
  private readonly roles: GroupRoles;
  private letGoEpoch = 0;
  /**
   * By position, the opening Append of an epoch that the map here has not come to: refused, and looked at again when it has, so that
   * the primary need not send it once more before it can serve. As if it had been under way for longer.
   */
  private readonly early = new Map<number, { readonly from: GroupMember; readonly append: Append }>();
  private effects: Effect[] = [];

  constructor(parts: GroupReplicaParts, group: Group) {
    this.parts = parts;
    this.group = group;
    this.roles = new GroupRoles({ ...parts, emit: (effect) => this.emit(effect) }, group);
  }

  /** At a parity position. */
  get parity(): ParityShards | undefined {
    return this.roles.parity;
  }

  get epoch(): number {
    return this.group.epoch;
  }

  get isInSync(): boolean {
    return this.roles.isInSync;
  }

  /** The partition that this node leads, if it does. */
  primary(position: number): Primary | undefined {
    const holding = this.roles.at(position);
    return holding?.role === 'primary' ? holding.primary : undefined;
  }

  /** What this node holds of a partition, in whatever role. */
  state(position: number): PartitionState | undefined {
    return this.roles.state(position);
  }

  /** What is to be done since the last call, in order. */
  takeEffects(): readonly Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  // ------------------------------------------------------------------ inputs

  /** The map has changed. `group` is the same group, at a newer map index. */
  onMap(group: Group): void {
    if (group === this.group) return;
    this.group = group;
    this.roles.take(group);
    this.takeEarly();
  }

  /** The map gives this node no place in the group any more. The replica is not used again: another place means another one. */
  close(): void {
    this.roles.close();
  }

  /** This node answers nothing for the partitions of the group until it applies an epoch above `epoch`. */
  letGo(epoch: number): void {
    if (epoch !== this.group.epoch) return;
    this.letGoEpoch = epoch;
    for (const primary of this.roles.primaries()) primary.letGo(epoch);
    this.emit({ type: 'roles-changed' });
  }

  /** A connection to `peer` stands: what was sent over an earlier one may be lost. */
  onConnected(peer: GroupMember): void {
    for (const primary of this.roles.primaries()) primary.onConnected(peer);
  }

  onDisconnected(peer: GroupMember): void {
    for (const primary of this.roles.primaries()) primary.onDisconnected(peer);
  }

  /** `peer` has another connection to this node, or none any more. */
  onIncoming(peer: GroupMember): void {
    for (const receiver of this.roles.receivers()) receiver.onIncoming(peer);
  }

  onMessage(from: GroupMember, message: PartitionMessage, nowMs: number): void {
    if (message.type === 'append') this.maybeHold(from, message);
    const holding = this.roles.at(message.position);
    if (holding === undefined) {
      this.emit({ type: 'misdirected' });
      if (message.type === 'append') this.replyNotYet(from, message);
      return;
    }
    switch (message.type) {
      case 'append-reply':
        if (holding.role === 'primary') holding.primary.onAppendReply(from, message, nowMs);
        return;
      case 'transfer-kept':
        if (holding.role === 'primary') holding.primary.onTransferKept(from, message, nowMs);
        return;
      case 'transfer-taken':
        if (holding.role === 'primary') holding.primary.onTransferTaken(from, message, nowMs);
        return;
      case 'append':
        if (holding.role === 'receiver') holding.receiver.onAppend(from, message);
        else this.replyNotYet(from, message);
        return;
      case 'transfer-begin':
        if (holding.role === 'receiver') holding.receiver.onTransferBegin(from, message);
        return;
      case 'transfer-segment':
        if (holding.role === 'receiver') holding.receiver.onTransferSegment(from, message);
        return;
      case 'transfer-facts':
        if (holding.role === 'receiver') holding.receiver.onTransferFacts(from, message);
        return;
      case 'transfer-verify':
        if (holding.role === 'receiver') holding.receiver.onTransferVerify(from, message);
        return;
      default:
        assertNever(message, 'partition message');
    }
  }

  /** Sends what there is to send. To be called when a turn's messages and requests are done, and every few milliseconds. */
  flush(nowMs: number): void {
    for (const primary of this.roles.primaries()) primary.flush(nowMs);
  }

  // ------------------------------------------------------------------ shards that are wrong

  /** The parity shard of a stripe here is wrong: it is begun anew with what is here; `parity.owed()` says what it lacks. */
  resetShard(stripe: number): void {
    this.roles.resetShard(stripe);
  }

  // ------------------------------------------------------------------ what others are told

  /** This group's part of a DataReport. */
  report(nowMs: number): Omit<DataReport, 'mapIndex' | 'freeBytes' | 'leaving' | 'refillPaused' | 'damaged'> {
    const { id: group, epoch } = this.group;
    const primaries = [...this.roles.primaries()];
    const broken = new Set(primaries.flatMap((primary) => primary.brokenJoins()));
    if (this.isBroken) broken.add(this.roles.joinIndex);
    const ages = new Map<GroupMember['nodeId'], number>();
    for (const primary of primaries) {
      for (const { peer, sinceMs } of primary.unacknowledged()) {
        ages.set(peer.nodeId, Math.max(ages.get(peer.nodeId) ?? 0, nowMs - sinceMs));
      }
    }
    return {
      letGo: this.letGoEpoch === epoch ? [{ group, epoch }] : [],
      declarations: primaries.flatMap((primary) => primary.declarations()),
      brokenJoins: [...broken].map((joinIndex) => ({ group, joinIndex })),
      unacknowledged: [...ages].map(([nodeId, ageMs]) => ({ nodeId, ageMs })),
      lastIndexes: primaries.length === 0 ? [] : [{ group, index: Math.max(...primaries.map((p) => p.lastIndex)) }],
    };
  }

  /** Learners of the partitions that this node leads. */
  transfers(): readonly LearnerProgress[] {
    return [...this.roles.primaries()].flatMap((primary) => [...primary.transfers()]);
  }

  /** This node has broken off learning because its memory cannot hold what is to come. */
  get lacksMemory(): boolean {
    return [...this.roles.receivers()].some(({ lacksMemory }) => lacksMemory);
  }

  /** Raw segments that are kept from before this node left the group, and no role's. */
  get candidateBytes(): number {
    return this.roles.candidateBytes;
  }

  /** Memory is short: gives up what this node, being out of the group, holds only to be spared a transfer. */
  giveBackKept(): void {
    this.roles.giveBackKept();
  }

  /**
   * All that is here of one stripe, for a degraded read elsewhere; undefined while this node is not in sync. Borrowed: to be
   * copied before anything else happens.
   */
  shardsOf(stripe: number): Shards | undefined {
    if (!this.isInSync) return undefined;
    const data: DataShard[] = [];
    for (let position = 0; position < this.parts.k; position++) {
      const segment = this.state(position)?.store.table.maybe(stripe);
      if (segment === undefined || segment.state === 'open' || !segment.isRaw) continue;
      const { checksum, length } = segment;
      data.push({ position, checksum, bytes: segment.bytes.subarray(0, length) });
    }
    const bytes = this.parity?.shard(stripe);
    if (this.parity === undefined || bytes === undefined) return { data, parity: null };
    const index = this.parity.parityIndex;
    return { data, parity: { index, contributions: this.parity.contributions(stripe), bytes } };
  }

  // ------------------------------------------------------------------ inside

  private get isBroken(): boolean {
    return [...this.roles.receivers()].some(({ isBroken }) => isBroken);
  }

  private maybeHold(from: GroupMember, append: Append): void {
    const opensForBackup = append.joinIndex === 0 && append.entries.length === 0;
    const newest = Math.max(this.group.epoch, this.early.get(append.position)?.append.epoch ?? 0);
    if (opensForBackup && append.epoch > newest) this.early.set(append.position, { from, append });
  }

  private takeEarly(): void {
    for (const [position, { from, append }] of this.early) {
      if (append.epoch > this.group.epoch) continue;
      this.early.delete(position);
      const holding = this.roles.at(position);
      if (append.epoch === this.group.epoch && holding?.role === 'receiver') holding.receiver.onAppend(from, append);
    }
  }

  /** The sender's map has this node in another role: one of both is behind. */
  private replyNotYet(from: GroupMember, message: Extract<DataMessage, { type: 'append' }>): void {
    const { group, position, epoch, joinIndex, prevIndex } = message;
    const status = epoch < this.group.epoch ? 'stale' : 'not-yet';
    this.emit({
      type: 'send',
      to: from.nodeId,
      message: {
        type: 'append-reply',
        group,
        position,
        status,
        epoch,
        joinIndex,
        index: prevIndex,
        appliedIndex: 0,
        freeBytes: 0,
        pressure: this.parts.memory.pressure,
      },
    });
  }

  private emit(effect: Effect): void {
    this.effects.push(effect);
  }
}
