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

/** The series of one metric, found by the values of its labels. */
class Family<T> {
  private readonly series = new Map<string, Series<T>>();

  getOrAdd(labels: Labels, make: () => T): T {
    const id = Object.values(labels).join('\n');
    let found = this.series.get(id);
    if (found === undefined) {
      found = { labels, value: make() };
      this.series.set(id, found);
    }
    return found.value;
  }

  replace(labels: Labels, value: T): void {
    this.series.set(Object.values(labels).join('\n'), { labels, value });
  }

  all(): readonly Series<T>[] {
    return [...this.series.values()];
  }
}

/** Families come into being with their first series. */
class Families<T> {
  private readonly byName = new Map<MetricName, Family<T>>();

  of(name: MetricName): Family<T> {
    let family = this.byName.get(name);
    if (family === undefined) {
      family = new Family<T>();
      this.byName.set(name, family);
    }
    return family;
  }
}

export class MetricsRecorder implements Metrics {
  private readonly counters = new Families<RecordedCounter>();
  private readonly histograms = new Families<RecordedHistogram>();
  private readonly gauges = new Families<() => number>();

  counter<N extends CounterName>(name: N, labels: LabelsOf<N>): Counter {
    return this.counters.of(name).getOrAdd(labels, () => new RecordedCounter());
  }

  histogram<N extends HistogramName>(name: N, labels: LabelsOf<N>): Histogram {
    return this.histograms.of(name).getOrAdd(labels, () => new RecordedHistogram(METRICS[name].buckets));
  }

  gauge<N extends GaugeName>(name: N, labels: LabelsOf<N>, read: () => number): void {
    this.gauges.of(name).replace(labels, read);
  }

  countersOf(name: MetricName): readonly Series<RecordedCounter>[] {
    return this.counters.of(name).all();
  }

  histogramsOf(name: MetricName): readonly Series<RecordedHistogram>[] {
    return this.histograms.of(name).all();
  }

  gaugesOf(name: MetricName): readonly Series<() => number>[] {
    return this.gauges.of(name).all();
  }
}
