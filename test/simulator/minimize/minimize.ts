/**
 * Shortens a run that fails, while the same thing remains the first that is broken: fewer mishaps (delta debugging: Zeller and
 * Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002), nodes, clients, operations and keys, an earlier end. What is
 * left out shifts the random numbers of all that follows, so each attempt is made with a few salts.
 */
import type { Parameters } from '../scenario/parameters.js';
import type { RunReport, Verdict } from '../run.js';
import { cutDown, NOTHING, type Cut } from './cut.js';

const SALTS = 3;

export interface MinimizeParts {
  readonly parameters: Parameters;
  /** The run with other parameters. */
  run(parameters: Parameters): Promise<RunReport>;
  /** A shorter run has been found, after so many. */
  onProgress(parameters: Parameters, runs: number): void;
  /** No more runs than this. */
  readonly maxRuns: number;
}

export interface Minimized {
  readonly cut: Cut;
  readonly report: RunReport;
  readonly runs: number;
}

/** What is broken, without what differs from run to run. */
function nameOf(verdict: Verdict): string {
  switch (verdict.type) {
    case 'passed':
    case 'stuck':
      return verdict.type;
    case 'violation':
      return verdict.invariant;
    case 'defect':
      return `${verdict.type} ${(verdict.details.split('\n')[0] ?? '').replace(/\d+/g, '#')}`;
  }
}

/** @param failed the report of the run with nothing left out */
export async function minimize(failed: RunReport, parts: MinimizeParts): Promise<Minimized> {
  const search = new Search(failed, parts);
  await search.shorten();
  return search.found;
}

class Search {
  private readonly parts: MinimizeParts;
  private readonly wanted: string;
  private cut = NOTHING;
  private report: RunReport;
  private runs = 0;

  constructor(failed: RunReport, parts: MinimizeParts) {
    this.parts = parts;
    this.report = failed;
    this.wanted = nameOf(failed.verdict);
  }

  get found(): Minimized {
    return { cut: this.cut, report: this.report, runs: this.runs };
  }

  /** Until a whole round gains nothing. */
  async shorten(): Promise<void> {
    for (let before: Cut | undefined; before !== this.cut && !this.isOver;) {
      before = this.cut;
      await this.endEarlier();
      await this.dropStrikes();
      await this.lower('nodes', this.present.nodes);
      await this.lower('clients', this.present.workload.clients);
      await this.lower('operations', Math.min(this.present.workload.maxOperations, this.report.operations));
      await this.lower('keys', this.present.workload.keys);
      if (this.cut.quietNetwork !== true) await this.attempt({ quietNetwork: true });
    }
  }

  private get present(): Parameters {
    return cutDown(this.parts.parameters, this.cut);
  }

  private get isOver(): boolean {
    return this.runs >= this.parts.maxRuns;
  }

  private async attempt(change: Partial<Cut>): Promise<boolean> {
    for (let salt = 0; salt < SALTS && !this.isOver; salt++) {
      const cut = { ...this.cut, ...change, salt };
      this.runs++;
      const report = await this.parts.run(cutDown(this.parts.parameters, cut));
      if (nameOf(report.verdict) !== this.wanted) continue;
      this.cut = cut;
      this.report = report;
      this.parts.onProgress(this.present, this.runs);
      return true;
    }
    return false;
  }

  private async endEarlier(): Promise<void> {
    const { verdict } = this.report;
    const brokenAtMs = verdict.type === 'passed' ? Infinity : Math.ceil(verdict.atMs);
    if (brokenAtMs < this.present.safetyMs) await this.attempt({ endMs: brokenAtMs });
    for (let part = 2; part <= 8 && !this.isOver; part *= 2) {
      const { safetyMs } = this.present;
      await this.attempt({ endMs: Math.floor(safetyMs - safetyMs / part) });
    }
  }

  /** Leaves out ever smaller parts of the schedule. */
  private async dropStrikes(): Promise<void> {
    let kept = this.cut.strikes ?? this.parts.parameters.strikes.map((_, place) => place);
    const { safetyMs } = this.present;
    const due = kept.filter((place) => (this.parts.parameters.strikes[place]?.atMs ?? Infinity) <= safetyMs);
    if (due.length < kept.length && (await this.attempt({ strikes: due }))) kept = due;
    for (let parts = 1; kept.length > 0 && !this.isOver;) {
      const size = Math.ceil(kept.length / parts);
      let dropped = false;
      for (let from = 0; from < kept.length && !dropped; from += size) {
        const rest = kept.filter((_, i) => i < from || i >= from + size);
        dropped = await this.attempt({ strikes: rest });
        if (dropped) kept = rest;
      }
      if (dropped) parts = Math.max(1, Math.min(parts, kept.length));
      else if (size === 1) return;
      else parts = Math.min(kept.length, parts * 2);
    }
  }

  /** The smallest of 1, 2, 4, ... below `present` with which it still fails; after that, one less as long as it does. */
  private async lower(what: 'nodes' | 'clients' | 'operations' | 'keys', present: number): Promise<void> {
    let limit = present;
    for (let count = 1; count < limit && !this.isOver; count *= 2) {
      if (await this.attempt({ [what]: count })) limit = count;
    }
    while (limit > 1 && !this.isOver && (await this.attempt({ [what]: limit - 1 }))) limit--;
  }
}
