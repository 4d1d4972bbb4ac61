/**
 * One group of real GroupReplicas for random interleavings: links that deliver in order and break, a map that reaches each node in
 * its own time, nodes that crash and come back empty, or are short of memory for a moment, writes at whoever serves. Everything follows from the seed. There is no
 * lease here: a node that leaves the group has crashed, or has let go.
 */
import { assert } from '../../src/base/assert.js';
import type { Incarnation, NodeId } from '../../src/base/ids.js';
import { Prng } from '../../src/base/prng.js';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import {
  EMPTY_MAP,
  membersOf,
  primaryOf,
  sameMember,
  type ClusterMap,
  type GroupMember,
} from '../../src/cluster/cluster-map.js';
import type { AttributedDeclaration, MapCommand } from '../../src/cluster/map-commands.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { planRebuilds, positionsIn } from '../../src/recovery/rebuild-plan.js';
import { GroupReplica } from '../../src/replication/group-replica.js';
import type { Primary } from '../../src/replication/primary.js';
import type { Append, AppendReply, Contribution, DataMessage } from '../../src/replication/messages.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { SegmentLayout } from '../../src/store/layout.js';
import type { Segment } from '../../src/store/segment.js';
import { neededFor } from '../../src/store/segments-needed.js';
import { unlimitedMemory } from '../support/unlimited-memory.js';
import { hashOfPartition } from '../../src/store/state-hash.js';

const LAYOUT = new SegmentLayout([{ count: 0xffff, bytes: 4096 }]);

interface Link {
  readonly queue: DataMessage[];
  up: boolean;
  /** Nothing arrives before this step, though the connection stands. */
  stalledUntil: number;
}

interface WorldNode {
  readonly nodeId: NodeId;
  /** Undefined while it is down. */
  self: GroupMember | undefined;
  replica: GroupReplica | undefined;
  /** How many maps it has applied. */
  mapIndex: number;
}

/** A message that arrived, and between which process lives. */
interface Delivered {
  readonly from: GroupMember;
  readonly to: GroupMember;
  readonly message: Append | AppendReply;
}

const DELIVERED_KEPT = 400;
const TURNS_PER_WRITE = 12;
/** Of so many questions for room, one finds none while memory is fitful. */
const ROOM_ONE_IN = 10;

interface PendingWrite {
  readonly position: number;
  readonly index: number;
  readonly key: string;
  readonly value: string | undefined;
  /** Whose promise it is: ended by the end of this office, with an unknown outcome. */
  readonly by: Primary;
}

export class GroupWorld {
  readonly k: number;
  readonly m: number;
  readonly prng: Prng;
  readonly nodes: WorldNode[];
  readonly maps: ClusterMap[] = [EMPTY_MAP];
  nowMs = 1_000_000;
  readonly counts = {
    writes: 0,
    committed: 0,
    failovers: 0,
    joins: 0,
    promotions: 0,
    resets: 0,
    rebuilds: 0,
    /** Members that were taken out and kept their memory. */
    outings: 0,
    /** Segments that learners were sent, and that they had already, raw and folded. */
    sent: 0,
    keptRaw: 0,
    keptFolded: 0,
    /** Segments that came to a process life which had taken the same bytes in before. */
    sentAgain: 0,
    shardResets: 0,
  };
  /** What was acknowledged, by position and key; several where an outcome is unknown. */
  readonly expected = new Map<string, Set<string | undefined>>();
  /** Whether memory is short for a moment now and then; only learners ask for room. */
  private isRoomFitful = false;
  private readonly roomPrng: Prng;
  private readonly codec: ErasureCodec;
  private readonly links = new Map<string, Link>();
  private pending: PendingWrite[] = [];
  /** Bytes of committed entries, by position and index. */
  private readonly committed = new Map<string, Uint8Array>();
  private incarnations = 0;
  private steps = 0;
  private readonly delivered: Delivered[] = [];
  private readonly takenIn = new Set<string>();

  constructor(seed: number, k: number, m: number) {
    this.k = k;
    this.m = m;
    this.prng = new Prng(seed);
    this.roomPrng = new Prng(seed);
    this.codec = new ErasureCodec(erasureCode(k, m), loopKernel);
    this.nodes = Array.from({ length: k + m }, (_, i) => ({
      nodeId: `n${i + 1}` as NodeId,
      self: undefined,
      replica: undefined,
      mapIndex: 0,
    }));
    for (const node of this.nodes) this.start(node);
    this.command({
      type: 'create-groups',
      k,
      m,
      groups: [this.nodes.map(({ nodeId }) => nodeId)],
      members: this.nodes.flatMap(({ self }) => self ?? []),
    });
  }

  get map(): ClusterMap {
    return this.maps.at(-1) ?? EMPTY_MAP;
  }

  get group(): ClusterMap['groups'][number] {
    const group = this.map.groups[0];
    if (group === undefined) assert(false, 'there is a group');
    return group;
  }

  // ------------------------------------------------------------------ steps

  /** One random thing happens. */
  step(mishaps: boolean): void {
    this.steps++;
    this.isRoomFitful = mishaps;
    this.nowMs += this.prng.below(5);
    const what = this.prng.below(1010);
    if (what < 480) this.deliverOne();
    else if (what < 640) this.write(this.prng.below(this.k));
    else if (what < 760) this.advanceMap(this.prng.pick(this.nodes));
    else if (what < 900) this.flush(this.prng.pick(this.nodes));
    else if (what < 960) this.plan();
    else if (!mishaps) this.connectSome();
    else if (what < 970) this.connectSome();
    else if (what < 976) this.resetSome();
    else if (what < 978) this.crashSome();
    else if (what < 984) this.restartSome();
    else if (what < 987) this.takeSomeOut();
    else if (what < 990) this.stallSome();
    else if (what < 1000) this.deliverAgain();
    else if (what < 1006) this.resetSomeShard();
    else this.refoldSome();
  }

  /** Everything goes well until nothing happens any more. */
  settle(rounds = 4000): void {
    this.isRoomFitful = false;
    for (const link of this.links.values()) link.stalledUntil = 0;
    for (let round = 0; round < rounds; round++) {
      this.nowMs += 5;
      for (const node of this.nodes) {
        if (node.self === undefined) this.start(node);
        this.advanceMap(node);
      }
      this.connectAll();
      for (const node of this.nodes) this.flush(node);
      this.refoldSome();
      let budget = 200;
      while (budget-- > 0 && this.deliverOne());
      this.plan();
      if (round % 10 === 9 && this.isSettled()) return;
    }
    throw new Error(`the group did not settle: ${JSON.stringify(this.group)}`);
  }

  /** Whether somebody has declared that a learner holds everything. */
  get hasDeclaration(): boolean {
    return this.nodes.some(({ replica }) => (replica?.report(this.nowMs).declarations ?? []).length > 0);
  }

  /** Nothing goes wrong, one message at a time, until `isDone` says so; it is told how many have been delivered. */
  run(isDone: (delivered: number) => boolean): number {
    let delivered = 0;
    for (let round = 0; round < 4000; round++) {
      if (isDone(delivered)) return delivered;
      this.plan();
      if (this.turn()) delivered++;
    }
    throw new Error(`the run did not end: ${JSON.stringify(this.group)}`);
  }

  /** Writes, while the map stays as it is. @param onTurn called before each turn, with how many there have been; true ends the writes. */
  writeSome(count: number, onTurn: (turns: number) => boolean = () => false): void {
    let turns = 0;
    for (let i = 0; i < count; i++) {
      this.write(i % this.k);
      for (let turn = 0; turn < TURNS_PER_WRITE; turn++) {
        if (onTurn(turns++)) return;
        this.turn();
      }
    }
  }

  /** Everybody does what it would do in a moment, and one message is delivered, if there is one. */
  private turn(): boolean {
    this.nowMs += 1;
    for (const node of this.nodes) {
      if (node.self === undefined) this.start(node);
      this.advanceMap(node);
    }
    this.connectAll();
    for (const node of this.nodes) this.flush(node);
    return this.deliverOne();
  }

  isSettled(): boolean {
    if (this.group.inSync.length < this.k + this.m || this.group.joining.length > 0) return false;
    for (let position = 0; position < this.k; position++) {
      const primary = this.primaryNode(position)?.replica?.primary(position);
      if (primary?.serving !== true || primary.commitIndex < primary.lastIndex) return false;
      for (const { replica } of this.nodes) {
        const state = replica?.state(position);
        if (state !== undefined && state.appliedIndex < primary.commitIndex) return false;
      }
    }
    if (this.nodes.some(({ replica }) => (replica?.parity?.owed().length ?? 0) > 0)) return false;
    return [...this.links.values()].every(({ queue }) => queue.length === 0);
  }

  write(position: number): void {
    const node = this.primaryNode(position);
    const primary = node?.replica?.primary(position);
    if (node?.self === undefined || primary?.serving !== true || primary.isFull) return;
    const key = `key-${this.prng.below(20)}`;
    const isDelete = this.prng.below(6) === 0;
    const value = isDelete ? undefined : `${this.counts.writes}`.padEnd(this.prng.pick([8, 60, 300, 900, 9000]), '.');
    const bytes = new TextEncoder().encode(key);
    // A key that may lie in a folded segment has to be read from there first.
    if (!this.settleKey(node, position, bytes)) return;
    const { index } = primary.change(() =>
      value === undefined
        ? primary.store.delete(bytes, this.nowMs)
        : primary.store.set(bytes, new TextEncoder().encode(value), primary.lastIndex + 1, this.nowMs),
    );
    this.counts.writes++;
    if (index === 0) return;
    this.pending.push({ position, index, key, value, by: primary });
    const name = `${position} ${key}`;
    const outcomes = this.expected.get(name) ?? new Set([undefined]);
    outcomes.add(value);
    this.expected.set(name, outcomes);
    this.carryOut(node);
  }

  private flush(node: WorldNode): void {
    node.replica?.flush(this.nowMs);
    this.carryOut(node);
  }

  advanceMap(node: WorldNode): void {
    if (node.self === undefined || node.mapIndex >= this.maps.length - 1) return;
    node.mapIndex++;
    const group = this.maps[node.mapIndex]?.groups[0];
    if (group === undefined) return;
    if (node.replica === undefined) {
      const memory = unlimitedMemory();
      memory.hasRoom = () => !this.isRoomFitful || this.roomPrng.below(ROOM_ONE_IN) > 0;
      const hash = new SipKeyHash({ low: 1, high: 2 });
      const { self, k, m, codec } = { ...this, self: node.self };
      node.replica = new GroupReplica({ self, k, m, hash, memory, codec, layout: LAYOUT, maxKeyBytes: 100 }, group);
      for (const peer of this.nodes) {
        if (peer.self !== undefined && this.link(node, peer).up) node.replica.onConnected(peer.self);
      }
    } else node.replica.onMap(group);
    this.carryOut(node);
  }

  // ------------------------------------------------------------------ links

  private link(from: WorldNode, to: WorldNode): Link {
    const name = `${from.nodeId} ${to.nodeId}`;
    const found = this.links.get(name) ?? { queue: [], up: false, stalledUntil: 0 };
    this.links.set(name, found);
    return found;
  }

  private deliverOne(): boolean {
    const busy = this.pairs().filter(({ link }) => link.queue.length > 0 && link.stalledUntil <= this.steps);
    if (busy.length === 0) return false;
    const { from, to, link } = this.prng.pick(busy);
    const message = link.queue.shift();
    assert(message !== undefined && from.self !== undefined, 'a busy link has a message');
    if (message.type === 'shard-request' || message.type === 'shard-reply' || message.type === 'shard-suspect')
      return true;
    to.replica?.onMessage(from.self, structuredClone(message), this.nowMs);
    this.countSegments(to, message);
    this.carryOut(to);
    if (to.self !== undefined && (message.type === 'append-reply' || message.type === 'append')) {
      const delivered = { from: from.self, to: to.self, message };
      if (this.delivered.length < DELIVERED_KEPT) this.delivered.push(delivered);
      else this.delivered[this.prng.below(DELIVERED_KEPT)] = delivered;
    }
    return true;
  }

  /** Something that has been delivered comes once more, perhaps epochs later; links do not do that, but nothing may rest on it. */
  private deliverAgain(): void {
    if (this.delivered.length === 0) return;
    const tempting = this.delivered.filter((delivered) => this.isTempting(delivered));
    const { from, to, message } = this.prng.pick(tempting.length > 0 ? tempting : this.delivered);
    const sender = this.nodes.find(({ self }) => self !== undefined && sameMember(self, from));
    const receiver = this.nodes.find(({ self }) => self !== undefined && sameMember(self, to));
    // What breaks a learner's stream costs it the attempt, and would keep it from ever arriving.
    if (sender === undefined || receiver === undefined || message.joinIndex > 0) return;
    receiver.replica?.onMessage(from, structuredClone(message), this.nowMs);
    this.carryOut(receiver);
  }

  /** Of an earlier epoch, and about what is not committed yet at its receiver: it must not be counted, or taken. */
  private isTempting({ to, message }: Delivered): boolean {
    if (message.joinIndex > 0) return false;
    const replica = this.nodes.find(({ self }) => self !== undefined && sameMember(self, to))?.replica;
    if (replica === undefined || message.epoch >= replica.epoch) return false;
    if (message.type === 'append') {
      const applied = replica.state(message.position)?.appliedIndex ?? Infinity;
      return message.prevIndex + message.entries.length > applied;
    }
    const primary = replica.primary(message.position);
    return primary !== undefined && message.index > primary.commitIndex && message.index <= primary.lastIndex;
  }

  private pairs(): { from: WorldNode; to: WorldNode; link: Link }[] {
    const up = this.nodes.filter(({ self }) => self !== undefined);
    return up.flatMap((from) => up.filter((to) => to !== from).map((to) => ({ from, to, link: this.link(from, to) })));
  }

  private connectAll(): void {
    for (const { from, to, link } of this.pairs()) if (!link.up) this.connect(from, to, link);
  }

  private connectSome(): void {
    const broken = this.pairs().filter(({ link }) => !link.up);
    if (broken.length === 0) return;
    const { from, to, link } = this.prng.pick(broken);
    this.connect(from, to, link);
  }

  private connect(from: WorldNode, to: WorldNode, link: Link): void {
    assert(from.self !== undefined && to.self !== undefined, 'both ends are up');
    link.up = true;
    link.stalledUntil = 0;
    to.replica?.onIncoming(from.self);
    from.replica?.onConnected(to.self);
    this.carryOut(from);
    this.carryOut(to);
  }

  /** As TCP does when a peer or the path to it is held up: all of it comes later. */
  private stallSome(): void {
    const pairs = this.pairs();
    if (pairs.length === 0) return;
    const { link } = this.prng.pick(pairs);
    link.stalledUntil = this.steps + this.prng.below(1500);
  }

  private resetSome(): void {
    const working = this.pairs().filter(({ link }) => link.up);
    if (working.length === 0) return;
    const { from, to } = this.prng.pick(working);
    this.counts.resets++;
    this.reset(from, to);
  }

  resetLinksOf(place: number): void {
    const node = this.at(place);
    for (const peer of this.nodes) {
      this.reset(node, peer);
      this.reset(peer, node);
    }
  }

  private at(place: number): WorldNode {
    const node = this.nodes[place];
    assert(node !== undefined, 'a node has a place');
    return node;
  }

  private reset(from: WorldNode, to: WorldNode): void {
    const link = this.link(from, to);
    if (!link.up) return;
    link.up = false;
    link.queue.length = 0;
    if (to.self !== undefined) from.replica?.onDisconnected(to.self);
    if (from.self !== undefined) to.replica?.onIncoming(from.self);
    this.carryOut(from);
    this.carryOut(to);
  }

  // ------------------------------------------------------------------ lives

  private start(node: WorldNode): void {
    node.self = { nodeId: node.nodeId, incarnation: ++this.incarnations as Incarnation };
    node.replica = undefined;
    node.mapIndex = 0;
  }

  private restartSome(): void {
    const down = this.nodes.filter(({ self }) => self === undefined);
    if (down.length > 0) this.start(this.prng.pick(down));
  }

  /** Never more than m memories lost at a time. */
  private crashSome(): void {
    this.crash(this.prng.below(this.nodes.length));
  }

  /** Not if too much would be lost. @param place from 0 */
  crash(place: number): void {
    const node = this.at(place);
    if (node.self === undefined || !this.mayLose(node)) return;
    this.counts.failovers++;
    for (const peer of this.nodes) {
      this.reset(node, peer);
      this.reset(peer, node);
    }
    node.self = undefined;
    node.replica = undefined;
  }

  /** Whoever owes segments to its shards counts as lost: the two come to the same for a stripe. */
  private mayLose(node: WorldNode): boolean {
    const living = this.group.inSync.filter((member) =>
      this.nodes.some(({ self, replica }) => {
        return self !== undefined && sameMember(self, member) && (replica?.parity?.owed().length ?? 0) === 0;
      }),
    );
    return living.filter(({ nodeId }) => nodeId !== node.nodeId).length >= this.k;
  }

  // ------------------------------------------------------------------ wrong shards

  /** As a scrub does that has found a shard wrong; or an acting primary, of which some owe nothing after that. */
  private resetSomeShard(): void {
    const node = this.prng.pick(this.nodes);
    const { parity } = node.replica ?? {};
    const isInSync = this.group.inSync.some((member) => node.self !== undefined && sameMember(member, node.self));
    if (parity === undefined || !isInSync || node.replica?.isInSync !== true || !this.mayLose(node)) return;
    const position = this.prng.below(this.k);
    const numbers = parity.listings(position).map(({ number }) => number);
    if (numbers.length === 0) return;
    this.counts.shardResets++;
    node.replica.resetShard(this.prng.pick(numbers));
  }

  /** A bit flips in each segment in this state that node `place` has raw of `position`. Returns them. */
  flipBits(place: number, position: number, wanted: 'open' | 'sealed'): readonly Segment[] {
    const segments = [...(this.at(place).replica?.state(position)?.store.table.all() ?? [])];
    const flipped = segments.filter(({ state, isRaw, length }) => state === wanted && isRaw && length > 0);
    for (const { bytes, length } of flipped) {
      const at = this.prng.below(length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.prng.below(8));
    }
    return flipped;
  }

  /** Every node that owes something folds one segment in, if anybody has what is needed for it. */
  private refoldSome(): void {
    for (const node of this.nodes) {
      const { parity } = node.replica ?? {};
      const owed = parity?.owed() ?? [];
      if (parity === undefined || owed.length === 0) continue;
      const { position, number, checksum } = this.prng.pick(owed);
      const length = node.replica?.state(position)?.store.table.get(number).length;
      assert(length !== undefined, 'what is owed is a segment of the store');
      const bytes = this.obtain(position, number, checksum);
      if (bytes === undefined) continue;
      assert(parity.refold(position, number, bytes.subarray(0, length), checksum), 'what was obtained is folded in');
    }
  }

  // ------------------------------------------------------------------ the map

  private command(command: MapCommand): void {
    const next = applyMapCommand(this.map, command, this.maps.length);
    if (next !== this.map) this.maps.push(next);
  }

  /** What a planner would do next, in a random order. */
  private plan(): void {
    const { group } = this;
    const { id, epoch } = group;
    for (const member of group.inSync) {
      if (this.nodes.some(({ self }) => self !== undefined && sameMember(self, member))) continue;
      this.command({ type: 'remove', group: id, epoch, member });
      return;
    }
    const reports = this.nodes.flatMap(({ replica }) => replica?.report(this.nowMs) ?? []);
    const brokenJoins = new Set(reports.flatMap((report) => report.brokenJoins.map(({ joinIndex }) => joinIndex)));
    for (const { self } of this.nodes) {
      if (self === undefined) continue;
      const inSync = group.inSync.some(({ nodeId }) => nodeId === self.nodeId);
      const joining = group.joining.find((member) => sameMember(member, self));
      const earlier = group.joining.find(({ nodeId }) => nodeId === self.nodeId);
      const broken = joining !== undefined && brokenJoins.has(joining.joinIndex);
      if (!inSync && (joining === undefined || broken)) {
        this.counts.joins++;
        this.command({ type: 'join', group: id, epoch, member: self, replaces: earlier?.joinIndex ?? 0 });
        return;
      }
    }
    for (const gone of group.joining) {
      if (this.nodes.some(({ self }) => self !== undefined && sameMember(self, gone))) continue;
      this.command({ type: 'stop-joining', group: id, member: gone, joinIndex: gone.joinIndex });
      return;
    }
    const declarations: AttributedDeclaration[] = this.nodes.flatMap(({ self, replica }) =>
      self === undefined ? [] : (replica?.report(this.nowMs).declarations ?? []).map((d) => ({ ...d, by: self })),
    );
    for (const joining of group.joining) {
      const { nodeId, incarnation, joinIndex } = joining;
      const before = this.map;
      const member = { nodeId, incarnation };
      const concerned = declarations.filter((d) => sameMember(d.learner, member) && d.joinIndex === joinIndex);
      this.command({ type: 'promote', group: id, epoch, member, joinIndex, declarations: concerned });
      if (this.map === before) continue;
      this.counts.promotions++;
      return;
    }
  }

  /** As a node that was paused, or cut off for a while, is taken out: it comes back with its memory. */
  private takeSomeOut(): void {
    const { nodeId } = this.prng.pick(this.group.inSync);
    const node = this.nodes.find((other) => other.nodeId === nodeId);
    if (node !== undefined) this.takeOut(node);
  }

  takeOutNode(place: number): boolean {
    return this.takeOut(this.at(place));
  }

  /** As a new leader of the map does that knows of nothing. */
  renew(): void {
    this.command({ type: 'renew', group: this.group.id, epoch: this.group.epoch });
  }

  /** False if that cannot be done now. A primary lets go first. */
  private takeOut(node: WorldNode): boolean {
    const { group } = this;
    const member = group.inSync.find(({ nodeId }) => nodeId === node.nodeId);
    const { self, replica } = node;
    if (self === undefined || replica === undefined || member === undefined || !sameMember(self, member)) return false;
    if (!this.mayLose(node)) return false;
    const leads = Array.from({ length: this.k }, (_, p) => primaryOf(group, p)).some((p) => p?.nodeId === node.nodeId);
    if (leads) {
      if (replica.epoch !== group.epoch) return false;
      replica.letGo(group.epoch);
    }
    this.command({ type: 'remove', group: group.id, epoch: group.epoch, member });
    this.counts.outings++;
    return true;
  }

  private countSegments({ self }: WorldNode, message: DataMessage): void {
    if (message.type === 'transfer-segment') {
      const { position, image } = message;
      const name = `${self?.incarnation} ${position} ${image.number} ${image.checksum}`;
      this.counts.sent++;
      if (this.takenIn.has(name)) this.counts.sentAgain++;
      this.takenIn.add(name);
    }
    if (message.type !== 'transfer-facts') return;
    if (message.records.length > 0) this.counts.keptFolded++;
    else this.counts.keptRaw++;
  }

  // ------------------------------------------------------------------ effects and checks

  private primaryNode(position: number): WorldNode | undefined {
    const first = this.prng.below(this.nodes.length);
    const inTurn = [...this.nodes.slice(first), ...this.nodes.slice(0, first)];
    return inTurn.find(({ replica }) => replica?.primary(position)?.serving === true);
  }

  private carryOut(node: WorldNode): void {
    for (const effect of node.replica?.takeEffects() ?? []) {
      switch (effect.type) {
        case 'send': {
          const to = this.nodes.find(({ nodeId }) => nodeId === effect.to);
          if (to?.self === undefined || !this.link(node, to).up) break;
          this.link(node, to).queue.push(effect.message);
          break;
        }
        case 'committed':
          this.onCommitted(effect.position, effect.index, node);
          break;
        case 'segment-needed':
          this.rebuild(node, effect.position, effect.number);
          break;
        case 'misdirected':
        case 'roles-changed':
          break;
      }
    }
  }

  private onCommitted(position: number, index: number, node: WorldNode): void {
    const state = node.replica?.state(position);
    for (let at = state?.log.firstIndex ?? 1; at <= index; at++) {
      const bytes = state?.log.entryAt(at)?.bytes;
      if (bytes === undefined) continue;
      const known = this.committed.get(`${position} ${at}`);
      if (known === undefined) this.committed.set(`${position} ${at}`, bytes.slice());
      else assert(Buffer.compare(known, bytes) === 0, `committed entry ${at} of position ${position} has changed`);
    }
    this.checkHeld(position, index, node);
    const primary = node.replica?.primary(position);
    const acknowledged = this.pending.filter(
      (write) => write.position === position && write.index <= index && write.by === primary,
    );
    this.counts.committed += acknowledged.length;
    this.pending = this.pending.filter((write) => !acknowledged.includes(write));
    // Acknowledged in the order of the log: only the last value, and what is still under way, can be there.
    for (const { key, value } of acknowledged) {
      const name = `${position} ${key}`;
      const later = this.pending.filter((write) => write.by === primary && write.key === key);
      this.expected.set(name, new Set([value, ...later.map((write) => write.value)]));
    }
  }

  /** I6: what a primary holds committed is at every member of its configuration, as far as that lives. */
  private checkHeld(position: number, index: number, primary: WorldNode): void {
    const group = this.maps[primary.mapIndex]?.groups[0];
    const mine = this.committed.get(`${position} ${index}`);
    if (group === undefined || mine === undefined) return;
    for (const member of membersOf(group, this.k, position)) {
      const node = this.nodes.find(({ self }) => self !== undefined && sameMember(self, member));
      const state = node?.replica?.state(position);
      if (state === undefined || state.appliedIndex >= index) continue;
      const held = state.log.entryAt(index)?.bytes;
      const isHeld = held !== undefined && Buffer.compare(held, mine) === 0;
      assert(isHeld, `${member.nodeId} lacks entry ${index} of position ${position}, which is committed`);
    }
  }

  /** Brings all segments back in which the key might lie. False if that cannot be done now. */
  private settleKey(node: WorldNode, position: number, key: Uint8Array): boolean {
    const store = node.replica?.state(position)?.store;
    if (store === undefined) return false;
    for (let tries = 0; tries < 100; tries++) {
      const [needed] = neededFor(store, key, true);
      if (needed === undefined) return true;
      if (!this.rebuild(node, position, needed)) return false;
    }
    return false;
  }

  /** A degraded read, all at once: from whatever the living members in sync have. */
  rebuild(node: WorldNode, position: number, number: number): boolean {
    const store = node.replica?.state(position)?.store;
    const segment = store?.table.maybe(number);
    if (store === undefined || segment === undefined || segment.isRaw) return true;
    const bytes = this.obtain(position, number, segment.checksum);
    if (bytes === undefined) return false;
    this.counts.rebuilds++;
    store.restoreBytes(number, bytes.subarray(0, segment.length));
    return true;
  }

  /** The segment in the size of its shard, from what the members in sync have; undefined if that is too little. */
  private obtain(position: number, number: number, checksum: number): Uint8Array | undefined {
    const shards = this.nodes.flatMap(({ nodeId, replica }) => {
      const given = replica?.shardsOf(number);
      assert(given === undefined || replica?.isInSync === true, `${nodeId} gives shards though it is not in sync`);
      return given ?? [];
    });
    const data = shards.flatMap((given) => given.data);
    const parities = shards.flatMap(({ parity }) => parity ?? []);
    const wanted = { position, checksum };
    const [plan] = planRebuilds(wanted, { data, parities }, (pattern) => this.codec.determines(pattern));
    if (plan === undefined) return undefined;
    const target = new Uint8Array(LAYOUT.sizeBytes(number));
    const held = (at: number, named: readonly Contribution[]): Uint8Array | null => {
      const segment = named.find((each) => each.position === at);
      const found = data.find((each) => each.position === at && each.checksum === segment?.checksum);
      if (found === undefined) return null;
      const whole = new Uint8Array(target.length);
      whole.set(found.bytes);
      return whole;
    };
    if (plan.type === 'copy') return held(position, [wanted]) ?? undefined;
    this.codec.rebuild({
      data: Array.from({ length: this.k }, (_, at) => held(at, plan.data)),
      parities: parities
        .filter(({ index }) => plan.parities.some((taken) => taken.index === index))
        .map(({ index, contributions, bytes }) => ({ index, contributions: positionsIn(contributions), bytes })),
      wanted: [{ shard: { type: 'data', position }, target }],
    });
    return target;
  }

  /** After `settle`: members agree, everything acknowledged is there, and each parity shard is what the code makes of its data. */
  check(): void {
    for (let position = 0; position < this.k; position++) {
      const leader = this.primaryNode(position);
      const state = leader?.replica?.state(position);
      assert(leader !== undefined && state !== undefined, 'a settled partition has a primary');
      const hash = hashOfPartition(state.store);
      for (const { nodeId, replica } of this.nodes) {
        const other = replica?.state(position);
        if (other === undefined) continue;
        assert(hashOfPartition(other.store) === hash, `${nodeId} holds another partition ${position} than its primary`);
      }
      this.checkValues(leader, position);
    }
    for (const node of this.nodes) this.checkShards(node);
  }

  /** I8: a parity shard is the code of what it records, and everything sealed is recorded once nothing is owed. */
  private checkShards({ nodeId, replica }: WorldNode): void {
    const { parity } = replica ?? {};
    if (parity === undefined) return;
    const segments = new Map<number, Map<number, Uint8Array>>();
    for (let position = 0; position < this.k; position++) {
      const table = this.primaryNode(position)?.replica?.state(position)?.store.table;
      for (const { number, state, bytes } of table?.all() ?? []) {
        if (state !== 'sealed') continue;
        const stripe = segments.get(number) ?? new Map<number, Uint8Array>();
        segments.set(number, stripe.set(position, bytes));
      }
    }
    for (const [number, stripe] of segments) {
      const expected = new Uint8Array(LAYOUT.sizeBytes(number));
      for (const [position, bytes] of stripe) {
        const whole = new Uint8Array(expected.length);
        whole.set(bytes);
        this.codec.fold(position, whole, parity.parityIndex, expected);
      }
      const shard = parity.shard(number);
      const isSame = shard !== undefined && Buffer.compare(shard, expected) === 0;
      assert(isSame, `${nodeId} holds a wrong shard of stripe ${number}`);
    }
  }

  private checkValues(node: WorldNode, position: number): void {
    const store = node.replica?.primary(position)?.store;
    assert(store !== undefined, 'the primary serves');
    for (const [name, outcomes] of this.expected) {
      const [where, key = ''] = name.split(' ');
      if (Number(where) !== position) continue;
      const bytes = new TextEncoder().encode(key);
      assert(this.settleKey(node, position, bytes), 'a settled group can rebuild everything');
      const value =
        store.lookUp(bytes, this.nowMs) === 'hit' ? new TextDecoder().decode(store.entry.copyOfValue()) : undefined;
      assert(
        outcomes.has(value),
        `${name} is ${value?.slice(0, 8)}, expected ${[...outcomes].map((o) => o?.slice(0, 8)).join(' or ')}`,
      );
    }
  }
}
