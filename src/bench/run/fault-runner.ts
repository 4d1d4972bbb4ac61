/** Carries planned faults out at their times, and watches how long the cluster takes to be whole again after a restart. */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { committedIn, isWhole } from '../../cluster/redundancy.js';
import type { FaultRecord, Recovery } from '../report/run-report.js';
import { nodesOf, type FaultStep } from '../workload/fault-schedule.js';
import type { RunTarget } from './run-target.js';
import { pause } from './stop-signals.js';

const POLL_MS = 200;

export interface FaultEvents {
  readonly onFault: (step: FaultStep) => void;
  readonly onWhole: (recovery: Recovery) => void;
}

export class FaultRunner {
  readonly faults: FaultRecord[] = [];
  private readonly recovered: Recovery[] = [];
  private readonly target: RunTarget;
  private readonly beginsAtMs: number;
  private readonly events: FaultEvents;

  /** @param beginsAtMs when the measured part begins, on `performance`'s clock. */
  constructor(target: RunTarget, beginsAtMs: number, events: FaultEvents) {
    this.target = target;
    this.beginsAtMs = beginsAtMs;
    this.events = events;
  }

  get recoveries(): readonly Recovery[] {
    return this.recovered;
  }

  /** Resolves when the last step has been carried out, and all that was restarted is whole or `signal` is aborted. */
  async run(steps: readonly FaultStep[], signal: AbortSignal): Promise<void> {
    const watches: Promise<void>[] = [];
    for (const step of steps) {
      await pause(Math.max(0, this.beginsAtMs + step.atMs - performance.now()), signal);
      const atMs = this.now();
      await this.target.carryOut?.(step);
      this.faults.push({ type: step.type, nodes: nodesOf(step), plannedAtMs: step.atMs, atMs });
      this.events.onFault(step);
      if (step.type === 'restart') watches.push(this.watch(step.nodeId, signal));
    }
    await Promise.all(watches);
  }

  private now(): number {
    return Math.round(performance.now() - this.beginsAtMs);
  }

  private async watch(nodeId: string, signal: AbortSignal): Promise<void> {
    const index = this.recovered.length;
    const begun: Recovery = { nodeId, restartedAtMs: this.now(), wholeAtMs: null };
    this.recovered.push(begun);
    let before: ClusterReport | undefined;
    while (!signal.aborted) {
      await pause(POLL_MS, signal);
      const report = await this.target.report();
      if (report !== undefined && before !== undefined && isWhole(report, committedIn(before))) {
        const done = { ...begun, wholeAtMs: this.now() };
        this.recovered[index] = done;
        this.events.onWhole(done);
        return;
      }
      before = report;
    }
  }
}
