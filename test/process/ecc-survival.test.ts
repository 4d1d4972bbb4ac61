/** What a cluster of ecc mode goes on doing, and still has, when nodes are killed with -9, and what it takes to have them back. */
import { expect } from 'vitest';
import { eccScene, primaryOf, untilRedundant } from './ecc-scene.js';
import type { Scene } from './harness.js';
import { Contention } from './load/contention.js';
import { Load } from './load/load.js';

async function sentence(scene: Scene): Promise<string> {
  const { stdout } = await scene.cli(['cluster', 'status']);
  return stdout;
}

eccScene('any two nodes may be killed, come back empty, and then any other two', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  const load = new Load(scene.client(), scene.client('n3'));
  await load.untilWritten(2_000);

  await Promise.all(['n1', 'n2'].map((id) => scene.node(id).kill()));
  await load.untilWritten(2_000);
  expect(await sentence(scene)).toContain('no further node may fail');

  await Promise.all(['n1', 'n2'].map((id) => scene.start(id)));
  await untilRedundant(scene, 'n3');
  expect(await sentence(scene)).toContain('RS(3,2): serving; 2 more nodes may fail');
  await load.untilWritten(500);

  await Promise.all(['n3', 'n5'].map((id) => scene.node(id).kill()));
  await load.untilWritten(2_000);
  await load.settle(scene.client('n1', 'n2', 'n4'));
});

eccScene('what was written before two nodes died is read without them, from every node that is left', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  const writer = scene.client();
  const keys = Array.from({ length: 1_500 }, (_, i) => `key ${i}`);
  const value = (key: string): string => `${key} ${'x'.repeat(key.length * 60)}`;
  await writer.mset(keys.map((key) => [key, value(key)]));

  await Promise.all(['n2', 'n4'].map((id) => scene.node(id).kill()));
  for (const id of ['n1', 'n3', 'n5']) expect(await scene.client(id).mget(keys)).toEqual(keys.map(value));
});

eccScene('when a node dies that leads Raft and partitions, one order explains what all clients saw', async (scene) => {
  await scene.startAll();
  const report = await untilRedundant(scene);
  const leader = await scene.leader();
  const others = scene.founders.filter((id) => id !== leader);
  expect(Array.from({ length: 200 }, (_, i) => primaryOf(report, `key ${i}`))).toContain(leader);
  const load = new Load(scene.client());
  const contention = new Contention(7, scene.client(), scene.client(...others), scene.client(leader, ...others));
  await load.untilWritten(1_000);

  await scene.node(leader).kill();
  await load.untilWritten(1_000);
  expect(others).toContain(await scene.leader(...others));

  await scene.start(leader);
  await untilRedundant(scene, others[0]);
  await load.untilWritten(500);
  expect(await contention.settle()).toBeGreaterThan(500);
  await load.settle(scene.client());
});
