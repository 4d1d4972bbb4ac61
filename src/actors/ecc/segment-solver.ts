/**
 * Makes the bytes of one sealed segment out of what has been heard of its stripe: takes them as they are where somebody has them, else
 * solves for them, another subset of the shards after each result whose checksum is wrong (DESIGN.md, I10). Whoever gave a shard to
 * a wrong result is under suspicion.
 */
import { errorFields, type Logger } from '../../base/log.js';
import type { NodeId } from '../../base/ids.js';
import type { RebuildJob } from '../../erasure/codec-job.js';
import type { RebuildPattern } from '../../erasure/solver.js';
import { planRebuilds, type NamedSegment, type RebuildPlan } from '../../recovery/rebuild-plan.js';
import { hashBytes } from '../../store/byte-hash.js';
import type { StripeView } from './stripe-view.js';

/** Larger jobs of the codec; adapters/codec-pool in a node. All memory of a job is shared memory. */
export interface RebuildPool {
  /** Rejects with a DcacheError; the targets are undefined then. */
  run(job: RebuildJob): Promise<unknown>;
}

export interface SegmentSolverParts {
  readonly group: number;
  /** Data positions. */
  readonly k: number;
  readonly code: { determines(pattern: RebuildPattern): boolean };
  readonly pool: RebuildPool;
  readonly logger: Logger;
  /** A result was wrong: one of these nodes, of which this one may be one, has a damaged shard of the stripe. */
  onWrong(stripe: number, givers: readonly NodeId[]): void;
}

export interface WantedSegment extends NamedSegment {
  /** Its own, and its stripe's. */
  readonly number: number;
  readonly length: number;
}

/** What one question has tried. */
export class TriedPlans {
  /** Names of plans whose result was wrong. */
  readonly wrong = new Set<string>();
  /** The codec has failed at a plan, so what was heard may be enough all the same. */
  hasFailed = false;
}

export class SegmentSolver {
  private readonly parts: SegmentSolverParts;

  constructor(parts: SegmentSolverParts) {
    this.parts = parts;
  }

  /**
   * The bytes, with the right checksum, in memory that the caller may read; undefined if nothing that has been heard gives them.
   * @param tried plans that came to nothing; those that come to nothing now are added. One that the codec has failed at is tried
   *   again with the next call.
   */
  async solve(view: StripeView, wanted: WantedSegment, tried: TriedPlans): Promise<Uint8Array | undefined> {
    const { code, group, logger } = this.parts;
    const { position, number, length, checksum } = wanted;
    for (const plan of planRebuilds(wanted, view.offers, (pattern) => code.determines(pattern))) {
      if (tried.wrong.has(plan.name)) continue;
      const target = plan.type === 'copy' ? view.bytesOf(wanted) : await this.compute(view, plan, wanted, tried);
      const bytes = target?.subarray(0, length);
      if (bytes === undefined) continue;
      if (bytes.length === length && hashBytes(bytes, length, 0) === checksum) return bytes;
      tried.wrong.add(plan.name);
      const givers = view.giversOf(plan, wanted);
      logger.warn(
        { group, position, stripe: number, plan: plan.name, givers: givers.join(' ') },
        'a rebuilt segment is wrong: a shard is damaged',
      );
      this.parts.onWrong(number, givers);
    }
    return undefined;
  }

  private async compute(
    view: StripeView,
    plan: Extract<RebuildPlan, { type: 'solve' }>,
    wanted: NamedSegment,
    tried: TriedPlans,
  ): Promise<Uint8Array | undefined> {
    const { job, target } = view.job(plan, wanted.position, this.parts.k);
    try {
      await this.parts.pool.run(job);
      return target;
    } catch (error) {
      this.parts.logger.warn({ group: this.parts.group, ...errorFields(error) }, 'a rebuild could not be computed');
      tried.hasFailed = true;
      return undefined;
    }
  }
}
