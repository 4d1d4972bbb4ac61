/** ecc mode in the simulator: data links, data sides, and the checkers that look at them after every event. */
import { chooseKernel } from '../../../src/adapters/codec-pool/xor-kernels.js';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import type { Prng } from '../../../src/base/prng.js';
import { sameMember, type ClusterMap, type Group } from '../../../src/cluster/cluster-map.js';
import { erasureCode } from '../../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { ECC_FAULTS } from '../fault-counts.js';
import type { Mishap } from '../mishap-kinds.js';
import { followingProblem } from '../raft-mode.js';
import type { EccParameters } from '../scenario/ecc-parameters.js';
import type { PlaneParts, PlaneSetup, SimMode } from '../sim-mode.js';
import type { World } from '../world.js';
import { DataNet } from './data-net.js';
import { DeclaredLosses } from './declared-losses.js';
import { lifeOf, type EccCluster } from './ecc-cluster.js';
import type { EccLife } from './ecc-life.js';
import { eccMishaps } from './ecc-mishaps.js';
import { EccSimPlane } from './ecc-plane.js';
import { EntryCensus } from './entry-census.js';
import { Evictions } from './evictions.js';
import { Flips } from './flips.js';
import { CapChecker } from './invariants/cap-checker.js';
import { DecodabilityChecker } from './invariants/decodability-checker.js';
import { LeaseChecker } from './invariants/lease-checker.js';
import { LogChecker } from './invariants/log-checker.js';
import { MapChecker } from './invariants/map-checker.js';
import { MemoryChecker } from './invariants/memory-checker.js';
import { ParityChecker } from './invariants/parity-checker.js';
import { ReleaseChecker } from './invariants/release-checker.js';
import { SealedSegments } from './invariants/sealed-segments.js';
import { ShardChecker } from './invariants/shard-checker.js';
import { StateChecker } from './invariants/state-checker.js';
import { LossOracle } from './loss-oracle.js';
import { SegmentFlips } from './segment-flips.js';

const DATA_PORT = 7300;
/** A rebuild of everything costs too much to be done after every event. */
const REBUILD_EVERY_MS = 150;

/** The third pause in a row. */
const LONG_REFILL_PAUSE_MS = 5_000;

/** All sets of k of up to four nodes. */
const FEW_SETS = 4;

const COUNTED_COMMANDS = ['remove', 'renew', 'join', 'stop-joining', 'promote', 'replace-holder'] as const;

const { kernel } = chooseKernel();

export class EccMode implements SimMode, EccCluster {
  readonly faults = ECC_FAULTS;
  readonly mishaps: readonly Mishap[];
  readonly net: DataNet;
  readonly oracle: LossOracle;
  readonly flips = new Flips();
  readonly segmentFlips = new SegmentFlips();
  private readonly world: World;
  private readonly ecc: EccParameters;
  private readonly prng: Prng;
  private readonly codec: ErasureCodec;
  /** By host, of the life that runs. */
  private readonly planes = new Map<string, EccSimPlane>();
  private running: readonly EccLife[] = [];
  private readonly maps: MapChecker;
  private readonly leases = new LeaseChecker(this);
  private readonly census = new EntryCensus(this);
  private readonly logs: LogChecker;
  private readonly evictions: Evictions;
  private readonly caps: CapChecker;
  private readonly releases = new ReleaseChecker(this);
  private readonly memory = new MemoryChecker(this);
  private readonly states = new StateChecker(this);
  private readonly shards: ShardChecker;
  private readonly sealed = new SealedSegments();
  private readonly parity: ParityChecker;
  private readonly decodability: DecodabilityChecker;
  private readonly losses: DeclaredLosses;
  private readonly commands = new Map<string, number>();
  private letGos = 0;
  private handOvers = 0;
  private rebuilds = 0;
  private rebuildAtMs = 0;
  /** A node that cannot take its part back under its cap, which it has found out several times. */
  private tooSmall: string | undefined;

  constructor(world: World, ecc: EccParameters) {
    this.world = world;
    this.ecc = ecc;
    this.prng = world.prng.fork();
    const { k, m } = ecc.code;
    this.codec = new ErasureCodec(erasureCode(k, m), kernel);
    const hosts = Array.from({ length: world.parameters.nodes }, (_, i) => `n${i + 1}`);
    this.net = new DataNet({
      time: world.time,
      network: world.network,
      prng: this.prng.fork(),
      parameters: ecc.dataLinks,
      hosts: new Map(hosts.map((host) => [dataAddress(host), host])),
      fail: (invariant, details) => this.fail(invariant, details),
    });
    this.oracle = new LossOracle(world, this);
    this.mishaps = eccMishaps(this);
    this.caps = new CapChecker(this, world.faults);
    this.evictions = new Evictions(world, this.keysToRead);
    this.logs = new LogChecker(this, ({ group, name }, entry) => {
      this.census.onCommitted(group, entry);
      this.evictions.onCommitted(name, entry);
      this.sealed.onCommitted(name, entry);
    });
    this.losses = new DeclaredLosses(world, this, this.keysToRead);
    this.maps = new MapChecker({
      fail: (invariant, details) => this.fail(invariant, details),
      onChange: (change) => {
        const { index, command } = change;
        world.trace.record(world.time.nowMs, 'map', command.type, index, JSON.stringify(command));
        this.commands.set(command.type, (this.commands.get(command.type) ?? 0) + 1);
        this.leases.onMapChange(change);
        this.losses.onMapChange(change);
        this.oracle.look();
      },
    });
    this.shards = new ShardChecker({
      inEpoch: (group, epoch) => this.maps.inEpoch(group, epoch),
      fail: (invariant, details) => this.fail(invariant, details),
    });
    const { layout } = ecc;
    const { flips, segmentFlips } = this;
    this.parity = new ParityChecker({ cluster: this, sealed: this.sealed, codec: this.codec, layout, flips });
    const isStrict = (group: Group): boolean => this.losses.isOver(group);
    this.decodability = new DecodabilityChecker({
      cluster: this,
      codec: this.codec,
      layout,
      flips,
      segmentFlips,
      isStrict,
    });
  }

  // ------------------------------------------------------------------ EccCluster

  get lives(): readonly EccLife[] {
    return this.running;
  }

  get nowMs(): number {
    return this.world.time.nowMs;
  }

  get map(): ClusterMap {
    return this.maps.map;
  }

  get mapIndex(): number {
    return this.maps.index;
  }

  fail(invariant: string, details: string): void {
    this.world.invariants.fail(invariant, details);
  }

  // ------------------------------------------------------------------ SimMode

  speaker(host: string): ReturnType<SimMode['speaker']> {
    return { mode: 'ecc', dataAddress: dataAddress(host), ...this.ecc.code };
  }

  plane(host: string): EccSimPlane | undefined {
    return this.planes.get(host);
  }

  newPlane(parts: PlaneParts): PlaneSetup {
    const { world, ecc, net, codec, logs, shards } = this;
    const onRebuild = (): void => void this.rebuilds++;
    const plane = new EccSimPlane({ world, ecc, net, codec, logs, shards, onRebuild }, parts);
    this.planes.set(parts.host, plane);
    this.onLives();
    return plane.setup;
  }

  onEvent(host: string, event: ControlEvent): void {
    if (event.type === 'committed') this.maps.onCommitted(event.entries);
    else if (event.type === 'let-go') this.letGos++;
    else if (event.type === 'hand-over') this.handOvers++;
    else if (event.type === 'map') this.maps.onMap(host, event.index, event.map);
  }

  /** More is lost than is promised. */
  onLossStruck(): void {
    if (this.ecc.loss === 'person') void this.losses.acceptAll();
  }

  onHealed(): void {
    this.net.heal();
  }

  onEnded(host: string): void {
    const plane = this.planes.get(host);
    if (plane === undefined) return;
    this.logs.onEnded(plane.life);
    this.flips.onEnded(host);
    this.segmentFlips.onEnded(host);
    this.planes.delete(host);
    this.onLives();
    this.oracle.onEnded(host);
  }

  get ended(): string | undefined {
    return this.oracle.beyondPromise ?? this.tooSmall;
  }

  get keysToRead(): readonly string[] {
    const { keys, keyNames } = this.world.parameters.workload;
    return Array.from({ length: keys }, (_, i) => keyNames[i] ?? `k${i}`);
  }

  check(): void {
    for (const life of this.running) {
      if (!life.takeTurns()) continue;
      this.sealed.look(life);
      this.logs.check(life);
      this.releases.check(life);
      this.states.check(life);
      this.parity.check(life);
      this.segmentFlips.look(life);
      this.caps.check(life);
    }
    this.leases.check();
    if (this.nowMs < this.rebuildAtMs) return;
    this.rebuildAtMs = this.nowMs + REBUILD_EVERY_MS;
    for (const life of this.running) this.memory.check(life);
    // Of few sets all, of more one at random.
    for (const group of this.map.groups) this.lookWhetherWhole(group);
    this.decodability.check((sets) => (sets.length <= FEW_SETS ? sets : [this.prng.pick(sets)]));
  }

  disagreement(): string | undefined {
    const { world, map } = this;
    const leader = world.leader();
    if (leader === undefined) return 'nobody leads';
    for (const [host, { refillPauseMs }] of this.planes) {
      if (refillPauseMs > LONG_REFILL_PAUSE_MS) this.tooSmall = `the cap of ${host} cannot hold its part`;
    }
    for (const node of world.nodes) {
      if (node.beingReplaced) return `${node.host} is being replaced`;
      const problem = followingProblem(node, leader);
      if (problem !== undefined) return `${node.host} ${problem}`;
      const notServing = this.planes.get(node.host)?.notServing;
      if (notServing !== undefined) return `${node.host} does not serve: ${notServing}`;
    }
    if (map.groups.length === 0) return 'there are no groups';
    const flip = this.flips.any;
    if (flip !== undefined) return `a bit of ${flip.host} in a shard of stripe ${flip.number} is still wrong`;
    const { any } = this.segmentFlips;
    if (any !== undefined) return `a bit of ${any.life.host} in segment ${any.number} is still wrong`;
    for (const group of map.groups) {
      this.lookWhetherWhole(group);
      const problem = this.problemOf(group);
      if (problem !== undefined) return `group ${group.id} in epoch ${group.epoch}: ${problem}`;
    }
    return undefined;
  }

  checkAtEnd(): void {
    for (const life of this.running) {
      this.states.checkAll(life);
      this.memory.check(life);
    }
    this.decodability.check((sets) => sets);
  }

  counts(): Readonly<Record<string, number>> {
    return {
      'changes of the cluster map': this.maps.changes,
      ...Object.fromEntries(COUNTED_COMMANDS.map((type) => [`  of them: ${type}`, this.commands.get(type) ?? 0])),
      'primaries asked to let go': this.letGos,
      'hand-overs planned': this.handOvers,
      'entries of partitions committed': this.logs.entries,
      'states compared at equal index': this.states.comparisons,
      'segments sealed': this.sealed.count,
      'parity shards computed anew': this.parity.checked,
      'flipped bits mended': this.flips.mended,
      'flipped bits of segments mended': this.segmentFlips.mended,
      'segments freed': this.releases.releases,
      'stores counted anew': this.memory.checked,
      'answers to degraded reads': this.shards.replies,
      'segments rebuilt for requests': this.rebuilds,
      ...this.census.counts(),
      ...this.losses.counts(),
      'segments rebuilt from sets of survivors': this.decodability.rebuilds,
    };
  }

  // ------------------------------------------------------------------ inside

  private onLives(): void {
    this.running = [...this.planes.values()].map(({ life }) => life);
  }

  private problemOf(group: Group): string | undefined {
    for (const nodeId of group.holders) {
      const member = group.inSync.find((other) => other.nodeId === nodeId);
      if (member === undefined) return `${nodeId} is not in sync`;
      const life = lifeOf(this, member);
      if (life === undefined || !sameMember(life.self, member)) return `${nodeId} is in sync in an earlier life`;
      if (life.replicas.get(group.id)?.epoch !== group.epoch) return `${nodeId} has another epoch`;
    }
    for (let position = 0; position < this.map.k; position++) {
      const holder = this.running.find(({ host }) => host === group.holders[position]);
      if (holder?.replicas.get(group.id)?.primary(position)?.serving !== true)
        return `position ${position} is not served`;
    }
    return this.decodability.unrest(group) ?? (this.losses.isOver(group) ? undefined : this.decodability.gap(group));
  }

  /** After a loss. */
  private lookWhetherWhole(group: Group): void {
    if (!this.losses.isOver(group) && this.problemOf(group) === undefined) this.losses.onWhole(group);
  }
}

function dataAddress(host: string): string {
  return `127.0.0.1:${DATA_PORT + Number(host.slice(1))}`;
}
