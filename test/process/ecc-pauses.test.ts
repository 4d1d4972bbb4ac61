/** A node that does not run for a while and then goes on: it must not believe that its lease still holds. */
import { expect } from 'vitest';
import { eccScene, primaryOf, untilRedundant } from './ecc-scene.js';
import { getText, setText } from './harness.js';
import { Contention } from './load/contention.js';
import { Load } from './load/load.js';

const LONG_PAUSE_MS = 5_000;

eccScene(
  'a paused primary that finds reads in its sockets does not answer them from before the pause',
  async (scene) => {
    await scene.startAll();
    const paused = primaryOf(await untilRedundant(scene), 'colour');
    const others = scene.founders.filter((id) => id !== paused);
    const readers = Array.from({ length: 8 }, () => scene.client(paused));
    await setText(scene.client(paused), 'colour', 'red');
    for (const reader of readers) expect(await getText(reader, 'colour')).toBe('red');

    scene.node(paused).signal('SIGSTOP');
    await setText(scene.client(...others), 'colour', 'blue');
    // Soon enough that the connections, which nobody answers on, have not been given up.
    const answers = readers.map((reader) => getText(reader, 'colour'));
    await new Promise((resolve) => setImmediate(resolve)); // requests of one turn leave at its end
    scene.node(paused).signal('SIGCONT');

    expect(await Promise.all(answers)).toEqual(readers.map(() => 'blue'));
  },
);

eccScene(
  'a primary that was stopped for seconds comes back, and one order explains what all clients saw',
  async (scene) => {
    await scene.startAll();
    const paused = primaryOf(await untilRedundant(scene), 'colour');
    const others = scene.founders.filter((id) => id !== paused);
    await setText(scene.client(paused), 'colour', 'red');
    const load = new Load(scene.client(...others), scene.client());
    const contention = new Contention(11, scene.client(...others), scene.client(paused, ...others));

    const startedAtMs = performance.now();
    scene.node(paused).signal('SIGSTOP');
    await setText(scene.client(...others), 'colour', 'blue');
    await scene.until(`${LONG_PAUSE_MS} ms have passed`, () => performance.now() - startedAtMs > LONG_PAUSE_MS);
    scene.node(paused).signal('SIGCONT');

    expect(await getText(scene.client(paused), 'colour')).toBe('blue');
    await untilRedundant(scene, others[0]);
    expect(await contention.settle()).toBeGreaterThan(100);
    await load.settle(scene.client());
  },
);
