/**
 * Goes through everything that this node holds and has each stripe checked (stripe-check.ts), one at a time and so many bytes a
 * second: by itself once an interval, at once when somebody asks for it, and single stripes that a rebuild has put under suspicion.
 * Also folds in what parity shards owe. One for each node, owned by LocalGroups.
 */
import { errorFields, type Logger } from '../../base/log.js';
import type { Metrics } from '../../base/metrics.js';
import type { ScrubProgress, ScrubRun } from '../data-plane.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { Finding, StripeFindings } from './stripe-check.js';

/** One group of this node. */
export interface ScrubbedGroup {
  readonly group: number;
  /** Requests wait for segments of this group. */
  readonly isBusy: boolean;
  /** Numbers of the stripes whose shards here owe segments. */
  owing(): readonly number[];
  stripes(): readonly number[];
  check(stripe: number): Promise<StripeFindings>;
  /** Resolves with the bytes that were folded in. */
  refold(stripe: number): Promise<number>;
}

export interface ScrubberParts {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Between two passes; 0: none by itself. */
  readonly intervalMs: number;
  groups(): Iterable<ScrubbedGroup>;
}

interface Pass extends ScrubRun {
  bytesPerSecond: number;
  progress: ScrubProgress;
}

/** Of a pass that nobody waits for. */
const GENTLE_BYTES_PER_SECOND = 8 * 1024 * 1024;
/** Of one that somebody has asked for, and of folding in what is owed. */
const EAGER_BYTES_PER_SECOND = 64 * 1024 * 1024;
/** A gentle pass waits so long while requests wait for rebuilds. */
const BUSY_PAUSE_MS = 50;
/** What is owed and cannot be had is tried again after this, and suspicions about one stripe are heard this often. */
const AGAIN_MS = 2_000;
/** Stripes under suspicion that wait for their turn; the next pass finds the others. */
const MAX_SUSPECTS = 256;

const NOTHING: ScrubProgress = {
  stripes: 0,
  stripesDone: 0,
  shards: 0,
  bytes: 0,
  mended: 0,
  unmended: 0,
  unchecked: 0,
};

export class Scrubber {
  private readonly parts: ScrubberParts;
  private pass: Pass | undefined;
  private nextPassMs: number;
  /** By group and stripe: since when; those that were checked stay for a while. */
  private readonly suspects = new Map<string, { group: number; stripe: number; atMs: number; isChecked: boolean }>();
  private isMending = false;
  /** When what is owed may be tried again, and with which of it to go on. */
  private refoldAtMs = 0;
  private refolds = 0;
  private stopped = false;

  constructor(parts: ScrubberParts) {
    this.parts = parts;
    this.nextPassMs = parts.scheduler.nowMs() + parts.intervalMs;
  }

  /** Checks everything now, or makes haste with the pass that is under way. */
  run(): ScrubRun {
    return this.begin(EAGER_BYTES_PER_SECOND);
  }

  /** A rebuild came out wrong, and a shard that this node gave was in it. */
  suspect(group: number, stripe: number): void {
    const name = `${group}/${stripe}`;
    if (this.suspects.has(name) || this.suspects.size >= MAX_SUSPECTS) return;
    this.suspects.set(name, { group, stripe, atMs: this.parts.scheduler.nowMs(), isChecked: false });
    this.maybeMend();
  }

  /** Every few milliseconds. */
  tick(): void {
    const { scheduler, intervalMs } = this.parts;
    const nowMs = scheduler.nowMs();
    for (const [name, { atMs, isChecked }] of this.suspects) {
      if (isChecked && nowMs - atMs >= AGAIN_MS) this.suspects.delete(name);
    }
    this.maybeMend();
    if (intervalMs > 0 && nowMs >= this.nextPassMs && this.pass === undefined) {
      this.begin(GENTLE_BYTES_PER_SECOND);
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private begin(bytesPerSecond: number): ScrubRun {
    if (this.pass !== undefined) {
      this.pass.bytesPerSecond = Math.max(this.pass.bytesPerSecond, bytesPerSecond);
      return this.pass;
    }
    const { scheduler, intervalMs } = this.parts;
    this.nextPassMs = scheduler.nowMs() + intervalMs;
    const work = [...this.parts.groups()].flatMap((group) => group.stripes().map((stripe) => ({ group, stripe })));
    const done = Promise.resolve().then(() => this.goThrough(pass, work));
    const pass: Pass = { bytesPerSecond, progress: { ...NOTHING, stripes: work.length }, done };
    this.pass = pass;
    return pass;
  }

  private async goThrough(
    pass: Pass,
    work: readonly { readonly group: ScrubbedGroup; readonly stripe: number }[],
  ): Promise<ScrubProgress> {
    const { scheduler, logger } = this.parts;
    let dueMs = scheduler.nowMs();
    try {
      for (const { group, stripe } of work) {
        while (pass.bytesPerSecond === GENTLE_BYTES_PER_SECOND && group.isBusy && !this.stopped) {
          await this.pause(BUSY_PAUSE_MS);
        }
        if (this.stopped) return pass.progress;
        const { findings, bytes } = await this.checked(group, stripe);
        pass.progress = added(pass.progress, findings, bytes);
        dueMs = Math.max(dueMs, scheduler.nowMs() - 1000) + (bytes / pass.bytesPerSecond) * 1000;
        // Other work has its turn in any case.
        await this.pause(Math.max(0, dueMs - scheduler.nowMs()));
      }
    } finally {
      this.pass = undefined;
    }
    const { progress } = pass;
    const isClean = progress.mended + progress.unmended + progress.unchecked === 0;
    logger[isClean ? 'info' : 'warn']({ ...progress }, 'everything here has been scrubbed');
    return progress;
  }

  private async checked(group: ScrubbedGroup, stripe: number): Promise<StripeFindings> {
    const { metrics, logger } = this.parts;
    try {
      const checked = await group.check(stripe);
      for (const finding of checked.findings) metrics.counter('scrubbedShards', { finding }).add();
      return checked;
    } catch (error) {
      logger.error({ group: group.group, stripe, ...errorFields(error) }, 'a stripe could not be checked');
      return { findings: ['unchecked'], bytes: 0 };
    }
  }

  /** Looks after what is owed and what is under suspicion, one stripe after the other. */
  private maybeMend(): void {
    if (this.isMending || this.stopped) return;
    const mend = this.nextSuspect() ?? this.nextOwing();
    if (mend === undefined) return;
    this.isMending = true;
    void mend().then((bytes) => {
      this.parts.scheduler.after((bytes / EAGER_BYTES_PER_SECOND) * 1000, () => {
        this.isMending = false;
        this.maybeMend();
      });
    });
  }

  private nextSuspect(): (() => Promise<number>) | undefined {
    for (const suspect of this.suspects.values()) {
      if (suspect.isChecked) continue;
      suspect.isChecked = true;
      suspect.atMs = this.parts.scheduler.nowMs();
      const group = [...this.parts.groups()].find((each) => each.group === suspect.group);
      if (group === undefined) continue;
      return async () => (await this.checked(group, suspect.stripe)).bytes;
    }
    return undefined;
  }

  private nextOwing(): (() => Promise<number>) | undefined {
    const { scheduler, logger } = this.parts;
    if (scheduler.nowMs() < this.refoldAtMs) return undefined;
    const owing = [...this.parts.groups()].flatMap((group) => group.owing().map((stripe) => ({ group, stripe })));
    const next = owing[this.refolds++ % owing.length];
    if (next === undefined) return undefined;
    const { group, stripe } = next;
    return async () => {
      let bytes = 0;
      try {
        bytes = await group.refold(stripe);
      } catch (error) {
        logger.error({ group: group.group, stripe, ...errorFields(error) }, 'a parity shard could not be folded anew');
      }
      if (bytes === 0) this.refoldAtMs = scheduler.nowMs() + AGAIN_MS / owing.length;
      return bytes;
    };
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (ms > 0) this.parts.scheduler.after(ms, resolve);
      else this.parts.scheduler.nextTurn(resolve);
    });
  }
}

function added(progress: ScrubProgress, findings: readonly Finding[], bytes: number): ScrubProgress {
  const count = (finding: Finding): number => findings.filter((each) => each === finding).length;
  return {
    ...progress,
    stripesDone: progress.stripesDone + 1,
    shards: progress.shards + findings.length,
    bytes: progress.bytes + bytes,
    mended: progress.mended + count('mended'),
    unmended: progress.unmended + count('unmended'),
    unchecked: progress.unchecked + count('unchecked'),
  };
}
