/**
 * One life of a simulated process: the objects of the real node (src/node/node.ts), put together in the same way on two
 * simulated threads. Commands and events go from thread to thread in batches, in order, with a delay. What the main thread does
 * with data is the business of the mode (sim-mode.ts).
 */
import { ControlActor } from '../../src/actors/control/control-actor.js';
import type { ControlRequests } from '../../src/actors/control/control-options.js';
import type { ControlEvent } from '../../src/actors/control/events.js';
import { asDcacheError } from '../../src/base/errors.js';
import type { Logger } from '../../src/base/log.js';
import type { Prng } from '../../src/base/prng.js';
import type { Founder, Speaker } from '../../src/cluster/speaker.js';
import type { ClusterView } from '../../src/cluster/view.js';
import type { MemoryRules } from '../../src/store/memory-cap.js';
import type { KvReply, KvRequest } from '../../src/store/requests.js';
import type { WallClock } from './clock.js';
import { CrashedInWrite, type SimDisk } from './disk.js';
import { Hop } from './hop.js';
import type { Invariants } from './invariants.js';
import { SimPeerTransport, type PeerListener, type PeerWorld } from './peer-links.js';
import type { RequestListener, RequestWorld } from './requests.js';
import type { Parameters } from './scenario/parameters.js';
import type { SimMode, SimPlane } from './sim-mode.js';
import { SimSnapshotFiles } from './snapshot-files.js';
import { SimThread } from './thread.js';

/** What a process that ends gives its sockets to send what they hold. */
const LAST_ANSWERS_MS = 5;

export interface LifeWorld extends PeerWorld, RequestWorld {
  readonly parameters: Parameters;
  readonly invariants: Invariants;
  readonly logger: Logger;
  readonly mode: SimMode;
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

const BEAT_MS = 100;

export class Life implements PeerListener {
  readonly host: string;
  readonly disk: SimDisk;
  readonly controlThread: SimThread;
  readonly dataThread: SimThread;
  readonly control: ControlActor;
  readonly plane: SimPlane;
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
    const { host, speaker, disk, clockRate, prng, clock, memoryRules } = options;
    const { time, parameters } = world;
    this.host = host;
    this.disk = disk;
    this.world = world;
    const onDefect = (error: unknown): void => this.onDefect(error);
    this.controlThread = new SimThread(time, { clockRate, onDefect });
    this.dataThread = new SimThread(time, { clockRate, onDefect });
    const hop = (from: SimThread, to: SimThread): Hop =>
      new Hop({ time, from, to, maxDelayMs: parameters.maxHopMs, prng: prng.fork() });
    this.toControl = hop(this.dataThread, this.controlThread);
    this.toData = hop(this.controlThread, this.dataThread);
    disk.mount({ onWritten: (durationMs) => this.controlThread.block(durationMs), crash: options.crash });
    this.transport = new SimPeerTransport(world, { host, thread: this.controlThread }, prng.fork(), (message) =>
      world.invariants.onSend(disk, message),
    );
    const { plane, controlOptions, controlParts } = world.mode.newPlane({
      host,
      speaker,
      disk,
      clock,
      thread: this.dataThread,
      prng,
      memoryRules,
      submit: (requests, onTaken) => this.submit(requests, onTaken),
      tellControl: (task) => this.toControl.send(() => task(this.control)),
      onDefect,
    });
    this.plane = plane;
    this.control = new ControlActor(
      {
        speaker,
        founders: options.founders,
        timings: parameters.timings,
        flow: parameters.flow,
        snapshots: parameters.snapshots,
        seed: prng.uint32(),
        ...controlOptions,
      },
      {
        log: disk,
        transport: this.transport,
        files: new SimSnapshotFiles(disk.folder, this.controlThread, parameters.disk.maxFileStepMs, prng.fork()),
        scheduler: this.controlThread,
        logger: world.logger.child(`${host} control`),
        mainPulse: () => this.pulse,
        publishLease: () => undefined,
        newClusterId: () => Array.from({ length: 4 }, () => prng.uint32().toString(16).padStart(8, '0')).join(''),
        close: () => Promise.resolve(),
        ...controlParts,
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
    return this.plane.execute(request, timeoutMs, forwarded);
  }

  resume(): void {
    this.controlThread.resume();
    this.dataThread.resume();
  }

  /** What a node does first on SIGTERM: others take over what it leads. Calls `onLeft` once, unless the process ends before. */
  leave(onLeft: () => void): void {
    const { dataThread } = this;
    dataThread.post(() => void this.plane.leave().then(() => dataThread.soon(onLeft)));
  }

  /**
   * Drains and ends, as a node does on SIGTERM then: what is under way is answered, leadership handed over. Calls `onStopped` once,
   * unless the process ends before.
   */
  stop(patienceMs: number, onStopped: () => void): void {
    const { dataThread, controlThread } = this;
    controlThread.post(() => this.control.handOverLeadership());
    dataThread.post(() => {
      const finish = (): void => {
        stopWaiting();
        this.plane.stop();
        // The last answers leave.
        dataThread.after(LAST_ANSWERS_MS, onStopped);
      };
      const stopWaiting = dataThread.after(patienceMs, finish);
      void this.plane.drain().then(() => dataThread.soon(finish));
    });
  }

  /** Both threads end where they stand. */
  end(): void {
    this.controlThread.end();
    this.dataThread.end();
    this.disk.unmount();
    this.world.mode.onEnded(this.host);
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
    this.plane.onEvents(events);
    for (const event of events) if (event.type === 'view') this.view = event.view;
  }

  private check(event: ControlEvent): void {
    const { invariants } = this.world;
    const raftId = this.disk.identity()?.raftId ?? 0;
    if (event.type === 'view' && event.view.role === 'leader') invariants.onLeader(raftId, event.view.term, this.disk);
    if (event.type === 'committed') invariants.onCommitted(this.disk, event.entries);
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
