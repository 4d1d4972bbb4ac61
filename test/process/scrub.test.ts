/** `cluster scrub` on real processes. That damage is found and mended is shown where memory can be reached: actors/ecc/scrub.test.ts. */
import { expect } from 'vitest';
import { eccScene, untilRedundant } from './ecc-scene.js';
import { scene, setText } from './harness.js';

eccScene(
  'cluster scrub checks all nodes, and says which one it could not check',
  async (scene) => {
    await scene.startAll();
    await untilRedundant(scene);
    const client = scene.client('n1');
    await Promise.all(Array.from({ length: 500 }, (_, i) => setText(client, `key-${i}`, 'x'.repeat(2_000))));

    const whole = await scene.cli(['cluster', 'scrub']);
    expect(whole).toMatchObject({ exitCode: 0 });
    expect(whole.stdout).toMatch(/n1 +[1-9]\d* .*\n.*n2 +[1-9]\d* .*\n.*n3 +[1-9]\d* /);
    expect(whole.stdout).toMatch(/\d+ shards checked, all right/);

    await scene.node('n3').kill();
    const { stdout, exitCode } = await scene.cli(['cluster', 'scrub', '--json']);
    expect(exitCode).toBe(3);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; unmended: number });
    expect(events.at(-1)).toMatchObject({ event: 'result', unmended: 0 });
    expect(events.filter(({ event }) => event === 'done')).toHaveLength(2);
  },
  { mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } },
);

scene('cluster scrub is refused in raft mode', async (scene) => {
  await scene.startAll();
  const { exitCode, stderr } = await scene.cli(['cluster', 'scrub']);
  expect(stderr).toContain('in raft mode there is no parity to scrub');
  expect(exitCode).toBe(2);
});
