/** The data plane of ecc mode: its data side put together with data links, codec and codec pool. */
import { availableParallelism } from 'node:os';
import { leaseReader } from '../actors/control/lease-memory.js';
import { EccDataSide, type Coding } from '../actors/ecc/ecc-data-side.js';
import type { DataLinks } from '../actors/ecc/ports.js';
import type { DataStats, EccReport, ScrubRun } from '../actors/data-plane.js';
import type { ControlEvent } from '../actors/control/events.js';
import { eventLoopScheduler } from '../actors/runtime/scheduler.js';
import { CodecPool, type CodecTiming } from '../adapters/codec-pool/codec-pool.js';
import { chooseKernel } from '../adapters/codec-pool/xor-kernels.js';
import { openDataLinks } from '../adapters/data-link/data-links.js';
import { SessionForwarder } from '../adapters/grpc/session-forwarder.js';
import { SnapshotFolder, snapshotFolder } from '../adapters/snapshot-folder.js';
import { assert } from '../base/assert.js';
import { isIncarnation } from '../base/ids.js';
import type { GroupMember } from '../cluster/cluster-map.js';
import type { ClusterView } from '../cluster/view.js';
import { erasureCode } from '../erasure/erasure-code.js';
import { ErasureCodec } from '../erasure/erasure-codec.js';
import type { KvReply, KvRequest } from '../store/requests.js';
import type { EccConfig } from './ecc-config.js';
import type { NodePlane, NodePlaneParts } from './node-plane.js';

/** The main thread and the control thread want their cores, too. */
const MAX_CODEC_THREADS = 4;

export class EccPlane implements NodePlane {
  private readonly parts: NodePlaneParts;
  private readonly settings: EccConfig;
  private readonly self: GroupMember;
  private readonly dataSide: EccDataSide;
  private readonly forwarder = new SessionForwarder();
  private links: DataLinks | undefined;
  private codecPool: CodecPool | undefined;

  constructor(parts: NodePlaneParts, settings: EccConfig) {
    const { config, logger, metrics, speaker, lease, control, onFailure } = parts;
    const { nodeId, incarnation } = speaker;
    assert(isIncarnation(incarnation), 'a node knows its incarnation');
    this.parts = parts;
    this.settings = settings;
    this.self = { nodeId, incarnation };
    this.dataSide = new EccDataSide({
      self: this.self,
      scheduler: eventLoopScheduler,
      wallMs: () => Date.now(),
      forwarder: this.forwarder,
      readGrant: leaseReader(lease),
      files: new SnapshotFolder(snapshotFolder(config.dataFolder)),
      recoveryRate: settings.recoveryRate,
      memoryRules: config.memoryRules,
      scrubIntervalMs: settings.scrubIntervalMs,
      rebuildDelayMs: settings.rebuildDelayMs,
      logger: logger.child('data'),
      metrics,
      openCoding: (k, m) => this.openCoding(k, m),
      submit: (requests, onTaken) => void control()?.submit(requests).then(onTaken, onFailure),
      report: (report) => void control()?.report(report).catch(onFailure),
      onSnapshotWritten: (written) => void control()?.snapshotWritten(written).catch(onFailure),
      onFailure,
    });
  }

  async open(): Promise<void> {
    const { logger, metrics } = this.parts;
    const { k, m, dataListen } = this.settings;
    this.links = await openDataLinks({
      listen: dataListen,
      self: { ...this.self, k, m, clusterId: () => this.dataSide.currentView?.clusterId ?? '' },
      handler: this.dataSide,
      logger: logger.child('data-port'),
      metrics,
    });
    this.dataSide.start(this.links);
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return this.dataSide.execute(request, timeoutMs, forwarded);
  }

  onEvents(events: readonly ControlEvent[]): void {
    this.dataSide.onEvents(events);
  }

  leave(): Promise<void> {
    return this.dataSide.leave();
  }

  drain(): Promise<void> {
    return this.dataSide.drain();
  }

  stop(): void {
    this.dataSide.stop();
    this.forwarder.close();
  }

  async close(): Promise<void> {
    await Promise.all([this.links?.close(), this.codecPool?.close()]);
  }

  scrub(): ScrubRun {
    return this.dataSide.scrub();
  }

  get notServing(): string | undefined {
    return this.dataSide.notServing;
  }

  get requestsInFlight(): number {
    return this.dataSide.requestsInFlight;
  }

  get appliedIndex(): number {
    return this.dataSide.appliedIndex;
  }

  get storeStats(): DataStats {
    return this.dataSide.storeStats;
  }

  get currentView(): ClusterView | undefined {
    return this.dataSide.currentView;
  }

  get ecc(): EccReport {
    return this.dataSide.ecc;
  }

  /** Without parity positions nothing is ever coded, but the smallest code there is stands in for none. */
  private openCoding(k: number, m: number): Coding {
    const { kernel, addonProblem } = chooseKernel();
    const { logger, metrics } = this.parts;
    if (addonProblem === null) logger.info({ kernel: kernel.name, k, m }, 'erasure code ready');
    else logger.warn({ problem: addonProblem }, 'plain TypeScript stands in for the addon of the codec');
    const code = erasureCode(k, Math.max(1, m));
    const threads = Math.max(1, Math.min(MAX_CODEC_THREADS, availableParallelism() - 1));
    const onTiming = ({ type, place, runMs, waitMs }: CodecTiming): void => {
      metrics.histogram('codecRun', { type, place }).observe(runMs / 1000);
      if (place === 'pool') metrics.histogram('codecWait', { type }).observe(waitMs / 1000);
    };
    const pool = new CodecPool({ code, kernel, threads, onTiming });
    this.codecPool = pool;
    return { codec: new ErasureCodec(code, kernel), pool: { run: (job) => pool.run(job, 'urgent') } };
  }
}
