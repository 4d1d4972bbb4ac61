import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { CodecPool, type CodecPoolOptions, type CodecTiming } from '../../../src/adapters/codec-pool/codec-pool.js';
import { chooseKernel } from '../../../src/adapters/codec-pool/xor-kernels.js';
import { checksum } from '../../../src/erasure/checksum.js';
import { runJob, type CodecJob, type RebuildJob } from '../../../src/erasure/codec-job.js';
import { erasureCode } from '../../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../../src/erasure/xor-kernel.js';
import { builtFile } from '../../built.js';
import { at, complete, randomShards } from '../../erasure/shards.js';

const DYING_WORKER = new URL('./dying-worker.mjs', import.meta.url);
const STILLBORN_WORKER = new URL('./stillborn-worker.mjs', import.meta.url);

let pool: CodecPool | null = null;

/** A pool that sends everything to its workers, unless told otherwise. */
function openPool(k: number, m: number, options: Partial<CodecPoolOptions> = {}): CodecPool {
  const workerFile = builtFile('adapters/codec-pool/worker.js');
  const { kernel } = chooseKernel();
  pool = new CodecPool({ code: erasureCode(k, m), kernel, threads: 1, inlineMicroseconds: 0, workerFile, ...options });
  return pool;
}

afterEach(async () => {
  await pool?.close();
  pool = null;
});

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function sharedStripe(k: number, m: number, sizeBytes: number, seed = 1) {
  const data = randomShards(seed, k, sizeBytes).map(shared);
  const parity = Array.from({ length: m }, () => shared(new Uint8Array(sizeBytes)));
  const expected = parity.map((shard) => shard.slice());
  new ErasureCodec(erasureCode(k, m), loopKernel).encode(data, expected);
  return { data, parity, expected };
}

function withCode(code: string): unknown {
  return expect.objectContaining({ code });
}

async function waitUntil(condition: () => Promise<boolean>, deadlineMs = 10_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A rebuild of data position 0 of a stripe whose parity is complete. */
function rebuildOfFirst(data: Uint8Array[], parity: Uint8Array[], expected: number | null): RebuildJob {
  const k = data.length;
  const target = shared(new Uint8Array(at(data, 0).length));
  return {
    type: 'rebuild',
    data: [null, ...data.slice(1)],
    parities: [complete(k, 0, at(parity, 0))],
    wanted: [{ shard: { type: 'data', position: 0 }, target, checksum: expected }],
  };
}

describe('a job in a worker', () => {
  const codes = Array.from({ length: 40 }, (_, i) => ({ k: 1 + (i % 10), m: 1 + Math.floor(i / 10) }));

  it.each(codes)('encodes RS($k,$m) as the loop does', async ({ k, m }) => {
    const opened = openPool(k, m);
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 2048 }).map((eights) => eights * 8),
      fc.constantFrom(2 ** 16, 2 ** 18, 2 ** 20),
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (sizeBytes, seed) => {
        const { data, parity, expected } = sharedStripe(k, m, sizeBytes, seed);
        await opened.run({ type: 'encode', data, parity }, 'background');
        parity.forEach((shard, j) => expect(Buffer.compare(shard, at(expected, j))).toBe(0));
      }),
      { numRuns: 8 },
    );
  });

  it.each([chooseKernel().kernel, loopKernel])('folds, rebuilds and checksums as here ($name)', async (kernel) => {
    const opened = openPool(4, 2, { kernel });
    const { data, expected } = sharedStripe(4, 2, 4096);
    const target = shared(new Uint8Array(4096));
    const fold: CodecJob = {
      type: 'fold',
      position: 3,
      parityIndex: 1,
      segment: at(data, 3),
      segmentChecksum: checksum(at(data, 3)),
      shard: shared(at(expected, 1)),
      target,
    };
    expect(await opened.run(fold, 'background')).toBeNull();
    const here = { ...fold, target: new Uint8Array(4096) };
    runJob(new ErasureCodec(erasureCode(4, 2), loopKernel), here);
    expect(Buffer.compare(target, here.target)).toBe(0);

    const rebuild = rebuildOfFirst(data, expected.map(shared), checksum(at(data, 0)));
    expect(await opened.run(rebuild, 'urgent')).toBeNull();
    expect(Buffer.compare(at(rebuild.wanted, 0).target, at(data, 0))).toBe(0);
    expect(await opened.checksum(at(data, 1), 'urgent')).toBe(checksum(at(data, 1)));
  });

  it('that fails, fails alone and with its own code', async () => {
    const opened = openPool(3, 2);
    const { data, parity, expected } = sharedStripe(3, 2, 4096);
    const wrong = rebuildOfFirst(data, expected.map(shared), 1);
    const undecodable = { ...wrong, parities: [] };
    const uneven = { type: 'encode' as const, data, parity: parity.map((shard) => shard.subarray(8)) };
    const results = await Promise.allSettled([
      opened.run(wrong, 'urgent'),
      opened.run(undecodable, 'urgent'),
      opened.run(uneven, 'urgent'),
      opened.checksum(at(data, 0), 'urgent'),
    ]);
    expect(results).toEqual([
      { status: 'rejected', reason: withCode('CHECKSUM_MISMATCH') },
      { status: 'rejected', reason: withCode('ECC_UNDECODABLE') },
      { status: 'rejected', reason: withCode('INVALID_ARGUMENT') },
      { status: 'fulfilled', value: checksum(at(data, 0)) },
    ]);
  });

  it('must lie in shared memory', async () => {
    const bytes = new Uint8Array(64);
    await expect(openPool(3, 2).checksum(bytes, 'urgent')).rejects.toEqual(withCode('INVALID_ARGUMENT'));
  });
});

describe('the threads of the pool', () => {
  it('start with the first job and end when they have none', async () => {
    const opened = openPool(3, 2, { threads: 2, idleTimeoutMs: 20 });
    expect(await opened.threadCount()).toBe(0);
    const bytes = shared(new Uint8Array(4096));
    const running = opened.checksum(bytes, 'background');
    await waitUntil(async () => (await opened.threadCount()) > 0);
    await running;
    await waitUntil(async () => (await opened.threadCount()) === 0);
    expect(await opened.checksum(bytes, 'background')).toBe(checksum(bytes));
  });

  it('are not needed for a short job', async () => {
    const timings: CodecTiming[] = [];
    const opened = openPool(3, 2, { inlineMicroseconds: 1000, onTiming: (timing) => timings.push(timing) });
    const { data, parity, expected } = sharedStripe(3, 2, 64);
    await opened.run({ type: 'encode', data, parity }, 'background');
    expect(parity.map((shard) => shard.slice())).toEqual(expected);
    expect(await opened.threadCount()).toBe(0);
    expect(timings).toEqual([
      { type: 'encode', place: 'inline', bytes: 384, waitMs: 0, runMs: expect.any(Number) as unknown },
    ]);
  });

  it('report how long a job waited and ran', async () => {
    const timings: CodecTiming[] = [];
    const opened = openPool(3, 2, { onTiming: (timing) => timings.push(timing) });
    await opened.checksum(shared(new Uint8Array(1 << 20)), 'background');
    expect(timings).toMatchObject([{ type: 'checksum', place: 'pool', bytes: 1 << 20 }]);
    expect(timings[0]?.runMs).toBeGreaterThan(0);
    expect(timings[0]?.waitMs).toBeGreaterThanOrEqual(0);
  });

  it('that die fail what they had, and nothing else', async () => {
    const opened = openPool(3, 2, { threads: 2, workerFile: DYING_WORKER });
    const healthy = randomShards(5, 200, 4096).map(shared);
    healthy.forEach((bytes) => bytes.fill(1, 0, 2));
    const deadly = shared(new Uint8Array(4096));
    deadly.set([0xde, 0xad]);
    await opened.checksum(at(healthy, 0), 'background');

    await expect(opened.checksum(deadly, 'background')).rejects.toEqual(withCode('CODEC_WORKER_LOST'));
    expect(await opened.checksum(at(healthy, 0), 'background')).toBe(checksum(at(healthy, 0)));

    const jobs = healthy.flatMap((bytes, i) => (i === 100 ? [deadly, bytes] : [bytes]));
    const results = await Promise.allSettled(jobs.map((bytes) => opened.checksum(bytes, 'background')));
    const lost = results.filter((result) => result.status === 'rejected');
    for (const { reason } of lost) expect(reason).toEqual(withCode('CODEC_WORKER_LOST'));
    results.forEach((result, i) => {
      if (result.status === 'fulfilled') expect(result.value).toBe(checksum(at(jobs, i)));
    });
    // The worker that died held three batches of at most thirty-two.
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThanOrEqual(96);
  });

  it('that never come to life fail the jobs instead of keeping them', async () => {
    const opened = openPool(3, 2, { workerFile: STILLBORN_WORKER });
    const bytes = shared(new Uint8Array(4096));
    await expect(opened.checksum(bytes, 'urgent')).rejects.toEqual(withCode('CODEC_WORKER_LOST'));
    await expect(opened.checksum(bytes, 'urgent')).rejects.toEqual(withCode('CODEC_WORKER_LOST'));
  });
});

describe('the queue of the pool', () => {
  const bytes = shared(new Uint8Array(4096));

  it('serves urgent jobs before background ones', async () => {
    const opened = openPool(3, 2);
    const order: string[] = [];
    const submit = (name: string, priority: 'urgent' | 'background') =>
      opened.checksum(bytes, priority).then(() => order.push(name));
    const background = Array.from({ length: 20 }, (_, i) => submit(`background ${i}`, 'background'));
    await Promise.all([...background, submit('urgent', 'urgent')]);
    expect(order).toHaveLength(21);
    expect(order[0]).toBe('urgent');
  });

  it('refuses what is too much, and tells when there is room', async () => {
    const opened = openPool(3, 2, { bounds: { maxTasks: 3, maxBackgroundTasks: 2 } });
    const submit = (priority: 'urgent' | 'background') => opened.checksum(bytes, priority);
    const results = Promise.allSettled([
      submit('background'),
      submit('background'),
      submit('background'),
      submit('urgent'),
      submit('urgent'),
    ]);
    await opened.whenRoom('background');
    expect(await submit('background')).toBe(checksum(bytes));
    expect(
      (await results).map((result) => (result.status === 'rejected' ? (result.reason as unknown) : 'done')),
    ).toEqual(['done', 'done', withCode('OVERLOADED'), 'done', withCode('OVERLOADED')]);
  });

  it('is refused when the pool closes; what a worker has is finished', async () => {
    const opened = openPool(3, 2);
    await opened.checksum(bytes, 'urgent');
    const running = opened.checksum(bytes, 'urgent');
    await Promise.resolve();
    await Promise.resolve();
    const waiting = Array.from({ length: 3 }, () => opened.checksum(bytes, 'background'));
    const closing = opened.close();
    const results = await Promise.allSettled(waiting);
    for (const result of results) expect(result).toEqual({ status: 'rejected', reason: withCode('SHUTTING_DOWN') });
    expect(await running).toBe(checksum(bytes));
    await closing;
    await expect(opened.checksum(bytes, 'urgent')).rejects.toEqual(withCode('SHUTTING_DOWN'));
    await expect(opened.whenRoom('urgent')).rejects.toEqual(withCode('SHUTTING_DOWN'));
    expect(await opened.threadCount()).toBe(0);
  });
});
