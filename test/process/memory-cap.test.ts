/** The memory cap between real processes: what is in force is what the leader was started with. */
import { expect } from 'vitest';
import type { DcacheClient } from '../../src/client/client.js';
import { getText, scene, setText, type Scene } from './harness.js';

const VALUE = 'v'.repeat(20_000);

/** How many values were taken before the first refusal; at most `limit`. */
async function fill(client: DcacheClient, limit: number): Promise<number> {
  for (let count = 0; count < limit; count++) {
    try {
      await setText(client, `key ${count}`, VALUE);
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_FULL', outcome: 'not-done' });
      return count;
    }
  }
  return limit;
}

/** A value that is larger than the cap, in one piece and in several: refused before anything has made room for it. */
async function refusesWhatNeverFits(client: DcacheClient, capBytes: string): Promise<void> {
  for (const size of [Number(capBytes), 3 * Number(capBytes)]) {
    const refusal = client.set('huge', 'x'.repeat(size), { timeoutMs: 20_000 });
    await expect(refusal).rejects.toMatchObject({ code: 'STORE_FULL', outcome: 'not-done' });
    await expect(refusal).rejects.toThrow(new RegExp(`cap of ${capBytes} bytes.*--max-memory`));
  }
  expect(await getText(client, 'huge')).toBeUndefined();
}

async function bytesOf(scene: Scene): Promise<number[]> {
  return (await scene.untilEqual()).map(({ bytes }) => bytes);
}

scene('a full cluster refuses writes with STORE_FULL, and goes on reading and deleting', async (scene) => {
  await scene.startAll({ 'max-memory': '1mb' });
  const client = scene.client();
  // The cap is in the log within a moment of the election; what was written before it counts as well.
  const count = await fill(client, 200);
  expect(count).toBeGreaterThan(20);
  expect(count).toBeLessThan(60);
  expect(await getText(client, 'key 0')).toBe(VALUE);
  const answer = await scene.cli(['kv', 'set', 'one-more', VALUE]);
  expect(answer.exitCode).toBe(3);
  expect(answer.stderr).toContain('--max-memory');
  await refusesWhatNeverFits(client, '1048576');
  for (let i = 0; i < count / 2; i++) expect(await client.delete(`key ${i}`)).toBe(true);
  await setText(client, 'one more', VALUE);
  expect(await getText(client, 'one more')).toBe(VALUE);
});

scene('with lru, a full cluster drops what is cold, the same on all nodes', async (scene) => {
  await scene.startAll({ 'max-memory': '2mb', eviction: 'lru' });
  const client = scene.client();
  expect(await fill(client, 300)).toBe(300);
  await refusesWhatNeverFits(client, '2097152');
  expect(await getText(client, 'key 299')).toBe(VALUE);
  expect(await getText(client, 'key 0')).toBeUndefined();
  for (const bytes of await bytesOf(scene)) expect(bytes).toBeLessThan(4 * 1024 * 1024);
});

scene('a leader with a lower cap brings the store down to it', async (scene) => {
  await scene.startAll();
  await fill(scene.client(), 300);
  const ids = ['n1', 'n2', 'n3'];
  for (const id of ids) {
    await scene.node(id).kill();
    await scene.start(id, { 'max-memory': '2mb', eviction: 'lru' });
    await scene.untilServing();
  }
  await scene.until('all nodes hold less', async () => {
    const rows = await scene.untilEqual();
    return rows.every(({ keys }) => keys > 20 && keys < 110);
  });
});

scene('a cap that cannot be is refused at the start', async (scene) => {
  await scene.plan('n1', 'n2', 'n3');
  for (const [flag, value, told] of [
    ['max-memory', '12 parsecs', 'from 1mb to 16gb'],
    ['max-memory', '1kb', 'from 1mb to 16gb'],
    ['eviction', 'mru', 'noeviction, lru, ttl'],
    ['eviction', 'lru', 'sets no cap'],
  ] as const) {
    const answer = await scene.cli(scene.startCommand('n1', { [flag]: value }));
    expect(answer.exitCode).toBe(5);
    expect(answer.stderr).toContain(`--${flag}`);
    expect(answer.stderr).toContain(told);
  }
});
