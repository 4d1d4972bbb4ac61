/** `dcache bench` as people type it: on clusters that it starts, on one that runs, and when it is asked for nonsense. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { notInstalled } from '../../src/bench/compare/compare.js';
import type { CompareReport } from '../../src/bench/report/compare-report.js';
import type { RunReport } from '../../src/bench/report/run-report.js';
import { playScene, SCENE_TIMEOUT_MS, type Scene } from './harness.js';

/** One after the other: each has a cluster that is under load. */
function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  test(name, { timeout: SCENE_TIMEOUT_MS }, () => playScene(play, { mode: 'raft', nodes: 1 }));
}

/** Temporary folders of the command are made below the scene's. */
const inside = (scene: Scene): { env: Record<string, string> } => ({ env: { TMPDIR: scene.folder } });
const leftovers = (scene: Scene): string[] => readdirSync(scene.folder).filter((name) => name.startsWith('dcache-'));
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

scene(
  'a benchmark starts a cluster, kills a node and takes it back, tells all of it as JSON, and leaves nothing',
  async (scene) => {
    const faults = ['--kill', 'n2@500ms', '--restart', 'n2@1s'];
    const load = ['--rate', '300', '--keys', '500', '--duration', '6s', '--warm-up', '300ms', '--window', '500ms'];
    const args = [
      'bench',
      'run',
      '--spawn',
      'ecc',
      '--k',
      '2',
      '--m',
      '1',
      '--workload',
      'forerunner-a',
      ...load,
      ...faults,
    ];
    const answer = await scene.cli([...args, '--output', 'run.json', '--timeout', '20s'], inside(scene));
    expect(answer.stderr).toMatch(/kill n2[^]*restart n2/);
    expect(answer.exitCode, answer.stderr).toBe(0);
    expect(answer.stdout).toMatch(/forerunner-a .* open loop, on ecc RS\(2,1\), 3 nodes/);

    const report = JSON.parse(readFileSync(join(scene.folder, 'run.json'), 'utf8')) as RunReport;
    expect(report).toMatchObject({
      schema: 'dcache.bench.run',
      version: 1,
      target: { kind: 'spawned', mode: 'ecc', nodes: 3, k: 2, m: 1, tolerates: 1, proxied: false },
      workload: { name: 'forerunner-a', keys: 500, keyBytes: 16, valueBytes: 100 },
      load: { type: 'open', perSecond: 300 },
    });
    const failed = Object.values(report.total.failed).reduce((sum, count) => sum + count, 0);
    expect(report.total.answered + failed).toBe(1800);
    expect(report.total.missing).toBe(0);
    expect((report.byOperation.get?.answered ?? 0) + (report.byOperation.set?.answered ?? 0)).toBe(
      report.total.answered,
    );
    expect(report.timeline).toHaveLength(12);
    expect(report.longestStallMs).toBeGreaterThan(0);
    expect(report.faults.map(({ type, nodes }) => [type, ...nodes])).toEqual([
      ['kill', 'n2'],
      ['restart', 'n2'],
    ]);
    expect(report.recoveries.map(({ nodeId }) => nodeId)).toEqual(['n2']);
    expect(report.nodes.map(({ nodeId }) => nodeId)).toEqual(['n1', 'n2', 'n3']);
    expect(report.nodes[1]?.samples.some(({ up, storeBytes }) => !up && storeBytes === null)).toBe(true);
    expect(report.nodes[0]?.samples.at(-1)?.storeBytes).toBeGreaterThan(0);
    expect(report.memory.storeBytes).toBeGreaterThan(report.memory.floorBytes);
    expect(report.memory).toMatchObject({
      entries: 500,
      payloadBytes: 58_000,
      floorBytes: 87_000,
      replicationBytes: 116_000,
    });
    expect(leftovers(scene)).toEqual([]);
  },
);

scene('a benchmark on a running cluster leaves its other keys alone and removes its own', async (scene) => {
  await scene.startAll();
  const client = scene.client();
  await client.set('fruit', 'cherry');
  const endpoints = ['--endpoints', scene.endpoints.join(',')];
  const load = [
    '--workload',
    'ycsb-d',
    '--keys',
    '200',
    '--value-bytes',
    '50',
    '--clients',
    '8',
    '--duration',
    '500ms',
  ];
  const answer = await scene.cli(['bench', 'run', ...endpoints, ...load, '--warm-up', '0s', '--json'], inside(scene));
  expect(answer.exitCode, answer.stdout + answer.stderr).toBe(0);
  const report = JSON.parse(answer.stdout) as RunReport;
  expect(report).toMatchObject({
    target: { kind: 'running', mode: 'raft', nodes: 1, tolerates: 0 },
    load: { type: 'closed', clients: 8 },
  });
  expect(report.total).toMatchObject({ failed: {}, missing: 0 });
  expect(report.byOperation.insert?.answered).toBeGreaterThan(0);
  expect(report.memoryAfter.entries).toBe(200 + (report.byOperation.insert?.answered ?? 0));
  expect(await client.count()).toBe(1);
  expect(await client.get('fruit')).toBe('cherry');
});

scene('Ctrl-C ends a benchmark, the cluster that it started and its data', async (scene) => {
  const args = ['bench', 'run', '--spawn', 'raft', '--nodes', '1', '--keys', '100', '--duration', '10m'];
  const child = scene.spawn('bench', args, inside(scene));
  await child.says('measuring', 90_000);
  const nodes = readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && commandOf(pid).includes(join(scene.folder, 'dcache-bench')),
  );
  expect(nodes).toHaveLength(1);
  child.signal('SIGINT');
  expect(await child.ended).toEqual({ exitCode: 3, signal: null });
  expect(child.stderr).toMatch(/error: stopped by SIGINT; what was started has been stopped and removed/);
  expect(nodes.map(Number).filter(isAlive)).toEqual([]);
  expect(leftovers(scene)).toEqual([]);
});

scene('a benchmark that cannot be is refused before anything is started', async (scene) => {
  const refusals: [string[], number, RegExp][] = [
    [['--workload', 'ycsb-z'], 2, /there is no workload "ycsb-z"; it is one of/],
    [['--endpoints', '127.0.0.1:1'], 3, /nobody answers at 127\.0\.0\.1:1; start a cluster/],
    [['--kill', 'n1@1s'], 2, /--kill is for nodes that this command has started, and it starts none; add --spawn/],
    [['--spawn', 'ecc', '--output', 'missing/run.json'], 2, /--output: there is no folder missing/],
  ];
  for (const [flags, exitCode, message] of refusals) {
    const answer = await scene.cli(['bench', 'run', ...flags], inside(scene));
    expect(answer.stderr).toMatch(message);
    expect(answer.exitCode, answer.stderr).toBe(exitCode);
  }
  expect(leftovers(scene)).toEqual([]);
});

const RIVALS = ['redis', 'memcached', 'etcd'] as const;

/** Where none of them is installed there is nobody to be compared with. */
const installed = RIVALS.filter((name) => notInstalled([name]).length === 0);

test.skipIf(installed.length === 0)(
  'a comparison starts whatever is installed, asks all the same, and leaves nothing',
  { timeout: SCENE_TIMEOUT_MS },
  () =>
    playScene(async (scene) => {
      const systems = ['raft', ...installed];
      const small = ['--k', '1', '--m', '0', '--keys', '50', '--clients', '4', '--round', '100ms'];
      const args = ['bench', 'compare', '--only', systems.join(','), '--workload', 'ycsb-f', ...small];
      const answer = await scene.cli([...args, '--output', 'compare.json'], inside(scene));
      expect(answer.exitCode, answer.stderr).toBe(0);
      expect(answer.stdout).toContain('A ratio is shown when');
      const report = JSON.parse(readFileSync(join(scene.folder, 'compare.json'), 'utf8')) as CompareReport;
      expect(report).toMatchObject({ schema: 'dcache.bench.compare', version: 1, clients: 4 });
      expect(report.systems.map(({ system }) => system)).toEqual(systems);
      for (const { name, rounds, bytesPerEntry, tolerates } of report.systems) {
        expect(rounds, name).toHaveLength(5);
        expect(tolerates, name).toBe(0);
        expect(bytesPerEntry, name).toBeGreaterThan(0);
        for (const { perSecond } of rounds) expect(perSecond, name).toBeGreaterThan(0);
      }
      expect(leftovers(scene)).toEqual([]);
    }),
);

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}
