/**
 * A node: its parts put together, started and stopped in order. Main thread: client port, data plane (of raft or of ecc
 * mode), HTTP port. Control thread: Raft, its log, the control port.
 */
import { randomInt } from 'node:crypto';
import type { ControlActor } from '../actors/control/control-actor.js';
import { weighRequests, type ControlOptions, type ControlRequests } from '../actors/control/control-options.js';
import type { ControlEvent } from '../actors/control/events.js';
import { newLeaseMemory } from '../actors/control/lease-memory.js';
import type { EccReport } from '../actors/data-plane.js';
import type { ActorHandle } from '../actors/runtime/actor.js';
import { eventLoopScheduler } from '../actors/runtime/scheduler.js';
import { startThreadActor } from '../actors/runtime/start-thread.js';
import { ClientServer } from '../adapters/grpc/client-server.js';
import { startHttpServer, type HttpServer } from '../adapters/http-server.js';
import { expose } from '../adapters/metrics/exposition.js';
import { measureEventLoopDelay } from '../adapters/metrics/event-loop-delay.js';
import { MetricsRecorder } from '../adapters/metrics/recorder.js';
import { parseAddress } from '../base/address.js';
import { asDcacheError, type DcacheError } from '../base/errors.js';
import { errorFields, type Logger } from '../base/log.js';
import { assert } from '../base/assert.js';
import type { ClusterMap } from '../cluster/cluster-map.js';
import { groupsThatLost } from '../cluster/losses.js';
import type { Speaker } from '../cluster/speaker.js';
import type { ClusterView } from '../cluster/view.js';
import { NodeBackend } from './backend.js';
import type { NodeConfig } from './config.js';
import type { ControlThreadOptions } from './control-thread.js';
import { registerGauges } from './gauges.js';
import { newPulseMemory, startPulse } from './pulse.js';
import { EccPlane } from './ecc-plane.js';
import type { NodePlane, NodePlaneParts } from './node-plane.js';
import { RaftPlane } from './raft-plane.js';
import { newSpeaker } from './speaker.js';

/** How long a stopping node goes on answering what it has accepted. */
const DRAIN_MS = 5_000;
/** How long a leader that stops waits for another one. */
const HAND_OVER_MS = 1_500;
const CONTROL_THREAD = new URL('./control-thread.js', import.meta.url);

export interface NodeListener {
  /** The view of the cluster has changed or, in ecc mode, the map. @param ecc undefined in raft mode */
  onView(view: ClusterView, ecc: EccReport | undefined): void;
  /** The node cannot take part, and why; it goes on trying. Undefined: the obstacle is gone. */
  onObstacle(message: string | undefined): void;
  /** Where somebody starts the node again when it ends: it was asked to restart, so it should be stopped. */
  readonly onRestartAsked?: () => void;
  /** The node has failed and is stopping by itself. */
  onFailure(error: DcacheError): void;
}

export class Node {
  readonly config: NodeConfig;
  private readonly logger: Logger;
  private readonly listener: NodeListener;
  private readonly metrics = new MetricsRecorder();
  private readonly plane: NodePlane;
  private readonly lease = newLeaseMemory();
  private readonly speaker: Speaker;
  private readonly backend: NodeBackend;
  private readonly clientServer: ClientServer;
  private control: ActorHandle<ControlActor> | undefined;
  private httpServer: HttpServer | undefined;
  /** What the log last said about the cluster; a view also changes with addresses, which would only repeat the line. */
  private loggedView = '';
  private toldMap: ClusterMap | undefined;
  private stopMeasuring: () => void = () => undefined;
  private stopPulse: () => void = () => undefined;
  private stopping: Promise<void> | undefined;

  private constructor(config: NodeConfig, logger: Logger, listener: NodeListener) {
    this.config = config;
    this.logger = logger;
    this.listener = listener;
    this.speaker = newSpeaker(config);
    const parts: NodePlaneParts = {
      config,
      logger,
      metrics: this.metrics,
      speaker: this.speaker,
      lease: this.lease,
      control: () => this.control?.ref,
      onFailure: (error) => this.fail(error),
    };
    this.plane = config.ecc === undefined ? new RaftPlane(parts) : new EccPlane(parts, config.ecc);
    this.backend = new NodeBackend({
      config,
      plane: this.plane,
      speaker: this.speaker,
      control: () => this.control?.ref,
      restart: listener.onRestartAsked,
    });
    this.clientServer = new ClientServer(this.backend, logger.child('client-port'), this.metrics);
  }

  /**
   * Resolves when the node listens and has opened its log; it may still be looking for the others then. Rejects with a
   * DcacheError, having released everything, when it cannot start: PORT_IN_USE if its place is taken.
   */
  static async start(config: NodeConfig, logger: Logger, listener: NodeListener): Promise<Node> {
    const node = new Node(config, logger, listener);
    try {
      await node.start();
    } catch (error) {
      await node.release();
      throw error;
    }
    return node;
  }

  get view(): ClusterView | undefined {
    return this.plane.currentView;
  }

  /** Why the node does not serve now, undefined when it does. */
  get notServing(): string | undefined {
    return this.plane.notServing;
  }

  /**
   * Stops so that nobody misses this node: others take over what it leads while it goes on serving, then it accepts nothing more,
   * answers what it has accepted, and releases everything. Idempotent.
   */
  stop(): Promise<void> {
    this.stopping ??= this.drainAndRelease();
    return this.stopping;
  }

  private async start(): Promise<void> {
    const { config } = this;
    // The client port first: binding it is what claims a place of the default layout.
    await this.clientServer.listen(config.clientListen);
    await this.plane.open();
    this.stopMeasuring = measureEventLoopDelay(this.metrics.histogram('eventLoopDelay', {}));
    registerGauges(this.metrics, this.plane, () => this.control);
    if (config.httpListen !== undefined) await this.startHttp(config.httpListen);
    const pulse = newPulseMemory();
    this.stopPulse = startPulse(pulse);
    const options: ControlThreadOptions = {
      pulse,
      lease: this.lease,
      control: this.controlOptions(),
      controlListen: config.controlListen,
      dataFolder: config.dataFolder,
      logLevel: config.logLevel,
      logFormat: config.logFormat,
    };
    this.control = await startThreadActor<ControlActor, ControlThreadOptions, ControlEvent>(
      {
        name: 'control',
        supervision: { policy: 'fail-node' },
        drainMs: 2_000,
        weigh: (method, args) => (method === 'submit' ? weighRequests(args[0] as ControlRequests) : 0),
      },
      {
        entry: CONTROL_THREAD,
        options,
        scheduler: eventLoopScheduler,
        onEvents: (events) => this.onControlEvents(events),
        onFailure: ({ error }) => this.fail(error),
      },
    );
    this.logger.info(
      { mode: config.mode, client: config.clientListen, control: config.controlListen, data: config.dataFolder },
      'node started',
    );
  }

  private onControlEvents(events: readonly ControlEvent[]): void {
    this.plane.onEvents(events);
    this.backend.maybeTellTopology();
    for (const event of events) {
      if (event.type === 'view') this.onView(event.view);
      else if (event.type === 'obstacle') this.listener.onObstacle(event.message);
    }
    this.maybeTellMap();
  }

  private onView(view: ClusterView): void {
    const { role, term, leader, up, size } = view;
    const told = [role, term, leader, up, size].join(' ');
    if (told !== this.loggedView) this.logger.info({ role, term, leader, up, size }, 'view of the cluster changed');
    this.loggedView = told;
    this.listener.onView(view, this.plane.ecc);
  }

  private maybeTellMap(): void {
    const { currentView, ecc } = this.plane;
    if (ecc === undefined || ecc.map === this.toldMap || currentView === undefined) return;
    const self = { nodeId: this.config.nodeId, incarnation: ecc.incarnation };
    const empty = groupsThatLost('began-empty', this.toldMap, ecc.map, self).join(' ');
    const lost = groupsThatLost('declared', this.toldMap, ecc.map, self).join(' ');
    if (lost !== '') {
      this.logger.warn(
        { groups: lost },
        'a loss of data was declared: the cluster goes on with what the survivors have',
      );
    }
    if (empty !== '') {
      this.logger.warn(
        { groups: empty },
        'all nodes have been started anew: what the cluster held is gone, it begins empty',
      );
    }
    this.toldMap = ecc.map;
    const epochs = ecc.map.groups.map(({ epoch }) => epoch).join(' ');
    this.logger.info({ mapIndex: ecc.mapIndex, epochs }, 'cluster map changed');
    this.listener.onView(currentView, ecc);
  }

  private fail(error: unknown): void {
    if (this.stopping !== undefined) {
      const refusedToWork = asDcacheError(error).code === 'SHUTTING_DOWN';
      if (!refusedToWork) this.logger.error(errorFields(error), 'something failed while the node was stopping');
      return;
    }
    this.logger.fatal(errorFields(error), 'the node fails');
    this.stopping = this.release();
    this.stopping.catch((unclean: unknown) => this.logger.error(errorFields(unclean), 'the node did not stop cleanly'));
    this.listener.onFailure(asDcacheError(error));
  }

  private async drainAndRelease(): Promise<void> {
    const startedAtMs = performance.now();
    const elapsedMs = (): number => Math.round(performance.now() - startedAtMs);
    try {
      this.logger.info({}, 'stopping: handing over what this node leads');
      await this.plane.leave();
      // The last thing that it leads: while it does, it can take itself out of everything else.
      await this.handOverLeadership();
      const { requestsInFlight: requests } = this.plane;
      this.logger.info({ elapsedMs: elapsedMs(), requests }, 'stopping: answering what is under way');
      await withTimeout(this.plane.drain(), DRAIN_MS);
    } finally {
      await this.release();
    }
    this.logger.info({ elapsedMs: elapsedMs() }, 'stopped');
  }

  /** So that the cluster does not have to notice first that its leader is gone. */
  private async handOverLeadership(): Promise<void> {
    if (this.view?.role !== 'leader' || this.view.voters.length === 1) return;
    await this.control?.ref.handOverLeadership();
    const startedAtMs = performance.now();
    while (this.view.role === 'leader' && performance.now() - startedAtMs < HAND_OVER_MS) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private async release(): Promise<void> {
    this.plane.stop();
    this.stopMeasuring();
    this.stopPulse();
    await Promise.all([this.httpServer?.close(), this.clientServer.close(500)]);
    await Promise.all([this.plane.close(), this.control?.stop()]);
  }

  private async startHttp(listen: string): Promise<void> {
    const address = parseAddress(listen);
    assert(address !== undefined, 'addresses of a NodeConfig are valid');
    this.httpServer = await startHttpServer({
      ...address,
      logger: this.logger.child('http'),
      health: () => {
        const reason = this.notServing;
        return reason === undefined ? { ready: true } : { ready: false, reason };
      },
      metrics: () => expose(this.metrics),
    });
  }

  private controlOptions(): ControlOptions {
    const { config } = this;
    return {
      speaker: this.speaker,
      founders: config.founders,
      replaces: config.replaces,
      timings: config.timings,
      snapshots: config.snapshots,
      seed: randomInt(2 ** 47),
      ...(config.ecc === undefined ? {} : { ecc: config.ecc }),
    };
  }
}

async function withTimeout(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
