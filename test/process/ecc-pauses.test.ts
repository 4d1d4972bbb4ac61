/** A node that does not run for seconds and then goes on: it must not believe that its lease still holds. */
import { expect } from 'vitest';
import { eccScene, primaryOf, untilRedundant } from './ecc-scene.js';
import { getText, setText } from './harness.js';
import { Contention } from './load/contention.js';
import { Load } from './load/load.js';

const PAUSE_MS = 5_000;

eccScene('a primary that was stopped for seconds serves no stale value when it goes on', async (scene) => {
  await scene.startAll();
  const report = await untilRedundant(scene);
  const paused = primaryOf(report, 'colour');
  const others = scene.founders.filter((id) => id !== paused);
  const old = scene.client(paused);
  await setText(old, 'colour', 'red');
  expect(await getText(old, 'colour')).toBe('red');
  const load = new Load(scene.client(...others), scene.client());
  const contention = new Contention(11, scene.client(...others), scene.client(paused, ...others));

  scene.node(paused).signal('SIGSTOP');
  // On its way while it cannot be read: the node will find it in its socket, below a lease that has run out.
  const waiting = old.get('colour', { timeoutMs: 20_000 });
  const startedAtMs = performance.now();
  await setText(scene.client(...others), 'colour', 'blue');
  await scene.until(`${PAUSE_MS} ms have passed`, () => performance.now() - startedAtMs > PAUSE_MS);
  scene.node(paused).signal('SIGCONT');

  expect(await waiting).toBe('blue');
  expect(await getText(scene.client(paused), 'colour')).toBe('blue');
  await untilRedundant(scene, others[0]);
  expect(await contention.settle()).toBeGreaterThan(100);
  await load.settle(scene.client());
});
