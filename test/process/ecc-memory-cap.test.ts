/** The memory cap of ecc mode between real processes: full to the brim, and out of it again. */
import { expect } from 'vitest';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import type { DcacheClient } from '../../src/client/client.js';
import type { ClusterShape } from '../support/process-cluster.js';
import { eccScene, untilRedundant } from './ecc-scene.js';
import { getText, setText, type Scene } from './harness.js';

const MIB = 1024 * 1024;
const RS_2_1: ClusterShape = { mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } };
const VALUE = 'v'.repeat(12_000);
const BATCH = 100;

/** Writes keys of `writer` one after the other until one is refused; at most `limit`. Returns those that were acknowledged. */
async function fillUp(client: DcacheClient, writer: number, limit: number): Promise<string[]> {
  const written: string[] = [];
  for (let i = 0; i < limit; i++) {
    const key = `writer ${writer} key ${i}`;
    try {
      await setText(client, key, `${key} ${VALUE}`);
      written.push(key);
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_FULL', outcome: 'not-done' });
      return written;
    }
  }
  return written;
}

async function expectAll(client: DcacheClient, keys: readonly string[]): Promise<void> {
  for (let first = 0; first < keys.length; first += BATCH) {
    const some = keys.slice(first, first + BATCH);
    expect(await client.mget(some)).toEqual(some.map((key) => `${key} ${VALUE}`));
  }
}

function expectWithinCap({ nodes }: ClusterReport, capBytes: number): void {
  for (const { nodeId, bytes } of nodes) expect(bytes, `bytes of ${nodeId}`).toBeLessThanOrEqual(capBytes);
}

async function status(scene: Scene): Promise<ClusterReport> {
  return scene.until('the status is told', () => scene.status('n1'));
}

eccScene(
  'a cluster that many writers fill to the brim goes on reading and deleting, and is usable again after deletes',
  async (scene) => {
    await scene.startAll({ 'max-memory': '16mb' });
    await untilRedundant(scene);
    const client = scene.client();
    const written = (await Promise.all(Array.from({ length: 16 }, (_, i) => fillUp(client, i, 1_000)))).flat();
    // RS(2,1): two bytes of three are data; 3 x 16 MiB hold 32 MiB of it less the reserves.
    expect(written.length * 12_000).toBeGreaterThan(12 * MIB);
    expect(written.length * 12_000).toBeLessThan(32 * MIB);
    expectWithinCap(await status(scene), 16 * MIB);

    // Which partition a key is of is not known here: one of them is full.
    let tried = 0;
    const answer = await scene.until('the command line is refused as well', async () => {
      const told = await scene.cli(['kv', 'set', `one more ${tried++}`, VALUE]);
      return told.exitCode === 0 ? undefined : told;
    });
    expect(answer.exitCode).toBe(3);
    expect(answer.stderr).toContain('--max-memory');
    await expectAll(client, written);

    const deleted = written.filter((_, i) => i % 2 === 0);
    expect(await Promise.all(deleted.map((key) => client.delete(key)))).toEqual(deleted.map(() => true));
    await scene.until('memory has come back', async () => {
      try {
        await setText(client, 'afterwards', 'x'.repeat(200_000));
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_FULL' });
        return false;
      }
    });
    // It comes back partition by partition: a writer may be refused for a moment yet.
    const again: string[] = [];
    let writer = 100;
    await scene.until('160 more values are taken', async () => {
      again.push(...(await Promise.all(Array.from({ length: 16 }, () => fillUp(client, writer++, 10)))).flat());
      return again.length >= 160;
    });
    expectWithinCap(await status(scene), 16 * MIB);
    const kept = written.filter((_, i) => i % 2 !== 0);
    await expectAll(client, [...kept, ...again]);
  },
  RS_2_1,
);

eccScene(
  'with lru, a full cluster goes on taking values, and what is read stays',
  async (scene) => {
    await scene.startAll({ 'max-memory': '16mb', eviction: 'lru' });
    await untilRedundant(scene);
    const client = scene.client();
    await setText(client, 'hot', VALUE);
    for (let i = 0; i < 50; i++) {
      await Promise.all(Array.from({ length: 75 }, (_, j) => setText(client, `key ${i} ${j}`, VALUE)));
      expect(await getText(client, 'hot')).toBe(VALUE);
    }
    expect(await getText(client, 'key 0 0')).toBeUndefined();
    expect(await getText(client, 'key 49 74')).toBe(VALUE);
    expectWithinCap(await status(scene), 16 * MIB);
  },
  RS_2_1,
);
