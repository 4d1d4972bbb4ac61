/** Failures of all kinds one upon the other, as long as the code can bear them, and what clients saw meanwhile. */
import { expect } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { eccScene, untilRedundant } from './ecc-scene.js';
import type { Scene } from './harness.js';
import { Contention } from './load/contention.js';
import { Load } from './load/load.js';

/** Which failures, and of which nodes; other rounds than the usual ones are for a search. */
const SEED = Number(process.env['DCACHE_CHAOS_SEED'] ?? 1);
const ROUNDS = Number(process.env['DCACHE_CHAOS_ROUNDS'] ?? 3);

eccScene('two nodes at a time fail in every way, again and again, and no acknowledged value is lost', async (scene) => {
  const prng = new Prng(SEED);
  await scene.startAll();
  await untilRedundant(scene);
  const entries = Array.from({ length: 6_000 }, (_, i) => [`kept ${i}`, `${i} `.repeat(200)] as const);
  await scene.client().mset(entries);
  const load = new Load(scene.client(), scene.client());
  const contention = new Contention(SEED, scene.client(), scene.client());
  for (let round = 0; round < ROUNDS; round++) {
    const victims = drawTwo(scene, prng);
    const witness = scene.founders.find((id) => !victims.includes(id));
    for (const id of victims) await fail(scene, id, prng);
    await load.untilWritten(200);
    for (const id of victims) await mend(scene, id);
    await untilRedundant(scene, witness);
  }
  await contention.settle();
  expect(await scene.client().mget(entries.map(([key]) => key))).toEqual(entries.map(([, value]) => value));
  await load.settle(scene.client());
  expect(load.acknowledged).toBeGreaterThan(200 * ROUNDS);
});

function drawTwo(scene: Scene, prng: Prng): string[] {
  const left = [...scene.founders];
  return [0, 1].flatMap(() => left.splice(prng.below(left.length), 1));
}

/** Kills or stops a node, after a moment that is none or long enough for the others to begin to do without the one before. */
async function fail(scene: Scene, id: string, prng: Prng): Promise<void> {
  // The moment of the failure, not a wait for something.
  await new Promise((resolve) => setTimeout(resolve, prng.pick([0, 50, 700, 1_500])));
  const node = scene.node(id);
  if (prng.chance(1, 3)) node.signal('SIGSTOP');
  else if (prng.chance(1, 4)) node.signal('SIGTERM');
  else await node.kill();
}

async function mend(scene: Scene, id: string): Promise<void> {
  scene.node(id).signal('SIGCONT');
  // One that was asked to stop may still be about it.
  await scene.until(`${id} runs again, or has ended`, async () => {
    if (!scene.node(id).running) await scene.start(id);
    const report = await scene.status(id);
    return report !== undefined && report.nodes.find(({ nodeId }) => nodeId === id)?.notServing === '';
  });
}
