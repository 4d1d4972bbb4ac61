/** Latencies in an HDR histogram: microseconds to ten minutes, three significant digits. */
import { build, type Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from '../report/run-report.js';

const LONGEST_US = 600_000_000;
/** Points of a curve: where people look, closer together towards the end. */
const CURVE = [0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100];

export class Latencies {
  private readonly histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
  });

  record(ms: number): void {
    this.histogram.recordValue(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1000))));
  }

  get count(): number {
    return this.histogram.totalCount;
  }

  /** In ms; 0 when nothing was recorded. @param percentile 0..100 */
  at(percentile: number): number {
    return this.count === 0 ? 0 : this.histogram.getValueAtPercentile(percentile) / 1000;
  }

  summary(): LatencySummary {
    const { count } = this;
    return {
      count,
      meanMs: count === 0 ? 0 : this.histogram.mean / 1000,
      p50Ms: this.at(50),
      p90Ms: this.at(90),
      p99Ms: this.at(99),
      p999Ms: this.at(99.9),
      maxMs: this.at(100),
      curve: count === 0 ? [] : CURVE.map((percentile) => [percentile, this.at(percentile)] as const),
    };
  }

  add(other: Latencies): void {
    this.histogram.add(other.histogram);
  }

  clear(): void {
    this.histogram.reset();
  }
}
