/** The data side of one life in ecc mode: the objects of the real node on simulated links, clocks and codec pool. */
import { NULL_METRICS } from '../../../src/base/metrics.js';
import { leasePublisher, leaseReader, newLeaseMemory } from '../../../src/actors/control/lease-memory.js';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import type { RebuildPool } from '../../../src/actors/ecc/segment-solver.js';
import { EccDataSide } from '../../../src/actors/ecc/ecc-data-side.js';
import { asDcacheError } from '../../../src/base/errors.js';
import { isIncarnation } from '../../../src/base/ids.js';
import { assert } from '../../../src/base/assert.js';
import type { Prng } from '../../../src/base/prng.js';
import { runJob, type RebuildJob } from '../../../src/erasure/codec-job.js';
import type { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { GroupReplica } from '../../../src/replication/group-replica.js';
import { seedOfCluster, SipKeyHash } from '../../../src/store/key-hash.js';
import type { KvReply, KvRequest } from '../../../src/store/requests.js';
import { RequestSender } from '../requests.js';
import type { PlaneParts, PlaneSetup, SimPlane } from '../sim-mode.js';
import { SimSnapshotFiles } from '../snapshot-files.js';
import type { EccParameters } from '../scenario/ecc-parameters.js';
import type { SimThread } from '../thread.js';
import type { World } from '../world.js';
import { SimDataLinks } from './data-links.js';
import type { DataNet } from './data-net.js';
import { EccLife } from './ecc-life.js';
import type { LogChecker } from './invariants/log-checker.js';
import type { ShardChecker } from './invariants/shard-checker.js';
import { SIM_PIECES } from '../piece-sizes.js';

/** A pool of threads that take their time. */
class SimRebuildPool implements RebuildPool {
  private readonly codec: ErasureCodec;
  private readonly thread: SimThread;
  private readonly prng: Prng;
  private readonly maxMs: number;
  private readonly onJob: () => void;

  constructor(codec: ErasureCodec, thread: SimThread, maxMs: number, prng: Prng, onJob: () => void) {
    this.codec = codec;
    this.thread = thread;
    this.maxMs = maxMs;
    this.prng = prng;
    this.onJob = onJob;
  }

  /** The memory is read and written at once, or at the end: in between the caller must leave it alone. */
  run(job: RebuildJob): Promise<void> {
    this.onJob();
    const atOnce = this.prng.chance(1, 2);
    return new Promise((resolve, reject) => {
      let failure: unknown;
      const work = (): void => {
        try {
          runJob(this.codec, job);
        } catch (error) {
          failure = error;
        }
      };
      if (atOnce) work();
      this.thread.after((this.maxMs * this.prng.between(1, 100)) / 100, () => {
        if (!atOnce) work();
        if (failure === undefined) resolve();
        else reject(asDcacheError(failure));
      });
    });
  }
}

export interface EccPlaneParts {
  readonly world: World;
  readonly ecc: EccParameters;
  readonly net: DataNet;
  readonly codec: ErasureCodec;
  readonly logs: LogChecker;
  readonly shards: ShardChecker;
  /** A segment is rebuilt because somebody needs it. */
  readonly onRebuild: () => void;
}

export class EccSimPlane implements SimPlane {
  readonly life: EccLife;
  readonly links: SimDataLinks;
  readonly setup: PlaneSetup;
  private readonly side: EccDataSide;

  constructor({ world, ecc, net, codec, logs, shards, onRebuild }: EccPlaneParts, parts: PlaneParts) {
    const { host, speaker, thread, prng, clock, disk, memoryRules } = parts;
    const { nodeId, incarnation } = speaker;
    assert(isIncarnation(incarnation), 'an incarnation is drawn from its range');
    const self = { nodeId, incarnation };
    const memory = newLeaseMemory();
    this.life = new EccLife({ host, self, thread, readGrant: leaseReader(memory) });
    this.side = new EccDataSide({
      self,
      scheduler: thread,
      wallMs: () => clock.nowMs(),
      forwarder: new RequestSender(world, { host, thread }, prng.fork()),
      readGrant: leaseReader(memory),
      files: new SimSnapshotFiles(disk.folder, thread, world.parameters.disk.maxFileStepMs, prng.fork()),
      recoveryRate: ecc.recoveryRate,
      memoryRules,
      pieceSizes: SIM_PIECES,
      layout: ecc.layout,
      scrubIntervalMs: 0,
      rebuildDelayMs: 2_000,
      metrics: NULL_METRICS,
      logger: world.logger.child(`${host} data`),
      openCoding: () => ({
        codec,
        pool: new SimRebuildPool(codec, thread, ecc.maxRebuildMs, prng.fork(), onRebuild),
      }),
      newReplica: (group, { clusterId, ...spec }) => {
        const hash = new SipKeyHash(seedOfCluster(clusterId));
        const replica = new GroupReplica({ ...spec, hash, layout: ecc.layout, maxKeyBytes: ecc.maxKeyBytes }, group);
        this.life.replicas.set(group.id, replica);
        this.life.memory = spec.memory;
        return replica;
      },
      submit: (requests, onTaken) => parts.submit(requests, onTaken),
      report: (report) => parts.tellControl((control) => control.report(report)),
      onSnapshotWritten: (written) => parts.tellControl((control) => control.snapshotWritten(written)),
      onFailure: (error) => parts.onDefect(error),
    });
    this.links = new SimDataLinks({
      net,
      host,
      thread,
      self,
      handler: this.side,
      prng: prng.fork(),
      onDelivery: (from, messages) => {
        logs.onDelivery(this.life, messages);
        shards.onDelivery(from, messages);
      },
    });
    this.side.start(this.links);
    this.setup = {
      plane: this,
      controlOptions: {
        ecc: { ...ecc.code, timings: ecc.timings, onLoss: ecc.loss === 'policy' ? 'reset' : 'wait' },
      },
      controlParts: { publishLease: leasePublisher(memory) },
    };
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return this.side.execute(request, timeoutMs, forwarded);
  }

  onEvents(events: readonly ControlEvent[]): void {
    this.side.onEvents(events);
    const last = events.findLast((event) => event.type === 'map');
    if (last !== undefined) this.life.onMapApplied(last.index, last.map);
  }

  /** Checks everything that the node holds, as `dcache cluster scrub` has it done. */
  scrub(): void {
    this.life.thread.after(0, () => void this.side.scrub());
  }

  leave(): Promise<void> {
    return this.side.leave();
  }

  drain(): Promise<void> {
    return this.side.drain();
  }

  stop(): void {
    this.side.stop();
    void this.links.close();
  }

  /** How long it waits before it tries again to hold its part, its cap being too low for that; 0: it does not wait. */
  get refillPauseMs(): number {
    return this.side.ecc.refillPauseMs;
  }

  /** Why the node does not serve; undefined when it does. */
  get notServing(): string | undefined {
    return this.side.notServing;
  }
}
