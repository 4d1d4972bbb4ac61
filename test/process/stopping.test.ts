/** SIGTERM: what a planned stop may not break. */
import { expect } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import { getText, scene, setText } from './harness.js';

scene('a leader stopped under load hands over, exits with 0, and no write is lost or unknown', async (scene) => {
  await scene.startAll();
  const leader = await scene.leader();
  const others = [...scene.plans.keys()].filter((id) => id !== leader);
  const client = scene.client();
  const acknowledged = new Map<string, string>();
  const failures: unknown[] = [];
  let stopped = false;
  const writer = async (name: string): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      try {
        await setText(client, `${name} ${i}`, `${i}`);
        acknowledged.set(`${name} ${i}`, `${i}`);
      } catch (error) {
        failures.push(error instanceof DcacheError ? `${error.outcome}: ${error.message}` : error);
      }
    }
  };
  const writers = Array.from({ length: 16 }, (_, i) => writer(`w${i}`));
  await scene.until('500 writes are acknowledged', () => Promise.resolve(acknowledged.size >= 500));

  const node = scene.node(leader);
  node.signal('SIGTERM');
  expect(await node.ended, node.tail).toEqual({ exitCode: 0, signal: null });
  const atExit = acknowledged.size;
  await scene.until('writes go on', () => Promise.resolve(acknowledged.size >= atExit + 500));
  stopped = true;
  await Promise.all(writers);

  expect(failures).toEqual([]);
  expect(others).toContain(await scene.leader(...others));
  const reader = scene.client(...others);
  const found = await Promise.all([...acknowledged.keys()].map((key) => getText(reader, key)));
  expect(found).toEqual([...acknowledged.values()]);
});

scene('a stopping leader does not leave before there is another one', async (scene) => {
  // Nobody is missed for six seconds: whoever leads before that was asked to.
  await scene.startAll({ 'election-ticks': '120' });
  const leader = await scene.leader();
  const others = [...scene.plans.keys()].filter((id) => id !== leader);
  const stoppedAtMs = performance.now();
  scene.node(leader).signal('SIGTERM');
  await scene.leader(...others);
  expect(performance.now() - stoppedAtMs).toBeLessThan(6_000);
});

scene('a second signal does not wait any longer', async (scene) => {
  await scene.plan('n1', 'n2', 'n3');
  const alone = await scene.start('n1');
  // A read that waits for a majority keeps a stopping node for as long as it drains.
  alone.signal('SIGTERM');
  alone.signal('SIGTERM');
  expect([0, 130]).toContain((await alone.ended).exitCode);
});
