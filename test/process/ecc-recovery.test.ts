/** Amounts of data that take a moment to move: nodes that die while they are refilled, and values that are written over and over. */
import { expect } from 'vitest';
import type { NodeReport } from '../../src/adapters/grpc/backend.js';
import type { DcacheClient } from '../../src/client/client.js';
import { eccScene, untilRedundant } from './ecc-scene.js';
import type { Scene } from './harness.js';

const KEYS = 20_000;
const BATCH = 500;
const FILLER = 'the quick brown fox jumps over the lazy dog '.repeat(24);

const valueOf = (n: number, version: number): string => `${n} ${version} ${FILLER.slice(0, 1_000)}`;

async function inBatches(work: (numbers: readonly number[]) => Promise<void>, keys = KEYS): Promise<void> {
  for (let first = 0; first < keys; first += BATCH) await work(Array.from({ length: BATCH }, (_, i) => first + i));
}

function fill(client: DcacheClient, version: number, keys = KEYS): Promise<void> {
  return inBatches(async (numbers) => {
    await client.mset(numbers.map((n) => [`key ${n}`, valueOf(n, version)]));
  }, keys);
}

function expectAll(client: DcacheClient, version: number, keys = KEYS): Promise<void> {
  return inBatches(async (numbers) => {
    const values = await client.mget(numbers.map((n) => `key ${n}`));
    expect(values).toEqual(numbers.map((n) => valueOf(n, version)));
  }, keys);
}

/** Bytes that the cluster holds, and those of them that are records or parity of them. */
async function heldBytes(scene: Scene): Promise<{ readonly all: number; readonly ofEntries: number }> {
  const { nodes } = await scene.untilServing();
  const sum = (of: (node: NodeReport) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const ofEntries = sum(
    ({ bytesFor }) => (bytesFor['live'] ?? 0) + (bytesFor['dead'] ?? 0) + (bytesFor['parity'] ?? 0),
  );
  return { all: sum(({ bytes }) => bytes), ofEntries };
}

eccScene('a node that dies while it is refilled is refilled from the start, and nothing is missing', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  await fill(scene.client(), 1);

  await scene.node('n2').kill();
  for (let life = 0; life < 2; life++) {
    await scene.start('n2');
    await scene.until('n2 learns', async () => {
      const positions = (await scene.status('n1'))?.map?.groups.flatMap((group) => group.positions) ?? [];
      return positions.some(({ holder, state }) => holder === 'n2' && state === 'joining');
    });
    await scene.node('n2').kill();
  }
  expect(await scene.cli(['cluster', 'recover', '--wait', '0s'])).toMatchObject({
    exitCode: 3,
    stdout: expect.stringContaining('dcache node start --id n2') as string,
  });
  const watched = scene.cli(['cluster', 'recover', 'n2', '--wait', '2m', '--json']);
  await scene.start('n2');
  const { exitCode, stdout } = await watched;
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect([exitCode, events.at(-1)]).toEqual([0, expect.objectContaining({ event: 'result', verdict: 'whole' })]);
  expect(events).toContainEqual(expect.objectContaining({ event: 'progress', node: 'n2', stage: 'refilling' }));
  expect(events.at(-2)).toMatchObject({ event: 'back', node: 'n2' });
  await untilRedundant(scene);

  await Promise.all(['n3', 'n4'].map((id) => scene.node(id).kill()));
  await expectAll(scene.client('n1', 'n2', 'n5'), 1);
});

eccScene(
  'a spare takes the place of a node that was taken out for good',
  async (scene) => {
    await scene.startAll();
    await untilRedundant(scene);
    const keys = 1_000;
    await fill(scene.client(), 1, keys);
    await scene.node('n2').kill();
    expect(await scene.cli(['cluster', 'recover', 'n2', '--wait', '0s'])).toMatchObject({ exitCode: 3 });

    expect(await scene.cli(['cluster', 'remove', 'n2'])).toMatchObject({ exitCode: 0 });
    expect(await scene.cli(['cluster', 'recover', '--wait', '2m'])).toMatchObject({ exitCode: 0 });
    const { map } = await untilRedundant(scene);
    const holders = new Set(map?.groups.flatMap(({ positions }) => positions.map(({ holder }) => holder)));
    expect([...holders].sort()).toEqual(['n1', 'n3', 'n4']);

    await scene.node('n3').kill();
    await expectAll(scene.client('n1', 'n4'), 1, keys);
  },
  { mode: 'ecc', nodes: 4, code: { k: 2, m: 1 } },
);

eccScene(
  'values that are written over again and again take no more memory, and those that are deleted none',
  async (scene) => {
    await scene.startAll();
    await untilRedundant(scene);
    const client = scene.client();
    const keys = KEYS / 2;
    await fill(client, 1, keys);
    const once = await heldBytes(scene);
    for (let version = 2; version <= 6; version++) await fill(client, version, keys);
    await scene.until('old versions have been cleaned up', async () => (await heldBytes(scene)).all < 1.4 * once.all);

    await inBatches(async (numbers) => {
      await client.mdel(numbers.map((n) => `key ${n}`));
    }, keys);
    expect(await client.count()).toBe(0);
    await scene.until('memory has come back', async () => {
      const { all, ofEntries } = await heldBytes(scene);
      return ofEntries < 0.1 * once.ofEntries && all < 0.8 * once.all;
    });
  },
);
