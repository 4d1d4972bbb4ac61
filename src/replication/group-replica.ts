/**
 * This node's part in one group: which partitions it holds, in which role, and the parity shards if it has a parity position.
 * Roles follow from the cluster map alone (cluster-map.ts); this takes them up and lays them down (DESIGN.md sections 6 and 7).
 *
 * State: by data position nothing, a Receiver (backup or learner) or a Primary, over one PartitionState. Messages: those of
 * messages.ts that name a partition; what is misdirected is counted and dropped.
 * I11: a role with data in it is taken up from data only: by a backup, by a complete learner, or where the group begins empty. A
 * primary is never a learner. A node that is out of the group keeps nothing of it.
 *
 * Pure: time is an argument, and what is to be done comes out of `takeEffects`.
 */
import { assert, assertNever } from '../base/assert.js';
import {
  learnersOf,
  membersOf,
  primaryOf,
  roleIn,
  sameMember,
  type Group,
  type GroupMember,
  type PartitionName,
} from '../cluster/cluster-map.js';
import type { DataReport } from '../cluster/heartbeat.js';
import type { ErasureCodec } from '../erasure/erasure-codec.js';
import type { KeyHash } from '../store/key-hash.js';
import { STANDARD_LAYOUT, type SegmentLayout } from '../store/layout.js';
import { PartitionStore } from '../store/partition-store.js';
import type { SlabPool } from '../store/slab-pool.js';
import type { Effect } from './effects.js';
import { EMPTY_HEADER } from './entry-codec.js';
import type { DataMessage, DataShard, ShardReply } from './messages.js';
import { ParityFolds } from './parity-folds.js';
import { ParityShards } from './parity-shards.js';
import { PartitionLog } from './partition-log.js';
import type { PartitionState } from './partition-state.js';
import { Primary, type PartitionConfiguration } from './primary.js';
import { RecordedStore } from './recorded-store.js';
import { Receiver, type ReceiverConfiguration } from './receiver.js';

export interface GroupReplicaParts {
  readonly self: GroupMember;
  readonly k: number;
  readonly m: number;
  readonly hash: KeyHash;
  readonly pool: SlabPool;
  /** Of (k, m). */
  readonly codec: ErasureCodec;
  /** The standard one by default. */
  readonly layout?: SegmentLayout;
  /** For layouts of small segments, in tests. */
  readonly maxKeyBytes?: number;
  /** What this node may still take, told to primaries with every acknowledgement. */
  readonly freeBytes: () => number;
}

type PartitionMessage = Exclude<DataMessage, { type: 'shard-request' | 'shard-reply' }>;
type Shards = Pick<ShardReply, 'data' | 'parity'>;

/** One partition here. */
type Holding =
  | { readonly role: 'primary'; readonly primary: Primary; readonly state: PartitionState }
  | { readonly role: 'receiver'; readonly receiver: Receiver };

export class GroupReplica {
  readonly parity: ParityShards | undefined;
  private readonly parts: GroupReplicaParts;
  private group: Group;
  private readonly holdings: (Holding | undefined)[];
  private readonly folds: readonly (ParityFolds | undefined)[];
  /** Raft index of the attempt to join that this node is in; 0: none. */
  private joinIndex = 0;
  private letGoEpoch = 0;
  private effects: Effect[] = [];
  private misdirectedCount = 0;

  constructor(parts: GroupReplicaParts, group: Group) {
    const { self, k, m, codec, pool } = parts;
    const place = group.holders.indexOf(self.nodeId);
    const layout = parts.layout ?? STANDARD_LAYOUT;
    this.parts = parts;
    this.group = group;
    this.parity = place >= k && m > 0 ? new ParityShards(codec, place - k, layout, pool) : undefined;
    this.holdings = Array.from({ length: k }, () => undefined);
    this.folds = Array.from({ length: k }, (_, position) =>
      this.parity === undefined ? undefined : new ParityFolds(this.parity, position),
    );
    this.takeRoles();
  }

  /** Messages that concerned no role of this node. */
  get misdirected(): number {
    return this.misdirectedCount;
  }

  get epoch(): number {
    return this.group.epoch;
  }

  get isInSync(): boolean {
    return this.group.inSync.some((member) => sameMember(member, this.parts.self));
  }

  /** The partition that this node leads, if it does. */
  primary(position: number): Primary | undefined {
    const holding = this.holdings[position];
    return holding?.role === 'primary' ? holding.primary : undefined;
  }

  /** What this node holds of a partition, in whatever role. */
  state(position: number): PartitionState | undefined {
    const holding = this.holdings[position];
    return holding?.role === 'primary' ? holding.state : holding?.receiver.state;
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
    const hasLost = group.lossGeneration !== this.group.lossGeneration;
    this.group = group;
    // Whatever is here belongs to what was lost, in whatever role.
    if (hasLost) this.dropEverything();
    this.takeRoles();
  }

  /** This node answers nothing for the partitions of the group until it applies an epoch above `epoch`. */
  letGo(epoch: number): void {
    if (epoch !== this.group.epoch) return;
    this.letGoEpoch = epoch;
    for (const primary of this.primaries()) primary.letGo(epoch);
    this.emit({ type: 'roles-changed' });
  }

  /** A connection to `peer` stands: what was sent over an earlier one may be lost. */
  onConnected(peer: GroupMember): void {
    for (const primary of this.primaries()) primary.onConnected(peer);
  }

  onDisconnected(peer: GroupMember): void {
    for (const primary of this.primaries()) primary.onDisconnected(peer);
  }

  /** `peer` has another connection to this node, or none any more. */
  onIncoming(peer: GroupMember): void {
    for (const holding of this.holdings) if (holding?.role === 'receiver') holding.receiver.onIncoming(peer);
  }

  onMessage(from: GroupMember, message: PartitionMessage, nowMs: number): void {
    const holding = this.holdings[message.position];
    if (holding === undefined) {
      this.misdirectedCount++;
      if (message.type === 'append') this.replyNotYet(from, message);
      return;
    }
    switch (message.type) {
      case 'append-reply':
        if (holding.role === 'primary') holding.primary.onAppendReply(from, message, nowMs);
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
      case 'transfer-verify':
        if (holding.role === 'receiver') holding.receiver.onTransferVerify(from, message);
        return;
      default:
        assertNever(message, 'partition message');
    }
  }

  /** Sends what there is to send. To be called when a turn's messages and requests are done, and every few milliseconds. */
  flush(nowMs: number): void {
    for (const primary of this.primaries()) primary.flush(nowMs);
  }

  // ------------------------------------------------------------------ what others are told

  /** This group's part of a DataReport. */
  report(nowMs: number): Omit<DataReport, 'mapIndex' | 'freeBytes'> {
    const { id: group, epoch } = this.group;
    const primaries = [...this.primaries()];
    const broken = new Set(primaries.flatMap((primary) => primary.brokenJoins()));
    if (this.isBroken) broken.add(this.joinIndex);
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

  // ------------------------------------------------------------------ roles

  private takeRoles(): void {
    const { group } = this;
    const { self, k } = this.parts;
    const joinIndex = group.joining.find((member) => sameMember(member, self))?.joinIndex ?? 0;
    // Whoever is out, or begins to learn once more, begins with nothing.
    if (!this.isInSync && (joinIndex === 0 || joinIndex !== this.joinIndex)) this.dropEverything();
    this.joinIndex = joinIndex;
    for (let position = 0; position < k; position++) this.takeRole(position);
    this.emit({ type: 'roles-changed' });
  }

  private takeRole(position: number): void {
    const { group } = this;
    const { self, k } = this.parts;
    const role = roleIn(group, k, position, self);
    const holding = this.holdings[position];
    switch (role) {
      case 'none':
        this.drop(position);
        return;
      case 'primary':
        if (holding?.role === 'primary') holding.primary.onConfiguration(this.partitionConfiguration(position));
        else this.becomePrimary(position, holding?.receiver);
        return;
      case 'backup':
      case 'learner':
        if (holding?.role === 'receiver') holding.receiver.onConfiguration(this.receiverConfiguration(position));
        else this.becomeReceiver(position, holding);
        return;
      default:
        assertNever(role, 'role');
    }
  }

  private becomePrimary(position: number, receiver: Receiver | undefined): void {
    // A learner that comes in sync as primary is a backup for the moment in between.
    receiver?.onConfiguration({ ...this.receiverConfiguration(position), joinIndex: 0 });
    const state = receiver === undefined ? this.emptyState() : receiver.state;
    assert(state !== undefined, 'a primary has been a backup or a complete learner');
    const primary = new Primary(
      {
        name: this.name(position),
        state,
        folds: this.folds[position],
        newStore: () => new RecordedStore(state, this.parts.maxKeyBytes),
        emit: (effect) => this.emit(effect),
      },
      this.partitionConfiguration(position),
    );
    this.holdings[position] = { role: 'primary', primary, state };
  }

  private becomeReceiver(position: number, before: Extract<Holding, { role: 'primary' }> | undefined): void {
    const configuration = this.receiverConfiguration(position);
    const folds = this.folds[position];
    before?.primary.resign();
    // What an acting primary has kept raw beside its parity shard was a cache.
    if (before !== undefined) folds?.dropFoldedBytes(before.state.store);
    const state = configuration.joinIndex > 0 ? undefined : (before?.state ?? this.emptyState());
    const receiver = new Receiver(
      {
        name: this.name(position),
        folds,
        newStore: () => this.newStore(),
        freeBytes: () => this.parts.freeBytes(),
        emit: (effect) => this.emit(effect),
      },
      configuration,
      state,
    );
    this.holdings[position] = { role: 'receiver', receiver };
  }

  private partitionConfiguration(position: number): PartitionConfiguration {
    const { group } = this;
    const { self, k } = this.parts;
    return {
      epoch: group.epoch,
      backups: membersOf(group, k, position).filter((member) => !sameMember(member, self)),
      learners: learnersOf(group, k, position),
      versionFloor: group.versionFloor,
    };
  }

  private receiverConfiguration(position: number): ReceiverConfiguration {
    return { epoch: this.group.epoch, primary: primaryOf(this.group, position), joinIndex: this.joinIndex };
  }

  /** Only where the group itself begins empty: this process life is in sync without ever having learnt. */
  private emptyState(): PartitionState {
    const { logStart } = this.group;
    return {
      store: this.newStore(),
      log: new PartitionLog(logStart, 0),
      appliedIndex: logStart,
      header: EMPTY_HEADER,
    };
  }

  private newStore(): PartitionStore {
    const { pool, hash, layout } = this.parts;
    return new PartitionStore(pool, layout ?? STANDARD_LAYOUT, hash);
  }

  private dropEverything(): void {
    this.joinIndex = 0;
    for (let position = 0; position < this.parts.k; position++) this.drop(position);
    this.parity?.clear();
  }

  private drop(position: number): void {
    this.primary(position)?.abandon();
    this.state(position)?.store.clear();
    this.holdings[position] = undefined;
  }

  // ------------------------------------------------------------------ inside

  private get isBroken(): boolean {
    return this.holdings.some((holding) => holding?.role === 'receiver' && holding.receiver.isBroken);
  }

  private *primaries(): IterableIterator<Primary> {
    for (const holding of this.holdings) if (holding?.role === 'primary') yield holding.primary;
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
        freeBytes: this.parts.freeBytes(),
      },
    });
  }

  private name(position: number): PartitionName {
    return { group: this.group.id, position };
  }

  private emit(effect: Effect): void {
    this.effects.push(effect);
  }
}
