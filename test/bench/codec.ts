/**
 * `npm run bench -- codec`: the erasure codec by operation, size, code and place, with the addon's own `encode` beside it.
 * Run it on dist: the pool's workers are built files. Options: --json for programs, --code=3,2 for one code only.
 */
import { existsSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CodecPool } from '../../src/adapters/codec-pool/codec-pool.js';
import { chooseKernel } from '../../src/adapters/codec-pool/xor-kernels.js';
import { checksum } from '../../src/erasure/checksum.js';
import { runJob, type CodecJob } from '../../src/erasure/codec-job.js';
import { erasureCode, type ErasureCode } from '../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { firstPositions } from '../../src/erasure/position-set.js';
import { ScheduleCache } from '../../src/erasure/schedule-cache.js';
import { loopKernel, type XorKernel } from '../../src/erasure/xor-kernel.js';
import { loadAddon } from '../adapters/codec-pool/reed-solomon-addon.js';
import { interleave, type Contender } from './shared/interleave.js';

const CODES = [
  [2, 1],
  [3, 2],
  [4, 2],
  [8, 3],
] as const;
const SIZES = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];
const OPERATIONS = ['encode', 'fold', 'rebuild'] as const;
const POOL_THREADS = 2;
/** Jobs under way at a time where a place is kept busy, each over shards of its own; fewer where memory would run out. */
const JOBS_IN_FLIGHT = 32;
const MAX_STRIPES_BYTES = 2 ** 27;
/** Jobs after which the workers' code is compiled. */
const WARM_UP_JOBS = 20_000;
const WARM_UP_LARGE_JOBS = 1_000;
const ROUNDS = 11;
/** Long enough where throughput counts that the first and the last batch of a round do not. */
const ROUND_MS = 10;
const LARGE_ROUND_MS = 40;
const LARGE_SHARD_BYTES = 65_536;

type Operation = (typeof OPERATIONS)[number];

/** One line of the result: wall-clock time a call and bytes read a second. */
interface Row {
  readonly code: string;
  readonly shardBytes: number;
  readonly operation: Operation;
  readonly place: string;
  readonly microseconds: number;
  readonly cpuMicroseconds: number;
  readonly megabytesPerSecond: number;
}

/** Shards of one stripe in one shared memory, and what to do with them. */
interface Stripe {
  readonly jobs: Readonly<Record<Operation, CodecJob>>;
  /** The same data and parity as the addon's encode takes them. */
  readonly data: Buffer;
  readonly parity: Buffer;
}

const worker = new URL('../adapters/codec-pool/worker.js', import.meta.url);

function makeStripes({ k, m }: ErasureCode, shardBytes: number): Stripe[] {
  const shards = k + 2 * m;
  const count = Math.min(JOBS_IN_FLIGHT, Math.floor(MAX_STRIPES_BYTES / (shards * shardBytes)));
  const memory = new SharedArrayBuffer(count * shards * shardBytes);
  new Uint32Array(memory).forEach((_, i, words) => (words[i] = Math.imul(i, 0x9e3779b1)));
  return Array.from({ length: count }, (_, stripe) => {
    const shard = (i: number) => new Uint8Array(memory, (stripe * shards + i) * shardBytes, shardBytes);
    const data = Array.from({ length: k }, (__, i) => shard(i));
    const parity = Array.from({ length: m }, (__, j) => shard(k + j));
    const spare = Array.from({ length: m }, (__, j) => shard(k + m + j));
    const lost = Math.min(k, m);
    const wanted = spare.slice(0, lost).map((target, position) => {
      return { shard: { type: 'data' as const, position }, target, checksum: null };
    });
    const contributions = firstPositions(k);
    const parities = parity.slice(0, lost).map((bytes, index) => ({ index, contributions, bytes }));
    const [segment, last, target] = [data[k - 1], parity[m - 1], spare[0]];
    if (segment === undefined || last === undefined || target === undefined)
      throw new RangeError('k and m are 1 or more');
    return {
      jobs: {
        encode: { type: 'encode', data, parity },
        fold: {
          type: 'fold',
          position: k - 1,
          parityIndex: m - 1,
          segment,
          segmentChecksum: null,
          shard: last,
          target,
        },
        rebuild: { type: 'rebuild', data: data.map((bytes, d) => (d < lost ? null : bytes)), parities, wanted },
      },
      data: Buffer.from(memory, stripe * shards * shardBytes, k * shardBytes),
      parity: Buffer.from(memory, (stripe * shards + k) * shardBytes, m * shardBytes),
    };
  });
}

/** Bytes that an operation reads, parity shard of a fold aside. */
function bytesRead({ k }: ErasureCode, operation: Operation, shardBytes: number): number {
  return operation === 'fold' ? shardBytes : k * shardBytes;
}

function inline(name: string, codec: ErasureCodec, operation: Operation, stripes: readonly Stripe[]): Contender {
  const run = (times: number) => {
    for (let i = 0; i < times; i++) {
      const stripe = stripes[i % stripes.length];
      if (stripe !== undefined) runJob(codec, stripe.jobs[operation]);
    }
  };
  return { name, run };
}

/** Every stripe is worked on by one job at a time; as many jobs are under way as there are stripes. */
function overlapping(name: string, stripes: readonly Stripe[], start: (stripe: Stripe) => Promise<unknown>): Contender {
  const run = async (times: number) => {
    let left = times;
    await Promise.all(
      stripes.map(async (stripe) => {
        while (left-- > 0) await start(stripe);
      }),
    );
  };
  return { name, run };
}

function addonEncode({ k, m }: ErasureCode): (stripe: Stripe) => Promise<void> {
  const addon = loadAddon();
  const context = addon.create(k, m);
  const [sources, targets] = [2 ** k - 1, (2 ** m - 1) * 2 ** k];
  return ({ data, parity }) =>
    new Promise((resolve) => {
      addon.encode(context, sources, targets, data, 0, data.length, parity, 0, parity.length, () => resolve());
    });
}

async function compareCode(code: ErasureCode, kernel: XorKernel): Promise<Row[]> {
  const pool = new CodecPool({ code, kernel, threads: POOL_THREADS, inlineMicroseconds: 0, workerFile: worker });
  const asInNodes = new CodecPool({ code, kernel, threads: POOL_THREADS, workerFile: worker });
  const codecs = [kernel, loopKernel].map((each) => new ErasureCodec(code, each));
  const byAddon = addonEncode(code);
  const warmUp = overlapping('warm-up', makeStripes(code, 64), ({ jobs }) => pool.run(jobs.encode, 'background'));
  await warmUp.run(WARM_UP_JOBS);
  const large = makeStripes(code, 262_144);
  await overlapping('warm-up', large, ({ jobs }) => asInNodes.run(jobs.rebuild, 'background')).run(WARM_UP_LARGE_JOBS);
  const rows: Row[] = [];
  for (const shardBytes of SIZES) {
    const stripes = makeStripes(code, shardBytes);
    const roundMs = shardBytes >= LARGE_SHARD_BYTES ? LARGE_ROUND_MS : ROUND_MS;
    for (const operation of OPERATIONS) {
      const inPool = (stripe: Stripe) => pool.run(stripe.jobs[operation], 'background');
      const contenders = [
        ...codecs.map((codec) => inline(`inline, ${codec.kernel.name}`, codec, operation, stripes)),
        overlapping('pool, one job', stripes.slice(0, 1), inPool),
        overlapping('pool, busy', stripes, inPool),
        overlapping('as nodes do it', stripes, (stripe) => asInNodes.run(stripe.jobs[operation], 'background')),
      ];
      if (operation === 'encode') {
        contenders.push(overlapping("addon's encode, one job", stripes.slice(0, 1), byAddon));
        contenders.push(overlapping("addon's encode, busy", stripes, byAddon));
      }
      for (const { name, ...measured } of await interleave(contenders, ROUNDS, roundMs)) {
        const megabytesPerSecond = bytesRead(code, operation, shardBytes) / measured.microseconds;
        rows.push({ code: nameOf(code), shardBytes, operation, place: name, ...measured, megabytesPerSecond });
      }
    }
  }
  await Promise.all([pool.close(), asInNodes.close()]);
  return rows;
}

/** Delay of the event loop, ms over the timer's own resolution, while `load` keeps running for `seconds`. */
async function eventLoopDelay(seconds: number, load: (isOver: () => boolean) => Promise<void>) {
  const resolutionMs = 1;
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  const endMs = performance.now() + seconds * 1000;
  delay.enable();
  await load(() => performance.now() >= endMs);
  delay.disable();
  const atPercentile = (percentile: number) => Math.max(0, delay.percentile(percentile) / 1e6 - resolutionMs);
  return { p50Ms: atPercentile(50), p99Ms: atPercentile(99), p999Ms: atPercentile(99.9) };
}

async function compareDelays(kernel: XorKernel) {
  const code = erasureCode(3, 2);
  const pool = new CodecPool({ code, kernel, threads: POOL_THREADS, workerFile: worker });
  const stripes = makeStripes(code, 262_144);
  const byAddon = addonEncode(code);
  const keepBusy = (start: (stripe: Stripe) => Promise<unknown>) => (isOver: () => boolean) =>
    Promise.all(
      stripes.map(async (stripe) => {
        while (!isOver()) await start(stripe);
      }),
    ).then(() => undefined);
  const idle = async (isOver: () => boolean) => {
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await eventLoopDelay(
    0.5,
    keepBusy((stripe) => pool.run(stripe.jobs.encode, 'background')),
  );
  const delays = {
    idle: await eventLoopDelay(2, idle),
    'pool at full speed': await eventLoopDelay(
      4,
      keepBusy((stripe) => pool.run(stripe.jobs.encode, 'background')),
    ),
    "addon's encode at full speed": await eventLoopDelay(4, keepBusy(byAddon)),
  };
  await pool.close();
  return delays;
}

/** XORs of packets, copies included, before and after common sums are shared. */
function xorCounts() {
  return [...CODES, [6, 3] as const, [10, 4] as const].map(([k, m]) => {
    const code = erasureCode(k, m);
    const counts = new ScheduleCache(code).encode().map(({ packetOperations }) => packetOperations);
    let ones = 0;
    for (let row = 0; row < code.matrix.rows; row++) ones += code.matrix.ones(row).length;
    return { code: nameOf(code), packetsPerShard: code.packetsPerShard, ones, xors: Math.min(...counts) };
  });
}

async function compareChecksums() {
  const memory = new Uint8Array(new SharedArrayBuffer(262_144));
  const run = (times: number) => {
    for (let i = 0; i < times; i++) checksum(memory);
  };
  const [measured] = await interleave([{ name: 'checksum', run }], ROUNDS, ROUND_MS);
  return { bytes: memory.length, megabytesPerSecond: memory.length / (measured?.microseconds ?? NaN) };
}

function nameOf({ k, m }: ErasureCode): string {
  return `RS(${k},${m})`;
}

function printRows(rows: readonly Row[]): void {
  const places = [...new Set(rows.map(({ place }) => place))];
  const print = (...cells: string[]) =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(26) : cell.padStart(27))).join(''));
  for (const code of new Set(rows.map((row) => row.code))) {
    console.log(`\n${code}: microseconds a call (MB/s of data read)`);
    print('', ...places);
    for (const operation of OPERATIONS) {
      for (const shardBytes of SIZES) {
        const cells = places.map((place) => {
          const row = rows.find(
            (r) => r.code === code && r.operation === operation && r.shardBytes === shardBytes && r.place === place,
          );
          return row === undefined ? '' : `${row.microseconds.toFixed(1)} (${row.megabytesPerSecond.toFixed(0)})`;
        });
        print(`${operation} ${shardBytes} B`, ...cells);
      }
    }
  }
}

/**
 * Throughput over that of the addon's own encode, and processor time the other way round: more is better. Of the pool as nodes have it,
 * which does short jobs at once, and with every job handed over.
 */
function printRatios(rows: readonly Row[], place: string): void {
  console.log(`\n${place}, against the addon's encode, busy: throughput (processor time saved)`);
  const busy = rows.filter(({ operation, shardBytes }) => operation === 'encode' && shardBytes >= LARGE_SHARD_BYTES);
  for (const pool of busy.filter((row) => row.place === place)) {
    const addon = busy.find(
      (row) => row.place === "addon's encode, busy" && row.code === pool.code && row.shardBytes === pool.shardBytes,
    );
    if (addon === undefined) continue;
    const throughput = addon.microseconds / pool.microseconds;
    const processor = addon.cpuMicroseconds / pool.cpuMicroseconds;
    console.log(`  ${pool.code} ${pool.shardBytes} B: ${throughput.toFixed(2)} (${processor.toFixed(2)})`);
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (!existsSync(worker)) throw new Error('the codec pool needs its built worker; run npx tsc -p tsconfig.json');
  const { kernel, addonProblem } = chooseKernel();
  if (addonProblem !== null) throw new Error(`nothing to compare with: ${addonProblem}`);
  const only = args.find((arg) => arg.startsWith('--code='))?.slice('--code='.length);
  const rows: Row[] = [];
  for (const [k, m] of CODES.filter((code) => only === undefined || only === code.join()))
    rows.push(...(await compareCode(erasureCode(k, m), kernel)));
  const result = {
    rows,
    delays: await compareDelays(kernel),
    xorCounts: xorCounts(),
    checksum: await compareChecksums(),
  };
  if (args.includes('--json')) {
    console.log(JSON.stringify(result));
    return;
  }
  printRows(rows);
  printRatios(rows, 'as nodes do it');
  printRatios(rows, 'pool, busy');
  console.log('\nEvent-loop delay, RS(3,2) at 256 KiB, ms');
  for (const [name, { p50Ms, p99Ms, p999Ms }] of Object.entries(result.delays)) {
    console.log(`  ${name.padEnd(30)} p50 ${p50Ms.toFixed(2)}  p99 ${p99Ms.toFixed(2)}  p99.9 ${p999Ms.toFixed(2)}`);
  }
  console.log('\nPacket XORs to encode, of the ones in the bit-matrix');
  for (const { code, ones, xors } of result.xorCounts) console.log(`  ${code.padEnd(10)} ${xors} of ${ones}`);
  console.log(`\nChecksum: ${result.checksum.megabytesPerSecond.toFixed(0)} MB/s`);
}

await main(process.argv.slice(2));
