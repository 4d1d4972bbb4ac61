import { expect, test } from 'vitest';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import { DcacheError } from '../../src/base/errors.js';
import { ReportSource } from '../../src/cli/report-source.js';
import { newMap } from '../cluster/some-maps.js';
import { clusterOf, DOWN } from './some-reports.js';

const KNOWS = clusterOf(newMap(2, 1));
/** As a node tells it that has no place yet: nobody else is up as far as it knows. */
const KNOWS_NOTHING: ClusterReport = {
  ...clusterOf(newMap(2, 1), { 1: { role: 'joining' }, 2: DOWN, 3: DOWN }),
  clusterId: '',
};

function sourceOf(answers: Readonly<Record<string, ClusterReport | DcacheError>>) {
  const asked: string[] = [];
  const source = new ReportSource(Object.keys(answers), 5_000, (address) => {
    asked.push(address);
    const answer = answers[address] ?? new DcacheError('UNREACHABLE', address);
    return answer instanceof DcacheError ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { source, asked };
}

test('a node that has no place yet is not believed, and whoever knows better is asked first the next time', async () => {
  const hangs = new DcacheError('DEADLINE_EXCEEDED', 'b did not answer in time');
  const { source, asked } = sourceOf({ a: KNOWS_NOTHING, b: hangs, c: KNOWS });
  expect(await source.fetch()).toBe(KNOWS);
  expect(await source.fetch()).toBe(KNOWS);
  expect(asked).toEqual(['a', 'b', 'c', 'c']);
});

test('the report that knows most counts when nobody knows a leader, and all nodes of it are asked from then on', async () => {
  const leaderless = clusterOf(newMap(2, 1), { 1: { role: 'candidate' } });
  const { source, asked } = sourceOf({ a: KNOWS_NOTHING, c: leaderless });
  expect(await source.fetch()).toBe(leaderless);
  await source.fetch();
  expect(asked.slice(2)).toEqual(['c', 'a', '127.0.0.1:7101', '127.0.0.1:7102', '127.0.0.1:7103']);
});

test('nobody answers: the error names who was asked; another error is passed on', async () => {
  await expect(sourceOf({ a: new DcacheError('UNREACHABLE', 'a') }).source.fetch()).rejects.toThrow(
    'nobody answers at a; start a cluster',
  );
  const refused = new DcacheError('WRONG_CLUSTER', 'another one');
  await expect(sourceOf({ a: refused, c: KNOWS }).source.fetch()).rejects.toBe(refused);
});
