/**
 * What a scrape of /metrics is answered with, in the Prometheus text format 0.0.4: the recorder's numbers, and the metrics
 * of the process from prom-client. That costs 11 MB of memory, which a node that nobody scrapes can do without, so it
 * is loaded at the first scrape, and the node's own numbers are written here.
 */
import type { Registry } from 'prom-client';
import { assertNever } from '../../base/assert.js';
import { METRICS, METRIC_NAMES, type MetricName } from '../../base/metrics.js';
import type { Labels, MetricsRecorder, RecordedHistogram } from './recorder.js';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

/** Prometheus counts cumulatively: each bucket holds everything up to its bound. */
function histogramSamples(name: string, labels: Labels, recorded: RecordedHistogram): string[] {
  let cumulative = 0;
  const buckets = recorded.counts.map((count, i) => {
    cumulative += count;
    const bound = recorded.bounds[i];
    return sample(`${name}_bucket`, { ...labels, le: bound === undefined ? '+Inf' : String(bound) }, cumulative);
  });
  return [...buckets, sample(`${name}_sum`, labels, recorded.sum), sample(`${name}_count`, labels, cumulative)];
}

function samplesOf(recorder: MetricsRecorder, key: MetricName): string[] {
  const { name, type } = METRICS[key];
  switch (type) {
    case 'counter':
      return recorder.countersOf(key).map(({ labels, value }) => sample(name, labels, value.total));
    case 'gauge':
      return recorder.gaugesOf(key).map(({ labels, value }) => sample(name, labels, value()));
    case 'histogram':
      return recorder.histogramsOf(key).flatMap(({ labels, value }) => histogramSamples(name, labels, value));
    default:
      return assertNever(type, 'metric type');
  }
}

/** The recorder's metrics as text. A metric without a series yet is left out. */
export function renderRecorded(recorder: MetricsRecorder): string {
  const lines: string[] = [];
  for (const key of METRIC_NAMES) {
    const samples = samplesOf(recorder, key);
    const { name, help, type } = METRICS[key];
    if (samples.length > 0) lines.push(`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...samples, '');
  }
  return lines.join('\n');
}

/** One per process: CPU, memory, handles, garbage collection and the event loop are the same for every node in it. */
let processMetrics: Promise<Registry> | undefined;

async function loadProcessMetrics(): Promise<Registry> {
  const { default: client } = await import('prom-client');
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry });
  return registry;
}

/** The answer to one scrape. */
export async function expose(recorder: MetricsRecorder): Promise<Exposition> {
  processMetrics ??= loadProcessMetrics();
  const registry = await processMetrics;
  return { contentType: registry.contentType, body: `${renderRecorded(recorder)}\n${await registry.metrics()}` };
}
