/** SIGTERM in ecc mode: what a planned stop may not break. */
import { expect } from 'vitest';
import { eccScene, untilRedundant } from './ecc-scene.js';
import { Load } from './load/load.js';

eccScene('a node stopped under load drains, exits with 0, and no write is lost or unknown', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  const load = new Load(scene.client());
  await load.untilWritten(1_000);
  const leader = await scene.leader();
  const follower = scene.founders.find((id) => id !== leader) ?? '';

  for (const id of [follower, leader]) {
    const node = scene.node(id);
    node.signal('SIGTERM');
    expect(await node.ended, node.tail).toEqual({ exitCode: 0, signal: null });
    await load.untilWritten(500);
  }
  const others = scene.founders.filter((id) => id !== leader && id !== follower);
  await load.settle(scene.client(...others));
  expect(load.failures).toEqual([]);
});
