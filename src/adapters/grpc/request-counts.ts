/** Counts the requests of a client port. Keeps the series that it counts in: finding one by its labels costs more than counting. */
import type { Counter, Histogram, Metrics } from '../../base/metrics.js';

interface SeriesOfRpc {
  readonly durations: Histogram;
  /** By OK or error code. */
  readonly answers: Map<string, Counter>;
}

export class RequestCounts {
  private readonly metrics: Metrics;
  private readonly byRpc = new Map<string, SeriesOfRpc>();

  constructor(metrics: Metrics) {
    this.metrics = metrics;
  }

  /** @param code of the table of errors, or OK. @param startedAtMs by performance.now(). */
  onAnswered(rpc: string, code: string, startedAtMs: number): void {
    const series = this.byRpc.get(rpc) ?? this.open(rpc);
    let answers = series.answers.get(code);
    if (answers === undefined) {
      answers = this.metrics.counter('requests', { rpc, code });
      series.answers.set(code, answers);
    }
    answers.add();
    series.durations.observe((performance.now() - startedAtMs) / 1000);
  }

  private open(rpc: string): SeriesOfRpc {
    const series = {
      durations: this.metrics.histogram('requestDuration', { rpc }),
      answers: new Map<string, Counter>(),
    };
    this.byRpc.set(rpc, series);
    return series;
  }
}
