/** Snapshots between real processes: taken, sent to a follower that is too far behind, and there again after a death. */
import { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DcacheClient } from '../../src/client/client.js';
import { scene, setText, type Scene } from './harness.js';

/** Small enough that a few hundred values make several snapshots, and a follower that was away needs one. */
const OFTEN = { 'snapshot-bytes': '20000', 'kept-entries': '2' };
const VALUE = 'v'.repeat(200);

async function load(client: DcacheClient, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => setText(client, `key ${first + i}`, `${VALUE} ${first + i}`)),
    );
  }
}

async function expectAll(client: DcacheClient, count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, i) => `key ${i}`);
  const values = await client.mget(keys);
  expect(values).toEqual(keys.map((_, i) => `${VALUE} ${i}`));
}

function snapshotsOf(scene: Scene, id: string): string[] {
  const folder = join(scene.folder, `data-${id}`, 'snapshots');
  return existsSync(folder) ? readdirSync(folder) : [];
}

scene('a follower that is too far behind is sent a snapshot and catches up', async (scene) => {
  await scene.startAll(OFTEN);
  const leader = await scene.leader();
  const late = leader === 'n3' ? 'n2' : 'n3';
  await scene.node(late).kill();
  await load(scene.client(leader), 0, 400);
  // One may just be being written, and the one before goes when it is done.
  await scene.until('one snapshot is left', () => Promise.resolve(snapshotsOf(scene, leader).length === 1));

  await scene.start(late, OFTEN);
  await scene.untilEqual();
  expect(scene.node(late).stderr).toContain('state restored from a snapshot');
  await expectAll(scene.client(late), 400);
});

scene('a node killed while it receives a snapshot is whole when it is back', async (scene) => {
  await scene.startAll(OFTEN);
  const leader = await scene.leader();
  const late = leader === 'n3' ? 'n2' : 'n3';
  await scene.node(late).kill();
  const client = scene.client(leader);
  await load(client, 0, 400);
  for (let round = 0; round < 4; round++) {
    const node = await scene.start(late, OFTEN);
    await new Promise((resolve) => setTimeout(resolve, 150 * round)); // the moment of death, not a wait for something
    await node.kill();
    await load(client, 400 + 20 * round, 420 + 20 * round);
  }
  await scene.start(late, OFTEN);
  await scene.untilEqual();
  await expectAll(scene.client(late), 480);
  expect(snapshotsOf(scene, late).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
});

scene('after a kill of all, the state begins with the snapshots and nothing is missing', async (scene) => {
  await scene.startAll(OFTEN);
  await load(scene.client(), 0, 300);
  const ids = ['n1', 'n2', 'n3'];
  await Promise.all(ids.map((id) => scene.node(id).kill()));
  await Promise.all(ids.map((id) => scene.start(id, OFTEN)));
  await scene.untilServing();
  await scene.untilEqual();
  for (const id of ids) {
    expect(scene.node(id).stderr, id).toContain('state restored from a snapshot');
    await expectAll(scene.client(id), 300);
  }
});

scene('a node whose snapshot is damaged does not serve it, and says how to go on', async (scene) => {
  await scene.startAll(OFTEN);
  await load(scene.client(), 0, 300);
  const leader = await scene.leader();
  const hurt = leader === 'n1' ? 'n2' : 'n1';
  await scene.node(hurt).kill();
  // Killed while it changed to a newer one, it has two.
  for (const name of snapshotsOf(scene, hurt)) {
    truncateSync(join(scene.folder, `data-${hurt}`, 'snapshots', name), 100);
  }

  const child = scene.spawn(hurt, scene.startCommand(hurt, OFTEN));
  const { exitCode } = await child.ended;
  expect(exitCode).toBe(6);
  expect(child.stderr).toContain('remove its data folder');
  expect(child.stderr).not.toMatch(/^\s+at /m);

  rmSync(join(scene.folder, `data-${hurt}`), { recursive: true });
  await scene.start(hurt, OFTEN);
  await scene.untilServing();
  await scene.untilEqual();
  await expectAll(scene.client(hurt), 300);
});
