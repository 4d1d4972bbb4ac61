/** What users of the client library see while the leader dies under their requests: three outcomes, and no fourth. */
import { expect } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import type { DcacheClient } from '../../src/client/client.js';
import { scene, type Scene } from './harness.js';

const IN_FLIGHT = 64;

interface Counts {
  done: number;
  unknown: number;
}

/** Adds one to `key` again and again until `stopped`, and counts how it went. Any error that is no DcacheError fails the test. */
async function count(client: DcacheClient, key: string, counts: Counts, stopped: () => boolean): Promise<void> {
  while (!stopped()) {
    try {
      await client.increment(key);
      counts.done++;
    } catch (error) {
      if (!(error instanceof DcacheError)) throw error;
      if (error.outcome === 'unknown') counts.unknown++;
    }
  }
}

/** Keeps 64 of `worker` going while the leader is killed and until `progress` has gone on for a while; a worker that fails fails it. */
async function acrossAFailover(
  scene: Scene,
  progress: () => number,
  worker: (stopped: () => boolean) => Promise<void>,
): Promise<void> {
  let stopped = false;
  const leader = await scene.leader();
  const workers = Array.from({ length: IN_FLIGHT }, () => worker(() => stopped));
  const play = async (): Promise<void> => {
    try {
      await scene.until('500 requests are done', () => progress() >= 500);
      await scene.node(leader).kill();
      const atTheKill = progress();
      await scene.until('requests go on', () => progress() >= atTheKill + 500);
    } finally {
      stopped = true;
    }
  };
  await Promise.all([play(), ...workers]);
}

scene('increments in flight when the leader is killed count once or not at all, never twice', async (scene) => {
  await scene.startAll();
  const client = scene.client();
  const counts: Counts = { done: 0, unknown: 0 };
  await acrossAFailover(
    scene,
    () => counts.done,
    (stopped) => count(client, 'counter', counts, stopped),
  );
  // What the dead leader had taken in is decided by the first entry of the next one, which has answered since.
  const total = Number(await client.get('counter'));
  expect(total).toBeGreaterThanOrEqual(counts.done);
  expect(total).toBeLessThanOrEqual(counts.done + counts.unknown);
});

scene('reads in flight when the leader is killed are sent again by the client: none fails', async (scene) => {
  await scene.startAll();
  const client = scene.client();
  await client.set('colour', 'red');
  let read = 0;
  await acrossAFailover(
    scene,
    () => read,
    async (stopped) => {
      while (!stopped()) {
        expect(await client.get('colour')).toBe('red');
        read++;
      }
    },
  );
});
