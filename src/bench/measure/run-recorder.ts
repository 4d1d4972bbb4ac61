/** Collects what became of the requests of a run: by kind, and over time. */
import type { OperationFigures, TimelineWindow } from '../report/run-report.js';
import type { OperationType } from '../workload/workloads.js';
import { Latencies } from './latencies.js';

interface Tally {
  readonly latencies: Latencies;
  answeredInTime: number;
  missing: number;
  readonly failed: Map<string, number>;
}

/** Since when and for how long, on `performance`'s clock. */
export interface MeasuredPart {
  readonly beginsAtMs: number;
  readonly durationMs: number;
  readonly windowMs: number;
}

export interface RunningFigures {
  readonly answered: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export class RunRecorder {
  private readonly part: MeasuredPart;
  private readonly tallies = new Map<OperationType, Tally>();
  private readonly windows: TimelineWindow[] = [];
  /** Of the window that is open, which is the one behind those in `windows`. */
  private readonly windowLatencies = new Latencies();
  private windowFailed = 0;
  private lastAnswerMs: number;
  /** The longest time without an answer so far: its length, and the answer that it began with on `performance`'s clock. */
  private stallMs = 0;
  private stallFromMs: number;

  constructor(part: MeasuredPart) {
    this.part = part;
    this.lastAnswerMs = part.beginsAtMs;
    this.stallFromMs = part.beginsAtMs;
  }

  /** A request that was due at `dueMs` is answered now. What was due in the warm-up does not count. */
  answered(type: OperationType, dueMs: number, nowMs: number, missing: number): void {
    if (dueMs < this.part.beginsAtMs) return;
    this.advance(nowMs);
    const tally = this.tallyOf(type);
    const latencyMs = nowMs - dueMs;
    tally.latencies.record(latencyMs);
    tally.missing += missing;
    if (nowMs > this.endsAtMs) return;
    tally.answeredInTime++;
    this.windowLatencies.record(latencyMs);
    this.noteSilenceUntil(nowMs);
  }

  failed(type: OperationType, dueMs: number, nowMs: number, code: string): void {
    if (dueMs < this.part.beginsAtMs) return;
    this.advance(nowMs);
    const { failed } = this.tallyOf(type);
    failed.set(code, (failed.get(code) ?? 0) + 1);
    if (nowMs <= this.endsAtMs) this.windowFailed++;
  }

  /** Of the last window that is over, for the progress line; undefined before there is one. */
  newest(nowMs: number): RunningFigures | undefined {
    this.advance(nowMs);
    return this.windows.at(-1);
  }

  /** After the last request is over. */
  figures(): {
    total: OperationFigures;
    byOperation: Partial<Record<OperationType, OperationFigures>>;
    timeline: readonly TimelineWindow[];
    longestStallMs: number;
    longestStallAtMs: number;
  } {
    this.advance(this.endsAtMs);
    this.noteSilenceUntil(this.endsAtMs);
    const byOperation: Partial<Record<OperationType, OperationFigures>> = {};
    const all: Tally = newTally();
    for (const [type, tally] of this.tallies) {
      byOperation[type] = this.figuresOf(tally);
      all.latencies.add(tally.latencies);
      all.answeredInTime += tally.answeredInTime;
      all.missing += tally.missing;
      for (const [code, count] of tally.failed) all.failed.set(code, (all.failed.get(code) ?? 0) + count);
    }
    return {
      total: this.figuresOf(all),
      byOperation,
      timeline: this.windows,
      longestStallMs: this.stallMs,
      longestStallAtMs: this.stallFromMs - this.part.beginsAtMs,
    };
  }

  private get endsAtMs(): number {
    return this.part.beginsAtMs + this.part.durationMs;
  }

  private tallyOf(type: OperationType): Tally {
    const known = this.tallies.get(type);
    if (known !== undefined) return known;
    const tally = newTally();
    this.tallies.set(type, tally);
    return tally;
  }

  private noteSilenceUntil(nowMs: number): void {
    if (nowMs - this.lastAnswerMs > this.stallMs) {
      this.stallMs = nowMs - this.lastAnswerMs;
      this.stallFromMs = this.lastAnswerMs;
    }
    this.lastAnswerMs = nowMs;
  }

  /** Closes the windows that are over. */
  private advance(nowMs: number): void {
    const { beginsAtMs, durationMs, windowMs } = this.part;
    const count = Math.ceil(durationMs / windowMs);
    while (this.windows.length < count) {
      const index = this.windows.length;
      if (nowMs < beginsAtMs + Math.min(durationMs, (index + 1) * windowMs)) return;
      const { windowLatencies: latencies } = this;
      this.windows.push({
        atMs: index * windowMs,
        answered: latencies.count,
        failed: this.windowFailed,
        p50Ms: latencies.at(50),
        p99Ms: latencies.at(99),
        maxMs: latencies.at(100),
      });
      latencies.clear();
      this.windowFailed = 0;
    }
  }

  private figuresOf({ latencies, answeredInTime, missing, failed }: Tally): OperationFigures {
    return {
      answered: latencies.count,
      perSecond: (answeredInTime / this.part.durationMs) * 1000,
      missing,
      failed: Object.fromEntries(failed),
      latency: latencies.summary(),
    };
  }
}

function newTally(): Tally {
  return { latencies: new Latencies(), answeredInTime: 0, missing: 0, failed: new Map() };
}
