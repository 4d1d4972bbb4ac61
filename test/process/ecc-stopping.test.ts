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

eccScene(
  'a node taken out of the cluster under load hands over first: nothing fails, and a spare takes its places',
  async (scene) => {
    await scene.startAll();
    const { map } = await untilRedundant(scene);
    const holders = new Set(map?.groups.flatMap(({ positions }) => positions.map(({ holder }) => holder)));
    const leader = await scene.leader();
    const taken = scene.founders.find((id) => id !== leader && holders.has(id)) ?? '';
    const spare = scene.founders.find((id) => !holders.has(id)) ?? '';
    const others = scene.founders.filter((id) => id !== taken);
    const load = new Load(scene.client(...others));
    await load.untilWritten(500);

    const { exitCode, stdout } = await scene.cli(['cluster', 'remove', taken]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`${spare} takes its places`)]);
    expect(stdout).toContain('hands over the 2 partitions that it leads');
    await load.untilWritten(200);
    await untilRedundant(scene, spare);
    await scene.node(taken).kill();
    await load.settle(scene.client(...others));
    expect(load.failures).toEqual([]);
  },
  { mode: 'ecc', nodes: 4, code: { k: 2, m: 1 } },
);
