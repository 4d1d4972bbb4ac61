import { describe, expect, test } from 'vitest';
import { expose, renderRecorded } from '../../../src/adapters/metrics/exposition.js';
import { MetricsRecorder } from '../../../src/adapters/metrics/recorder.js';
import { METRICS, METRIC_NAMES } from '../../../src/base/metrics.js';

const samples = (recorder: MetricsRecorder): string[] =>
  renderRecorded(recorder)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

test('a counter is shown with its help, type and labels', () => {
  const recorder = new MetricsRecorder();
  recorder.counter('requests', { rpc: 'Get', code: 'OK' }).add(2);
  recorder.counter('requests', { rpc: 'Get', code: 'NO_LEADER' }).add();
  expect(renderRecorded(recorder).split('\n')).toEqual([
    '# HELP dcache_requests_total Client requests answered, by rpc and by OK or error code.',
    '# TYPE dcache_requests_total counter',
    'dcache_requests_total{rpc="Get",code="OK"} 2',
    'dcache_requests_total{rpc="Get",code="NO_LEADER"} 1',
    '',
  ]);
});

test('the same labels are the same counter', () => {
  const recorder = new MetricsRecorder();
  recorder.counter('raftProposals', { result: 'accepted' }).add();
  recorder.counter('raftProposals', { result: 'accepted' }).add();
  expect(samples(recorder)).toEqual(['dcache_raft_proposals_total{result="accepted"} 2']);
});

test('the order in which labels are written does not matter', () => {
  const recorder = new MetricsRecorder();
  recorder.counter('requests', { rpc: 'Get', code: 'OK' }).add();
  recorder.counter('requests', { code: 'OK', rpc: 'Get' }).add();
  expect(samples(recorder)).toEqual(['dcache_requests_total{rpc="Get",code="OK"} 2']);
});

test('a counter refuses to go back', () => {
  const counter = new MetricsRecorder().counter('raftProposals', { result: 'accepted' });
  expect(() => counter.add(-1)).toThrow('a counter never goes back');
});

test('a gauge is read when somebody looks; a later reader replaces the earlier', () => {
  const recorder = new MetricsRecorder();
  let term = 1;
  recorder.gauge('raftTerm', {}, () => term);
  term = 4;
  expect(samples(recorder)).toEqual(['dcache_raft_term 4']);
  recorder.gauge('raftTerm', {}, () => 9);
  expect(samples(recorder)).toEqual(['dcache_raft_term 9']);
});

test('a histogram counts up to and including each bound, and everything in the last bucket', () => {
  const recorder = new MetricsRecorder();
  const delay = recorder.histogram('eventLoopDelay', {});
  for (const value of [0.001, 0.0015, 0.5, 99]) delay.observe(value);
  const shown = samples(recorder);
  const bucket = (bound: string): string | undefined => shown.find((line) => line.includes(`le="${bound}"`));
  expect(bucket('0.001')).toBe('dcache_event_loop_delay_seconds_bucket{le="0.001"} 1');
  expect(bucket('0.002')).toBe('dcache_event_loop_delay_seconds_bucket{le="0.002"} 2');
  expect(bucket('0.2')).toBe('dcache_event_loop_delay_seconds_bucket{le="0.2"} 2');
  expect(bucket('0.5')).toBe('dcache_event_loop_delay_seconds_bucket{le="0.5"} 3');
  expect(bucket('5')).toBe('dcache_event_loop_delay_seconds_bucket{le="5"} 3');
  expect(bucket('+Inf')).toBe('dcache_event_loop_delay_seconds_bucket{le="+Inf"} 4');
  expect(shown.at(-2)).toBe('dcache_event_loop_delay_seconds_sum 99.5025');
  expect(shown.at(-1)).toBe('dcache_event_loop_delay_seconds_count 4');
});

test('labels are escaped', () => {
  const recorder = new MetricsRecorder();
  recorder.gauge('mailboxMessages', { actor: 'a"b\\c\nd' }, () => 0);
  expect(samples(recorder)).toEqual(['dcache_mailbox_messages{actor="a\\"b\\\\c\\nd"} 0']);
});

test('two nodes in one process do not mix their numbers', () => {
  const [first, second] = [new MetricsRecorder(), new MetricsRecorder()];
  first.counter('raftProposals', { result: 'refused' }).add();
  expect(samples(second)).toEqual([]);
});

test('a scrape adds the metrics of the process, once however many nodes there are', async () => {
  const recorder = new MetricsRecorder();
  recorder.gauge('storeKeys', {}, () => 12);
  await expose(new MetricsRecorder());
  const { contentType, body } = await expose(recorder);
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toContain('\ndcache_store_keys 12\n');
  expect(body.match(/^process_resident_memory_bytes \d+$/gm)).toHaveLength(1);
  expect(body.endsWith('\n')).toBe(true);
});

describe.each(METRIC_NAMES)('the metric %s', (key) => {
  test('follows the naming rules of Prometheus', () => {
    const { name, type, help } = METRICS[key];
    expect(name).toMatch(/^dcache_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(help).toMatch(/^[A-Z0-9].*\.$/);
    expect(METRIC_NAMES.filter((other) => METRICS[other].name === name)).toEqual([key]);
  });
});
