/**
 * The numbers of one node, kept as plain numbers: counting costs an addition. exposition.ts shows them. Several nodes in
 * one process have a recorder each.
 */
import { assert } from '../../base/assert.js';
import {
  METRICS,
  type Counter,
  type CounterName,
  type GaugeName,
  type Histogram,
  type HistogramName,
  type LabelsOf,
  type MetricName,
  type Metrics,
} from '../../base/metrics.js';

export type Labels = Readonly<Record<string, string>>;

export class RecordedCounter implements Counter {
  total = 0;

  add(amount = 1): void {
    assert(amount >= 0, 'a counter never goes back');
    this.total += amount;
  }
}

export class RecordedHistogram implements Histogram {
  /** counts[i]: values in (bounds[i-1], bounds[i]]; the last one those above every bound. */
  readonly counts: number[];
  readonly bounds: readonly number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    for (const bound of this.bounds) {
      if (value <= bound) break;
      bucket++;
    }
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}

/** One line of numbers of a metric: its labels and what is counted under them. */
interface Series<T> {
  readonly labels: Labels;
  readonly value: T;
}

/** The series of every metric of one type, found by name and labels. */
class SeriesTable<T> {
  private readonly byMetric = new Map<MetricName, Map<string, Series<T>>>();

  get(name: MetricName, labels: Labels): T | undefined {
    return this.byMetric.get(name)?.get(seriesId(name, labels))?.value;
  }

  /** Takes the place of a series with the same labels. */
  set(name: MetricName, labels: Labels, value: T): T {
    let series = this.byMetric.get(name);
    if (series === undefined) {
      series = new Map<string, Series<T>>();
      this.byMetric.set(name, series);
    }
    series.set(seriesId(name, labels), { labels, value });
    return value;
  }

  of(name: MetricName): readonly Series<T>[] {
    return [...(this.byMetric.get(name)?.values() ?? [])];
  }
}

/** The values of the labels in the order of the table, whatever the order in which the caller wrote them. */
function seriesId(name: MetricName, labels: Labels): string {
  return METRICS[name].labels.map((label) => labels[label]).join('\n');
}

export class MetricsRecorder implements Metrics {
  private readonly counters = new SeriesTable<RecordedCounter>();
  private readonly histograms = new SeriesTable<RecordedHistogram>();
  private readonly gauges = new SeriesTable<() => number>();

  counter<N extends CounterName>(name: N, labels: LabelsOf<N>): Counter {
    return this.counters.get(name, labels) ?? this.counters.set(name, labels, new RecordedCounter());
  }

  histogram<N extends HistogramName>(name: N, labels: LabelsOf<N>): Histogram {
    return (
      this.histograms.get(name, labels) ??
      this.histograms.set(name, labels, new RecordedHistogram(METRICS[name].buckets))
    );
  }

  gauge<N extends GaugeName>(name: N, labels: LabelsOf<N>, read: () => number): void {
    this.gauges.set(name, labels, read);
  }

  countersOf(name: MetricName): readonly Series<RecordedCounter>[] {
    return this.counters.of(name);
  }

  histogramsOf(name: MetricName): readonly Series<RecordedHistogram>[] {
    return this.histograms.of(name);
  }

  gaugesOf(name: MetricName): readonly Series<() => number>[] {
    return this.gauges.of(name);
  }
}
