/** Clients that are killed in the middle of their writes: every key is as it was or as it was to become, and nothing stays locked. */
import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.js';
import type { DcacheClient } from '../../src/client/client.js';
import type { ClusterShape } from '../support/process-cluster.js';
import { playScene, SCENE_TIMEOUT_MS, type Scene } from './harness.js';

const SMALL = 4_000;
const LARGE = 20;
const LARGE_BYTES = 1.5 * LIMITS.largeValueBytes;

interface Loaded {
  readonly key: string;
  readonly value: string;
}

const SMALL_RECORDS = Array.from({ length: SMALL }, (_, i): Loaded => ({ key: `small ${i}`, value: `value ${i}` }));
const LARGE_RECORDS = Array.from({ length: LARGE }, (_, i): Loaded => {
  return { key: `large ${i}`, value: `${i} `.repeat(LARGE_BYTES / 2).slice(0, LARGE_BYTES) };
});

async function whichAreThere(reader: DcacheClient, records: readonly Loaded[]): Promise<readonly Loaded[]> {
  const values = await reader.mget(
    records.map(({ key }) => key),
    { timeoutMs: 60_000 },
  );
  return records.filter(({ value }, i) => {
    if (values[i] !== undefined) expect(values[i] === value, 'what is there is what was sent, whole').toBe(true);
    return values[i] !== undefined;
  });
}

/** Kills a client that loads `records` when `started` of them are there. Returns which are there in the end. */
async function loadHalfOf(scene: Scene, records: readonly Loaded[], started: number): Promise<readonly Loaded[]> {
  const reader = scene.client();
  const before = await reader.count();
  const input = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const loader = scene.spawn(
    'loader',
    ['kv', 'load', '-', '--timeout', '60s', '--endpoints', scene.endpoints.join(',')],
    { input },
  );
  await scene.until('some records are there', async () => (await reader.count()) >= before + started, 60_000);
  await loader.kill();
  // What the nodes had taken in by then may still be done between two looks.
  const there = await scene.until('what is there is also counted', async () => {
    const found = await whichAreThere(reader, records);
    return (await reader.count()) === before + found.length ? found : undefined;
  });
  expect(there.length).toBeGreaterThanOrEqual(started);
  return there;
}

test.each<[string, ClusterShape]>([
  ['raft mode', { mode: 'raft', nodes: 3 }],
  ['ecc mode', { mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } }],
])(
  'a client that is killed while it writes leaves nothing half and nothing locked in %s',
  { timeout: SCENE_TIMEOUT_MS },
  (_, shape) =>
    playScene(async (scene) => {
      await scene.startAll();
      const client = scene.client();
      await loadHalfOf(scene, SMALL_RECORDS, 100);
      const there = await loadHalfOf(scene, LARGE_RECORDS, 2);
      expect(there.length, 'the client was killed on the way').toBeLessThan(LARGE);

      await client.mset(LARGE_RECORDS.map(({ key }) => [key, 'mine']));
      await client.mset(SMALL_RECORDS.slice(0, 500).map(({ key }) => [key, 'mine']));
      expect(await client.mget(LARGE_RECORDS.map(({ key }) => key))).toEqual(LARGE_RECORDS.map(() => 'mine'));

      await client.flush();
      await scene.until('memory of what nobody has finished has come back', async () => {
        const { nodes } = await scene.untilServing();
        return nodes.every(({ bytesFor }) => (bytesFor['live'] ?? 0) === 0);
      });
    }, shape),
);
