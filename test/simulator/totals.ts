/** What many runs did together. */
import type { Mode } from '../../src/base/ids.js';
import { FaultCounts, faultsOf } from './fault-counts.js';
import type { RunReport } from './run.js';

export class Totals {
  readonly mode: Mode;
  readonly faults = new FaultCounts();
  seeds = 0;
  virtualMs = 0;
  events = 0;
  operations = 0;
  unknownOutcomes = 0;
  notDone = 0;
  committedEntries = 0;
  leaders = 0;
  snapshots = 0;
  snapshotsSent = 0;
  undecidedHistories = 0;
  beyondPromise = 0;
  private readonly counts = new Map<string, number>();

  constructor(mode: Mode) {
    this.mode = mode;
  }

  add(report: RunReport): this {
    this.seeds++;
    this.virtualMs += report.virtualMs;
    this.events += report.events;
    this.operations += report.operations;
    this.unknownOutcomes += report.unknownOutcomes;
    this.notDone += report.notDone;
    this.committedEntries += report.committedEntries;
    this.leaders += report.leaders;
    this.snapshots += report.snapshots;
    this.snapshotsSent += report.snapshotsSent;
    if (!report.historyDecided) this.undecidedHistories++;
    if (report.beyondPromise !== undefined) this.beyondPromise++;
    for (const [name, count] of Object.entries(report.counts)) {
      this.counts.set(name, (this.counts.get(name) ?? 0) + count);
    }
    this.faults.addAll(report.faults);
    return this;
  }

  /** What the mode counts, over all runs. */
  counted(): ReadonlyMap<string, number> {
    return this.counts;
  }

  /** Kinds of faults that never happened, and situations that no run came to. */
  unreached(): readonly string[] {
    const situations = [...this.counts].flatMap(([name, count]) => (count === 0 ? [name.trim()] : []));
    return [...this.faults.missing(faultsOf(this.mode)), ...situations];
  }

  describe(): string {
    const hours = (this.virtualMs / 3_600_000).toFixed(2);
    return [
      `${this.seeds} seeds of ${this.mode} mode: ${hours} virtual hours, ${this.events} events`,
      `  ${this.operations} operations checked, ${this.notDone} of them not done, ${this.unknownOutcomes} unknown`,
      `  ${this.undecidedHistories} histories were too tangled for the checker`,
      `  ${this.committedEntries} entries committed under ${this.leaders} leaders`,
      `  ${this.snapshots} snapshots named in a log, ${this.snapshotsSent} sent`,
      ...(this.beyondPromise > 0
        ? [`  ${this.beyondPromise} ended early: more was lost than is promised, or a cap could not hold its part`]
        : []),
      ...[...this.counts].map(([name, count]) => `  ${String(count)} ${name}`),
      ...faultsOf(this.mode).map((kind) => `  ${kind.padEnd(34)}${String(this.faults.of(kind)).padStart(8)}`),
    ].join('\n');
  }
}
