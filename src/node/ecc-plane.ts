/** The data plane of ecc mode: data side, data links and codec pool put together. */
import type { ControlActor } from '../actors/control/control-actor.js';
import { leaseReader } from '../actors/control/lease-memory.js';
import type { DataPlane } from '../actors/data-plane.js';
import { EccDataSide, type Coding } from '../actors/ecc/ecc-data-side.js';
import type { ActorRef } from '../actors/runtime/actor.js';
import { eventLoopScheduler } from '../actors/runtime/scheduler.js';
import { CodecPool } from '../adapters/codec-pool/codec-pool.js';
import { chooseKernel } from '../adapters/codec-pool/xor-kernels.js';
import { openDataLinks, type SocketDataLinks } from '../adapters/data-link/data-links.js';
import { SessionForwarder } from '../adapters/grpc/session-forwarder.js';
import { SnapshotFolder, snapshotFolder } from '../adapters/snapshot-folder.js';
import { assert } from '../base/assert.js';
import { isIncarnation } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import type { Metrics } from '../base/metrics.js';
import type { Speaker } from '../cluster/speaker.js';
import { erasureCode } from '../erasure/erasure-code.js';
import { ErasureCodec } from '../erasure/erasure-codec.js';
import type { NodeConfig } from './config.js';
import type { NodePlane } from './node-plane.js';

/** Rebuilds are few and somebody waits for them; folds, which are many, are done where the data is. */
const CODEC_THREADS = 2;

export interface EccPlaneParts {
  readonly config: NodeConfig;
  readonly speaker: Speaker;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where the control thread publishes the lease. */
  readonly lease: SharedArrayBuffer;
  /** Undefined until the control thread is up. */
  readonly control: () => ActorRef<ControlActor> | undefined;
  /** The state cannot be what it should be, or the control side is gone: the node must not go on. */
  readonly onFailure: (error: unknown) => void;
}

export class EccPlane implements NodePlane {
  private readonly parts: EccPlaneParts;
  private readonly dataSide: EccDataSide;
  private readonly forwarder = new SessionForwarder();
  private links: SocketDataLinks | undefined;
  private pool: CodecPool | undefined;

  constructor(parts: EccPlaneParts) {
    const { config, speaker, logger, lease, control, onFailure } = parts;
    const { nodeId, incarnation } = speaker;
    assert(isIncarnation(incarnation), 'an incarnation is drawn from its range');
    this.parts = parts;
    this.dataSide = new EccDataSide({
      self: { nodeId, incarnation },
      scheduler: eventLoopScheduler,
      wallMs: () => Date.now(),
      forwarder: this.forwarder,
      readGrant: leaseReader(lease),
      files: new SnapshotFolder(snapshotFolder(config.dataFolder)),
      memoryRules: config.memoryRules,
      logger: logger.child('data'),
      openCoding: (k, m) => this.openCoding(k, m),
      submit: (requests, onTaken) => void control()?.submit(requests).then(onTaken, onFailure),
      report: (report) => void control()?.report(report).catch(onFailure),
      onSnapshotWritten: (written) => void control()?.snapshotWritten(written).catch(onFailure),
      onFailure,
    });
  }

  get data(): DataPlane {
    return this.dataSide;
  }

  /** Rejects with PORT_IN_USE. */
  async open(): Promise<void> {
    const { config, speaker, logger, metrics } = this.parts;
    const { nodeId, incarnation } = speaker;
    assert(config.ecc !== undefined && isIncarnation(incarnation), 'the plane of ecc mode has its settings');
    const { k, m, dataListen } = config.ecc;
    this.links = await openDataLinks({
      listen: dataListen,
      self: { nodeId, incarnation, k, m, clusterId: () => this.dataSide.currentView?.clusterId ?? '' },
      handler: this.dataSide,
      logger: logger.child('data-link'),
      metrics,
    });
    this.dataSide.start(this.links);
  }

  async close(): Promise<void> {
    this.dataSide.stop();
    this.forwarder.close();
    await Promise.all([this.links?.close(), this.pool?.close()]);
  }

  private openCoding(k: number, m: number): Coding {
    const { logger } = this.parts;
    const code = erasureCode(k, m);
    const { kernel, addonProblem } = chooseKernel();
    if (addonProblem === null) logger.info({ kernel: kernel.name, k, m }, 'erasure code ready');
    else
      logger.warn(
        { kernel: kernel.name, k, m, addonProblem },
        'erasure code without its addon: slower, the same bytes',
      );
    const pool = new CodecPool({ code, kernel, threads: CODEC_THREADS });
    this.pool = pool;
    return { codec: new ErasureCodec(code, kernel), pool: { run: (job) => pool.run(job, 'urgent') } };
  }
}
