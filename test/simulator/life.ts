/**
 * One life of a simulated process: the objects of the real node (src/node/node.ts), put together in the same way on two
 * simulated threads. Commands and events go from thread to thread in batches, in order, with a delay.
 */
import { ControlActor } from '../../src/actors/control/control-actor.js';
import type { ControlRequests } from '../../src/actors/control/control-options.js';
import type { ControlEvent } from '../../src/actors/control/events.js';
import { DataSide } from '../../src/actors/data/data-side.js';
import { Router } from '../../src/actors/data/router.js';
import { StateMachine } from '../../src/actors/data/state-machine.js';
import { asDcacheError } from '../../src/base/errors.js';
import type { Logger } from '../../src/base/log.js';
import type { Prng } from '../../src/base/prng.js';
import type { Founder, Speaker } from '../../src/cluster/speaker.js';
import type { ClusterView } from '../../src/cluster/view.js';
import type { Entry } from '../../src/raft/types.js';
import { MapStore } from '../../src/store/map-store.js';
import type { MemoryRules } from '../../src/store/memory-cap.js';
import type { KvReply, KvRequest, WriteReply } from '../../src/store/requests.js';
import { SegmentKvStore } from '../../src/store/segment-kv-store.js';
import type { KvStore } from '../../src/store/store.js';
import type { WallClock } from './clock.js';
import { CrashedInWrite, type SimDisk } from './disk.js';
import type { Invariants } from './invariants.js';
import { SimPeerTransport, type PeerListener, type PeerWorld } from './peer-links.js';
import { RequestSender, type RequestListener, type RequestWorld } from './requests.js';
import type { Parameters, StoreKind } from './scenario/parameters.js';
import { SimSnapshotFiles } from './snapshot-files.js';
import { SimThread } from './thread.js';

/** What a process that ends gives its sockets to send what they hold. */
const LAST_ANSWERS_MS = 5;

export interface LifeWorld extends PeerWorld, RequestWorld {
  readonly parameters: Parameters;
  readonly invariants: Invariants;
  readonly logger: Logger;
  onEvent(host: string, event: ControlEvent): void;
}

export interface LifeOptions {
  readonly host: string;
  readonly speaker: Speaker;
  readonly founders: readonly Founder[];
  readonly disk: SimDisk;
  readonly clock: WallClock;
  /** Of both threads' monotonic clocks. */
  readonly clockRate: number;
  readonly prng: Prng;
  readonly memoryRules: MemoryRules;
  /** The disk ends the process. */
  readonly crash: () => void;
}

/** The state machine of the node, watched. */
class WatchedStateMachine extends StateMachine {
  private readonly host: string;
  private readonly invariants: Invariants;

  constructor(host: string, invariants: Invariants, store: KvStore) {
    super(store);
    this.host = host;
    this.invariants = invariants;
  }

  override apply(entry: Entry): readonly WriteReply[] {
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

/** Carries batches one way between two threads, in order. */
class Hop {
  private readonly world: LifeWorld;
  private readonly from: SimThread;
  private readonly to: SimThread;
  private readonly prng: Prng;
  private lastArrivalMs = 0;

  constructor(world: LifeWorld, from: SimThread, to: SimThread, prng: Prng) {
    this.world = world;
    this.from = from;
    this.to = to;
    this.prng = prng;
  }

  send(task: () => void): void {
    const delayMs = (this.world.parameters.maxHopMs * this.prng.between(1, 100)) / 100;
    this.lastArrivalMs = Math.max(this.lastArrivalMs, this.from.effectMs + delayMs);
    this.world.time.at(this.lastArrivalMs, () => this.to.post(task));
  }
}

const BEAT_MS = 100;

export class Life implements PeerListener {
  readonly host: string;
  readonly disk: SimDisk;
  readonly controlThread: SimThread;
  readonly dataThread: SimThread;
  readonly control: ControlActor;
  readonly router: Router;
  readonly dataSide: DataSide;
  readonly stateMachine: StateMachine;
  readonly transport: SimPeerTransport;
  /** As the main thread knows it. */
  view: ClusterView | undefined;
  private readonly world: LifeWorld;
  private readonly toControl: Hop;
  private readonly toData: Hop;
  private events: ControlEvent[] = [];
  /** By ticket of the question. */
  private readonly readFloors = new Map<number, number>();
  /** Grows while the main thread runs. */
  private pulse = 0;

  constructor(world: LifeWorld, options: LifeOptions) {
    const { host, disk, clockRate, prng, clock } = options;
    this.host = host;
    this.disk = disk;
    this.world = world;
    const onDefect = (error: unknown): void => this.onDefect(error);
    this.controlThread = new SimThread(world.time, { clockRate, onDefect });
    this.dataThread = new SimThread(world.time, { clockRate, onDefect });
    this.toControl = new Hop(world, this.dataThread, this.controlThread, prng.fork());
    this.toData = new Hop(world, this.controlThread, this.dataThread, prng.fork());
    disk.mount({ onWritten: (durationMs) => this.controlThread.block(durationMs), crash: options.crash });
    this.transport = new SimPeerTransport(world, { host, thread: this.controlThread }, prng.fork(), (message) =>
      world.invariants.onSend(disk, message),
    );
    this.stateMachine = new WatchedStateMachine(host, world.invariants, newStore(world.parameters.store));
    this.router = new Router({
      stateMachine: this.stateMachine,
      forwarder: new RequestSender(world, { host, thread: this.dataThread }, prng.fork()),
      scheduler: this.dataThread,
      wallMs: () => clock.nowMs(),
      memoryRules: options.memoryRules,
      logger: world.logger.child(`${host} router`),
      submit: (requests, onTaken) => this.submit(requests, onTaken),
    });
    const { maxFileStepMs } = world.parameters.disk;
    const filesFor = (thread: SimThread): SimSnapshotFiles =>
      new SimSnapshotFiles(disk.folder, thread, maxFileStepMs, prng.fork());
    this.dataSide = new DataSide({
      router: this.router,
      stateMachine: this.stateMachine,
      files: filesFor(this.dataThread),
      logger: world.logger.child(`${host} data`),
      onSnapshotWritten: (written) => this.toControl.send(() => this.control.snapshotWritten(written)),
      onFailure: onDefect,
    });
    this.control = new ControlActor(
      {
        speaker: options.speaker,
        founders: options.founders,
        timings: world.parameters.timings,
        flow: world.parameters.flow,
        snapshots: world.parameters.snapshots,
        seed: prng.uint32(),
      },
      {
        log: disk,
        transport: this.transport,
        files: filesFor(this.controlThread),
        scheduler: this.controlThread,
        logger: world.logger.child(`${host} control`),
        mainPulse: () => this.pulse,
        publishLease: () => undefined,
        newClusterId: () => Array.from({ length: 4 }, () => prng.uint32().toString(16).padStart(8, '0')).join(''),
        close: () => Promise.resolve(),
      },
      { emit: (event) => this.emit(event), fail: onDefect },
    );
    this.transport.serve(this.control);
    this.beat();
  }

  private beat(): void {
    this.pulse++;
    this.dataThread.after(BEAT_MS, () => this.beat());
  }

  /** PeerListener: the control port belongs to the control thread. */
  get thread(): SimThread {
    return this.controlThread;
  }

  get handler(): ControlActor {
    return this.control;
  }

  /** What answers client requests: the main thread. */
  get requestListener(): RequestListener {
    const execute = (request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> =>
      this.execute(request, timeoutMs, forwarded);
    return { host: this.host, thread: this.dataThread, execute };
  }

  get alive(): boolean {
    return this.controlThread.alive;
  }

  start(): void {
    this.controlThread.post(() => this.control.start());
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return this.router.execute(request, timeoutMs, forwarded);
  }

  resume(): void {
    this.controlThread.resume();
    this.dataThread.resume();
  }

  /**
   * Drains and ends, as a node does on SIGTERM: what is under way is answered, leadership handed over. Calls `onStopped` once,
   * unless the process ends before.
   */
  stop(patienceMs: number, onStopped: () => void): void {
    const { dataThread, controlThread } = this;
    controlThread.post(() => this.control.handOverLeadership());
    dataThread.post(() => {
      const finish = (): void => {
        stopWaiting();
        this.router.stop();
        this.dataSide.stop();
        // The last answers leave.
        dataThread.after(LAST_ANSWERS_MS, onStopped);
      };
      const stopWaiting = dataThread.after(patienceMs, finish);
      void this.router.drain().then(() => dataThread.soon(finish));
    });
  }

  /** Both threads end where they stand. */
  end(): void {
    this.controlThread.end();
    this.dataThread.end();
    this.disk.unmount();
  }

  private submit(requests: ControlRequests, onTaken: () => void): void {
    for (const ticket of requests.reads) this.readFloors.set(ticket, this.world.invariants.readFloor);
    this.toControl.send(() => {
      this.control.submit(requests);
      // What was emitted on the way comes before the answer.
      this.sendEvents();
      this.toData.send(onTaken);
    });
  }

  private emit(event: ControlEvent): void {
    if (!this.controlThread.alive) return;
    this.check(event);
    this.events.push(event);
    if (this.events.length === 1) this.controlThread.soon(() => this.sendEvents());
  }

  private sendEvents(): void {
    const { events } = this;
    if (events.length === 0) return;
    this.events = [];
    this.toData.send(() => this.onEvents(events));
  }

  /** On the main thread. */
  private onEvents(events: readonly ControlEvent[]): void {
    this.dataSide.onEvents(events);
    for (const event of events) if (event.type === 'view') this.view = event.view;
  }

  private check(event: ControlEvent): void {
    const { invariants } = this.world;
    const raftId = this.disk.identity()?.raftId ?? 0;
    if (event.type === 'view' && event.view.role === 'leader') invariants.onLeader(raftId, event.view.term, this.disk);
    if (event.type === 'committed') {
      invariants.onCommitted(raftId, this.disk.initialState().hardState.term, event.entries);
    }
    if (event.type === 'read-ready') {
      invariants.onReadReady(this.host, event.index, this.readFloors.get(event.ticket) ?? 0);
    }
    this.world.onEvent(this.host, event);
  }

  private onDefect(error: unknown): void {
    if (error instanceof CrashedInWrite || !this.controlThread.alive) return;
    this.world.onDefect(this.host, error instanceof Error ? error : asDcacheError(error));
  }
}
