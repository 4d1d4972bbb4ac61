/**
 * The roles of this node in one group, as the cluster map gives them: takes them up and lays them down (DESIGN.md sections 6
 * and 7). Owned by GroupReplica, which feeds whoever holds a role.
 *
 * I11: a role with data in it is taken up from data only: by a backup, by a complete learner, or where the group begins empty. A
 * primary is never a learner. A node that is out of the group, or begins to learn once more, keeps bytes that need not be sent again
 * (kept-segments.ts), and nothing of it is known to be current.
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
} from '../cluster/cluster-map.js';
import type { ErasureCodec } from '../erasure/erasure-codec.js';
import type { KeyHash } from '../store/key-hash.js';
import { STANDARD_LAYOUT, type SegmentLayout } from '../store/layout.js';
import { PartitionStore } from '../store/partition-store.js';
import type { Effect } from './effects.js';
import { costOfEntry } from './entry-cost.js';
import { EMPTY_HEADER } from './entry-codec.js';
import { KeptShards } from './kept-shards.js';
import type { KeptSegments } from './kept-segments.js';
import type { NodeMemory } from './node-memory.js';
import { ParityFolds } from './parity-folds.js';
import { ParityShards } from './parity-shards.js';
import { PartitionLog } from './partition-log.js';
import type { PartitionState } from './partition-state.js';
import { Primary, type PartitionConfiguration } from './primary.js';
import { RecordedStore } from './recorded-store.js';
import { Receiver, type ReceiverConfiguration } from './receiver.js';
import { SegmentCandidates } from './segment-candidates.js';
import { TransferPace } from './transfer-pace.js';

export interface GroupRolesParts {
  readonly self: GroupMember;
  readonly k: number;
  readonly m: number;
  readonly hash: KeyHash;
  /** Of (k, m). */
  readonly codec: ErasureCodec;
  /** The standard one by default. */
  readonly layout?: SegmentLayout;
  /** For layouts of small segments, in tests. */
  readonly maxKeyBytes?: number;
  /** Of the node: what it holds and may still take. */
  readonly memory: NodeMemory;
  /** Of all groups of this node together; without a limit by default. */
  readonly pace?: TransferPace;
  readonly emit: (effect: Effect) => void;
}

/** One partition here. */
export type Holding =
  | { readonly role: 'primary'; readonly primary: Primary; readonly state: PartitionState }
  | { readonly role: 'receiver'; readonly receiver: Receiver };

export class GroupRoles {
  /** At a parity position. */
  readonly parity: ParityShards | undefined;
  private readonly parts: GroupRolesParts;
  private group: Group;
  /** By data position. */
  private readonly holdings: (Holding | undefined)[];
  private readonly folds: readonly (ParityFolds | undefined)[];
  /** At a parity position. */
  private readonly keptShards: KeptShards | undefined;
  /** At a data position, of that partition. */
  private readonly candidates = new SegmentCandidates();
  private attempt = 0;
  /** Position that this node holds. */
  private readonly place: number;

  constructor(parts: GroupRolesParts, group: Group) {
    const { self, k, m, codec, memory } = parts;
    const place = group.holders.indexOf(self.nodeId);
    const layout = parts.layout ?? STANDARD_LAYOUT;
    this.parts = parts;
    this.group = group;
    this.place = place;
    this.parity = place >= k && m > 0 ? new ParityShards(codec, place - k, layout, memory.pool) : undefined;
    this.keptShards = this.parity && new KeptShards(this.parity, k);
    this.holdings = Array.from({ length: k }, () => undefined);
    this.folds = Array.from({ length: k }, (_, position) =>
      this.parity === undefined ? undefined : new ParityFolds(this.parity, position),
    );
    memory.join(this);
    this.take(group);
  }

  /** Memory held for the group, beside blocks of the pool. */
  get heldBytes(): number {
    let bytes = this.parity?.overheadBytes ?? 0;
    for (const holding of this.holdings) {
      const state = holding?.role === 'primary' ? holding.state : holding?.receiver.state;
      if (state === undefined) continue;
      bytes += state.store.index.heldBytes + state.store.table.overheadBytes + state.log.heldBytes;
      if (holding?.role === 'primary') bytes += holding.primary.frameBytes;
    }
    return bytes;
  }

  /** Memory that the group may come to take by what is promised: open segments grow, entries arrive and are applied. */
  get promisedBytes(): number {
    let bytes = 0;
    for (const holding of this.holdings) {
      if (holding === undefined) continue;
      const state = holding.role === 'primary' ? holding.state : holding.receiver.state;
      bytes += state?.store.table.openGrowthBytes ?? 0;
      bytes += holding.role === 'primary' ? holding.primary.promisedBytes : holding.receiver.promisedBytes;
    }
    return bytes;
  }

  /** Raft index of the attempt to join that this node is in; 0: none. */
  get joinIndex(): number {
    return this.attempt;
  }

  get isInSync(): boolean {
    return this.group.inSync.some((member) => sameMember(member, this.parts.self));
  }

  /** Memory of what is kept for the next attempt to learn, or for this one, beside parity shards. */
  get candidateBytes(): number {
    return this.candidates.heldBytes;
  }

  at(position: number): Holding | undefined {
    return this.holdings[position];
  }

  *primaries(): IterableIterator<Primary> {
    for (const holding of this.holdings) if (holding?.role === 'primary') yield holding.primary;
  }

  *receivers(): IterableIterator<Receiver> {
    for (const holding of this.holdings) if (holding?.role === 'receiver') yield holding.receiver;
  }

  /** What this node holds of a partition, in whatever role. */
  state(position: number): PartitionState | undefined {
    const holding = this.holdings[position];
    return holding?.role === 'primary' ? holding.state : holding?.receiver.state;
  }

  /** The shard of a stripe is wrong: begins it anew with what is here raw. The rest is owed. */
  resetShard(number: number): void {
    this.parity?.reset(number);
    for (let position = 0; position < this.parts.k; position++) {
      const state = this.state(position);
      if (state !== undefined) this.folds[position]?.refoldRaw(state.store);
    }
  }

  /** Takes up and lays down what the group's map says by now. */
  take(group: Group): void {
    const hasBegunAnew = this.beginsAnew(group);
    const hasLost = group.lossGeneration !== this.group.lossGeneration;
    const { self, k } = this.parts;
    const place = group.holders.indexOf(self.nodeId);
    assert(
      place < 0 || place === this.place,
      'a replica has one place in its group: whoever gets another one begins with another replica',
    );
    this.group = group;
    const joinIndex = group.joining.find((member) => sameMember(member, self))?.joinIndex ?? 0;
    const isOutOrAnew = !this.isInSync && (joinIndex === 0 || joinIndex !== this.attempt || hasLost);
    if (hasBegunAnew || isOutOrAnew) this.layDown();
    // It belongs to what was lost, in whatever role, or will never be of use again.
    const isKeptOver = hasBegunAnew || (hasLost && !this.isInSync) || !group.holders.includes(self.nodeId);
    if (isKeptOver) this.giveUpKept();
    if (joinIndex > 0 && joinIndex !== this.attempt) this.keptShards?.begin();
    this.attempt = joinIndex;
    for (let position = 0; position < k; position++) this.takeRole(position);
    // What was listed has been taken in; the rest is of no use.
    if (this.isInSync) this.candidates.clear();
    this.parts.emit({ type: 'roles-changed' });
  }

  /** Gives memory back that this node, while it has no part in the group, holds only to be spared a transfer. */
  giveBackKept(): void {
    if (!this.isInSync && this.attempt === 0) this.giveUpKept();
  }

  /** This node holds no place of the group any more, and nothing of it. */
  close(): void {
    assert(!this.group.holders.includes(this.parts.self.nodeId), 'a holder has a part in its group');
    this.parts.memory.leave(this);
  }

  /**
   * Whether a partition that this node may hold something of has begun empty since. Where it lies between the two maps does not matter: a
   * survivor's own partition never begins empty, and no survivor has a parity position of a group in which one does.
   */
  private beginsAnew({ holders, logStarts }: Group): boolean {
    const place = holders.indexOf(this.parts.self.nodeId);
    return logStarts.some(
      (start, position) => start !== this.group.logStarts[position] && (place === position || place >= this.parts.k),
    );
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
    const state = receiver === undefined ? this.emptyState(position) : receiver.state;
    assert(state !== undefined, 'a primary has been a backup or a complete learner');
    const primary = new Primary(
      {
        name: { group: this.group.id, position },
        state,
        folds: this.folds[position],
        leads: (other) => this.holdings[other]?.role === 'primary',
        newStore: () => new RecordedStore(state, this.parts.maxKeyBytes),
        memory: this.parts.memory,
        pace: this.parts.pace ?? new TransferPace(),
        emit: this.parts.emit,
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
    if (before !== undefined) folds?.dropSealedBytes(before.state.store);
    const state = configuration.joinIndex > 0 ? undefined : (before?.state ?? this.emptyState(position));
    const receiver = new Receiver(
      {
        name: { group: this.group.id, position },
        folds,
        kept: this.keptAt(position),
        newStore: () => this.newStore(),
        newLog: (index, epoch) => this.newLog(index, epoch),
        memory: this.parts.memory,
        emit: this.parts.emit,
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
    return { epoch: this.group.epoch, primary: primaryOf(this.group, position), joinIndex: this.attempt };
  }

  /** Only where the partition itself begins empty: this process life is in sync without ever having learnt. */
  private emptyState(position: number): PartitionState {
    const logStart = this.group.logStarts[position];
    assert(logStart !== undefined, 'the log of every partition begins somewhere');
    return {
      store: this.newStore(),
      log: this.newLog(logStart, 0),
      appliedIndex: logStart,
      header: EMPTY_HEADER,
    };
  }

  private newStore(): PartitionStore {
    const { memory, hash, layout } = this.parts;
    return new PartitionStore(memory.pool, layout ?? STANDARD_LAYOUT, hash);
  }

  private newLog(index: number, epoch: number): PartitionLog {
    const { memory, layout = STANDARD_LAYOUT } = this.parts;
    return new PartitionLog(index, epoch, memory.isLimited ? (bytes) => costOfEntry(bytes, layout) : undefined);
  }

  private keptAt(position: number): KeptSegments {
    return this.keptShards?.at(position) ?? this.candidates;
  }

  /** Every role, and all that is known; bytes are kept. */
  private layDown(): void {
    this.attempt = 0;
    for (let position = 0; position < this.parts.k; position++) this.drop(position);
    this.parity?.forgetOwed();
  }

  private giveUpKept(): void {
    this.candidates.clear();
    this.parity?.clear();
  }

  private drop(position: number): void {
    const holding = this.holdings[position];
    if (holding === undefined) return;
    if (holding.role === 'primary') holding.primary.abandon();
    const store = this.state(position)?.store;
    if (store !== undefined && this.parity === undefined) this.candidates.keep(store);
    store?.clear();
    this.holdings[position] = undefined;
  }
}
