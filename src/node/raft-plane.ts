/** The data plane of raft mode: router, store and snapshots put together (ARCHITECTURE.md, "The way of a write"). */
import type { ControlEvent } from '../actors/control/events.js';
import { DataSide } from '../actors/data/data-side.js';
import { Router } from '../actors/data/router.js';
import { StateMachine } from '../actors/data/state-machine.js';
import type { DataStats } from '../actors/data-plane.js';
import { handOver } from '../actors/runtime/hand-over.js';
import { eventLoopScheduler } from '../actors/runtime/scheduler.js';
import { SessionForwarder } from '../adapters/grpc/session-forwarder.js';
import { SnapshotFolder, snapshotFolder } from '../adapters/snapshot-folder.js';
import { DcacheError } from '../base/errors.js';
import type { ClusterView } from '../cluster/view.js';
import type { KvReply, KvRequest } from '../store/requests.js';
import { SegmentKvStore } from '../store/segment-kv-store.js';
import type { NodePlane, NodePlaneParts } from './node-plane.js';

export class RaftPlane implements NodePlane {
  readonly ecc = undefined;
  private readonly router: Router;
  private readonly dataSide: DataSide;
  private readonly forwarder = new SessionForwarder();

  constructor({ config, logger, control, onFailure }: NodePlaneParts) {
    const stateMachine = new StateMachine(new SegmentKvStore());
    this.router = new Router({
      stateMachine,
      forwarder: this.forwarder,
      scheduler: eventLoopScheduler,
      wallMs: () => Date.now(),
      memoryRules: config.memoryRules,
      logger: logger.child('router'),
      submit: (requests, onTaken) => {
        const buffers = requests.proposals.map(({ data }) => data.buffer);
        control()?.submit(handOver(requests, buffers)).then(onTaken, onFailure);
      },
    });
    this.dataSide = new DataSide({
      router: this.router,
      stateMachine,
      files: new SnapshotFolder(snapshotFolder(config.dataFolder)),
      logger: logger.child('data'),
      onSnapshotWritten: (written) => {
        control()?.snapshotWritten(written).catch(onFailure);
      },
      onFailure,
    });
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return this.router.execute(request, timeoutMs, forwarded);
  }

  onEvents(events: readonly ControlEvent[]): void {
    this.dataSide.onEvents(events);
  }

  leave(): Promise<void> {
    if (this.currentView?.role === 'leader') this.router.prepareToForward();
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return this.router.drain();
  }

  /** Has no port of its own. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {
    this.router.stop();
    this.dataSide.stop();
    this.forwarder.close();
  }

  /** Values are here whole, on every node, and no checksum travels with them. */
  scrub(): never {
    throw new DcacheError(
      'INVALID_ARGUMENT',
      'in raft mode there is no parity to scrub: each node has every value, and builds its store anew from its log when it is started again',
    );
  }

  get notServing(): string | undefined {
    return this.router.notServing;
  }

  get requestsInFlight(): number {
    return this.router.requestsInFlight;
  }

  get appliedIndex(): number {
    return this.router.appliedIndex;
  }

  get storeStats(): DataStats {
    return this.router.storeStats;
  }

  get currentView(): ClusterView | undefined {
    return this.router.currentView;
  }
}
