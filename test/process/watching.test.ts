/** What a person who looks on sees: `cluster status --watch` and `doctor`, while the cluster changes under them. */
import { expect } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.js';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import { scene, type Scene } from './harness.js';

/** Reports of `status --watch --json`, or the errors that it showed instead. */
type Shown = Partial<ClusterReport> & { readonly error?: { readonly code: string } };

function shown(stdout: string): Shown[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Shown]));
}

async function doctor(scene: Scene, ...args: string[]): Promise<{ exitCode: number | null; findings: Finding[] }> {
  const every = ['doctor', '--json', '--nodes', '1', '--endpoints', scene.endpoints.join(','), ...args];
  const { exitCode, stdout } = await scene.cli(every);
  return { exitCode, findings: (JSON.parse(stdout) as { findings: Finding[] }).findings };
}

scene(
  'status --watch shows a node go and come back, outlives the whole cluster, and ends with Ctrl-C',
  async (scene) => {
    await scene.startAll();
    const leader = await scene.leader();
    const follower = leader === 'n3' ? 'n2' : 'n3';
    const endpoints = ['--endpoints', scene.endpoints.join(',')];
    const watch = scene.spawn('watch', ['cluster', 'status', '--watch', '--json', ...endpoints]);
    const last = (): Shown | undefined => shown(watch.stdout).at(-1);
    const sees = (what: string, holds: (report: Shown) => boolean): Promise<boolean> =>
      scene.until(`the watcher sees ${what}`, () => {
        const report = last();
        return report !== undefined && holds(report);
      });

    await sees('three nodes', ({ up }) => up === 3);
    await scene.node(follower).kill();
    await sees(`${follower} down`, ({ up, nodes = [] }) => {
      return up === 2 && nodes.some((node) => node.nodeId === follower && !node.up);
    });
    await scene.start(follower);
    await sees(`${follower} up again`, ({ up }) => up === 3);

    await Promise.all(['n1', 'n2', 'n3'].map((id) => scene.node(id).kill()));
    await sees('that nobody answers', ({ error }) => error?.code === 'UNREACHABLE');
    await Promise.all(['n1', 'n2', 'n3'].map((id) => scene.start(id)));
    await sees('three nodes again', ({ up }) => up === 3);

    watch.signal('SIGINT');
    expect(await watch.ended).toEqual({ exitCode: 0, signal: null });
    expect(watch.stderr).toBe('');
  },
);

scene(
  'doctor names a node that is down with the command that starts it, and finds nothing when all is well',
  async (scene) => {
    await scene.startAll();
    const problems = (findings: readonly Finding[]): Finding[] => findings.filter(({ state }) => state === 'problem');

    const well = await doctor(scene);
    expect(problems(well.findings)).toEqual([]);
    expect(well.exitCode).toBe(0);
    expect(well.findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['Node', 'lmdb', 'reed-solomon', 'data folder', 'cluster', 'clock of n1', 'clock of n3']),
    );

    await scene.node('n2').kill();
    await scene.until('n2 is missed', async () => (await scene.status('n1'))?.up === 2);
    const ill = await doctor(scene);
    expect(ill.exitCode).toBe(1);
    expect(problems(ill.findings)).toMatchObject([
      { check: `endpoint ${scene.planOf('n2').client}`, message: 'nobody answers' },
    ]);
    expect(ill.findings.find(({ check }) => check === 'cluster')).toMatchObject({
      state: 'warning',
      fix: 'dcache node start --id n2',
    });

    const text = await scene.cli(['doctor', '--nodes', '1', '--endpoints', scene.endpoints.join(',')]);
    expect(text).toMatchObject({ exitCode: 1, stderr: '' });
    expect(text.stdout).toContain('fix: dcache node start --id n2');
    expect(text.stdout).toMatch(/1 problem, /);
  },
);
