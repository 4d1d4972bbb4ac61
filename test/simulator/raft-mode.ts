/** raft mode in the simulator: every node has a replica of the store, fed by the log. */
import { DataSide } from '../../src/actors/data/data-side.js';
import { Router } from '../../src/actors/data/router.js';
import { StateMachine } from '../../src/actors/data/state-machine.js';
import type { DataPlane } from '../../src/actors/data-plane.js';
import type { ControlEvent } from '../../src/actors/control/events.js';
import type { Entry } from '../../src/raft/types.js';
import { MapStore } from '../../src/store/map-store.js';
import type { KvReply, KvRequest, WriteReply } from '../../src/store/requests.js';
import { SegmentKvStore } from '../../src/store/segment-kv-store.js';
import type { KvStore } from '../../src/store/store.js';
import { RAFT_FAULTS } from './fault-counts.js';
import type { Invariants } from './invariants.js';
import { MISHAPS } from './mishap-kinds.js';
import type { SimNode } from './node.js';
import { RequestSender } from './requests.js';
import type { StoreKind } from './scenario/parameters.js';
import type { PlaneParts, PlaneSetup, SimMode, SimPlane } from './sim-mode.js';
import { SimSnapshotFiles } from './snapshot-files.js';
import type { World } from './world.js';
import { SIM_PIECES } from './piece-sizes.js';

/** The state machine of the node, watched. */
class WatchedStateMachine extends StateMachine {
  private readonly host: string;
  private readonly invariants: Invariants;

  constructor(host: string, invariants: Invariants, store: KvStore) {
    super(store);
    this.host = host;
    this.invariants = invariants;
  }

  override apply(entry: Entry): readonly (WriteReply | undefined)[] {
    this.invariants.onApply(this.host, this.appliedIndex, entry);
    const replies = super.apply(entry);
    this.invariants.onApplied(this.host, this.appliedIndex, () => this.store.stateHash());
    return replies;
  }
}

/** Both keep the same promises: what fails on one alone is a defect of the store. */
function newStore(kind: StoreKind): KvStore {
  return kind === 'map' ? new MapStore() : new SegmentKvStore();
}

/** Put together as in src/node/raft-plane.ts. */
class RaftSimPlane implements SimPlane {
  readonly stateMachine: StateMachine;
  private readonly router: Router;
  private readonly dataSide: DataSide;

  constructor(world: World, { host, thread, prng, clock, disk, memoryRules, ...parts }: PlaneParts) {
    this.stateMachine = new WatchedStateMachine(host, world.invariants, newStore(world.parameters.store));
    this.router = new Router({
      stateMachine: this.stateMachine,
      forwarder: new RequestSender(world, { host, thread }, prng.fork()),
      scheduler: thread,
      wallMs: () => clock.nowMs(),
      memoryRules,
      pieceSizes: SIM_PIECES,
      logger: world.logger.child(`${host} router`),
      submit: (requests, onTaken) => parts.submit(requests, onTaken),
    });
    this.dataSide = new DataSide({
      router: this.router,
      stateMachine: this.stateMachine,
      files: new SimSnapshotFiles(disk.folder, thread, world.parameters.disk.maxFileStepMs, prng.fork()),
      logger: world.logger.child(`${host} data`),
      onSnapshotWritten: (written) => parts.tellControl((control) => control.snapshotWritten(written)),
      onFailure: (error) => parts.onDefect(error),
    });
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return this.router.execute(request, timeoutMs, forwarded);
  }

  onEvents(events: readonly ControlEvent[]): void {
    this.dataSide.onEvents(events);
  }

  leave(): ReturnType<DataPlane['leave']> {
    return Promise.resolve();
  }

  drain(): ReturnType<DataPlane['drain']> {
    return this.router.drain();
  }

  stop(): void {
    this.router.stop();
    this.dataSide.stop();
  }
}

export class RaftMode implements SimMode {
  readonly mishaps = MISHAPS;
  readonly ended = undefined;
  readonly keysToRead = [];
  readonly faults = RAFT_FAULTS;
  private readonly world: World;
  /** By host, of the life that runs. */
  private readonly planes = new Map<string, RaftSimPlane>();

  constructor(world: World) {
    this.world = world;
  }

  speaker(): ReturnType<SimMode['speaker']> {
    return { mode: 'raft', dataAddress: '', k: 0, m: 0 };
  }

  newPlane(parts: PlaneParts): PlaneSetup {
    const plane = new RaftSimPlane(this.world, parts);
    this.planes.set(parts.host, plane);
    return { plane, controlOptions: {}, controlParts: {} };
  }

  onEvent(): void {
    // Control sides are watched by world.invariants.
  }

  onHealed(): void {
    // There is nothing in this mode that is not healed with the network and the nodes.
  }

  onEnded(host: string): void {
    this.planes.delete(host);
  }

  check(): void {
    // What has to hold is looked at where it happens: by disks, control sides and state machines.
  }

  disagreement(): string | undefined {
    const { world } = this;
    const leader = world.leader();
    if (leader === undefined) return 'nobody leads';
    for (const node of world.nodes) {
      const problem = node.beingReplaced ? 'is being replaced' : this.problemOf(node, leader);
      if (problem !== undefined) return `${node.host} ${problem}`;
    }
    for (const [host, { stateMachine }] of this.planes) {
      world.invariants.compareState(host, stateMachine.appliedIndex, stateMachine.store.stateHash());
    }
    return undefined;
  }

  counts(): Readonly<Record<string, number>> {
    return {};
  }

  checkAtEnd(): void {
    // `disagreement` has compared everything.
  }

  private problemOf(node: SimNode, leader: SimNode): string | undefined {
    const problem = followingProblem(node, leader);
    if (problem !== undefined) return problem;
    const applied = this.planes.get(node.host)?.stateMachine.appliedIndex;
    const needed = this.planes.get(leader.host)?.stateMachine.appliedIndex;
    return applied === needed ? undefined : `has applied ${applied} of ${needed}`;
  }
}

/** Why the node does not follow `leader` as a voter; undefined when it does, or is the leader. */
export function followingProblem({ life }: SimNode, leader: SimNode): string | undefined {
  const view = life?.view;
  if (view === undefined) return 'does not run';
  if (view.role !== 'leader' && view.role !== 'follower') return `is ${view.role}`;
  return view.leader === leader.life?.view?.raftId ? undefined : `follows ${view.leader}`;
}
