/**
 * `npm run bench -- store [--json]`: what the segment store costs, beside a Map<string, Buffer> in the same run.
 *
 * Each part runs in a process of its own, so that one does not measure the other's garbage. Every store starts empty and
 * without a clock; keys are 8 digits unless said otherwise. The machine is named with the results.
 */
import { median } from '../../src/bench/measure/statistics.js';
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { accountOf } from '../../src/store/accounting.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { SegmentStore } from '../../src/store/segment-store.js';
import { SnapshotLoader, cutSnapshot } from '../../src/store/snapshot.js';
import { Prng } from '../../src/base/prng.js';

type Row = Record<string, string | number>;

const PARTS: Record<string, () => Row[]> = {
  'memory-9': () => [memoryOf(1_000_000, 9)],
  'memory-9-map': () => [memoryOfMap(1_000_000, 9)],
  'memory-100': () => [memoryOf(1_000_000, 100)],
  'memory-100-map': () => [memoryOfMap(1_000_000, 100)],
  'memory-1k': () => [memoryOf(200_000, 1024)],
  'memory-1k-map': () => [memoryOfMap(200_000, 1024)],
  speed: () => speed(1_000_000),
  pause: () => pauses(5_000_000),
  snapshot: () => [snapshots(1_000_000)],
  'clean-1k': () => [cleaning(128 * MIB, 1024)],
  'clean-100': () => [cleaning(96 * MIB, 100)],
};

const MIB = 1024 * 1024;
const KEY_BYTES = 8;
const key = Buffer.alloc(KEY_BYTES);

function makeStore(maxBytes?: number): SegmentStore {
  const hash = new SipKeyHash({ low: 0x0123, high: 0x4567 });
  return maxBytes === undefined ? new SegmentStore({ hash }) : new SegmentStore({ hash, maxBytes });
}

/** Writes the digits of `n` to the shared key: a request's key arrives as bytes, too. */
function putKey(n: number): Buffer {
  let rest = n;
  for (let i = KEY_BYTES - 1; i >= 0; i--) {
    const tenth = (rest / 10) | 0;
    key[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return key;
}

function settledRss(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  return process.memoryUsage().rss;
}

function memoryOf(entries: number, valueBytes: number): Row {
  const value = Buffer.alloc(valueBytes, 7);
  warmUp(value);
  const before = settledRss();
  const store = makeStore();
  for (let i = 0; i < entries; i++) store.set(putKey(i), value, i, 0);
  const rss = settledRss() - before;
  const account = accountOf(store);
  return {
    what: `${KEY_BYTES} B key, ${valueBytes} B value, ${entries} entries`,
    'bytes/entry': round(account.totalBytes / entries, 2),
    'beyond key+value': round(account.totalBytes / entries - KEY_BYTES - valueBytes, 2),
    'index/entry': round(account.indexBytes / entries, 2),
    'rss/entry': round(rss / entries, 2),
    'rss/accounted': round(rss / account.totalBytes, 3),
  };
}

function memoryOfMap(entries: number, valueBytes: number): Row {
  const value = Buffer.alloc(valueBytes, 7);
  const before = settledRss();
  const map = new Map<string, Buffer>();
  for (let i = 0; i < entries; i++) map.set(putKey(i).toString('latin1'), Buffer.from(value));
  const rss = settledRss() - before;
  return {
    what: `Map: ${KEY_BYTES} B key, ${valueBytes} B value, ${map.size} entries`,
    'rss/entry': round(rss / entries, 2),
    'beyond key+value': round(rss / entries - KEY_BYTES - valueBytes, 2),
  };
}

/**
 * Store and Map take turns, five rounds; the median of the rounds counts. Rates are per second of CPU time, garbage collection
 * included, which other processes of the machine disturb less than time that passes.
 */
function speed(entries: number): Row[] {
  const value = Buffer.alloc(9, 7);
  const order = shuffled(entries);
  const names = Array.from({ length: entries }, (_, i) => putKey(i).toString('latin1'));
  const times: Record<string, number[]> = {};
  const time = (what: string, work: () => void): void => {
    globalThis.gc?.();
    const start = process.cpuUsage();
    work();
    const used = process.cpuUsage(start);
    (times[what] ??= []).push(((used.user + used.system) * 1000) / entries);
  };
  let seen = 0;
  for (let round = 0; round < 5; round++) {
    const store = makeStore();
    time('store: set new', () => {
      for (let i = 0; i < entries; i++) store.set(putKey(order[i] ?? 0), value, i, 0);
    });
    time('store: set over', () => {
      for (let i = 0; i < entries; i++) store.set(putKey(order[i] ?? 0), value, entries + i, 0);
    });
    time('store: get', () => {
      for (let i = entries - 1; i >= 0; i--) {
        if (store.lookUp(putKey(order[(i * 7919) % entries] ?? 0), 0) === 'hit') seen += store.entry.value()[0] ?? 0;
      }
    });
    time('store: get of nothing', () => {
      for (let i = 0; i < entries; i++) if (store.lookUp(putKey(entries + i), 0) === 'hit') seen++;
    });
    const map = new Map<string, Buffer>();
    time('Map: set new', () => {
      for (let i = 0; i < entries; i++) {
        map.set(putKey(order[i] ?? 0).toString('latin1'), Buffer.from(value));
      }
    });
    time('Map: set over', () => {
      for (let i = 0; i < entries; i++) {
        map.set(putKey(order[i] ?? 0).toString('latin1'), Buffer.from(value));
      }
    });
    time('Map: get', () => {
      for (let i = entries - 1; i >= 0; i--) {
        seen += map.get(putKey(order[(i * 7919) % entries] ?? 0).toString('latin1'))?.[0] ?? 0;
      }
    });
    time('Map: get, key at hand as a string', () => {
      for (let i = entries - 1; i >= 0; i--) seen += map.get(names[order[(i * 7919) % entries] ?? 0] ?? '')?.[0] ?? 0;
    });
  }
  if (seen === 0) throw new Error('the gets found nothing');
  const rates = new Map(Object.entries(times).map(([what, each]) => [what, 1000 / median(each)]));
  const ratio = (a: string, b: string): number => round((rates.get(a) ?? 0) / (rates.get(b) ?? 1), 2);
  return [
    ...[...rates].map(([what, rate]) => ({ what: `${what}, ${entries} entries`, 'M per CPU s': round(rate, 2) })),
    { what: 'set new, store / Map', ratio: ratio('store: set new', 'Map: set new') },
    { what: 'set over, store / Map', ratio: ratio('store: set over', 'Map: set over') },
    { what: 'get, store / Map', ratio: ratio('store: get', 'Map: get') },
    { what: 'get, store / Map with strings at hand', ratio: ratio('store: get', 'Map: get, key at hand as a string') },
  ];
}

const SETS_PER_BLOCK = 64;
const PAUSE_RUNS = 4;

/**
 * Every set is timed. On a shared machine a process is also stopped by others: work of the store's own comes back at the same
 * set in every run, a stop by somebody else does not. So the longest recurring pause is, over blocks of 64 sets, the
 * largest of the smallest that any run saw there; the longest of the best run stands beside it.
 */
function pauses(entries: number): Row[] {
  const value = Buffer.alloc(9, 7);
  const storeRuns = Array.from({ length: PAUSE_RUNS }, () => {
    const store = makeStore();
    return slowestSets(entries, (i) => void store.set(putKey(i), value, i, 0));
  });
  const map = new Map<string, Buffer>();
  const mapRun = slowestSets(entries, (i) => void map.set(putKey(i).toString('latin1'), Buffer.from(value)));
  // The first run also pays for compiling.
  return [
    { what: `store: growth to ${entries} entries`, ...pauseColumns(storeRuns.slice(1)) },
    { what: `Map: growth to ${entries} entries`, ...pauseColumns([mapRun]) },
  ];
}

/** The slowest set of each block, in milliseconds. */
function slowestSets(sets: number, work: (i: number) => void): Float32Array {
  const slowest = new Float32Array(Math.ceil(sets / SETS_PER_BLOCK));
  let last = performance.now();
  for (let i = 0; i < sets; i++) {
    work(i);
    const now = performance.now();
    const block = Math.floor(i / SETS_PER_BLOCK);
    if (now - last > (slowest[block] ?? 0)) slowest[block] = now - last;
    last = now;
  }
  return slowest;
}

function pauseColumns(runs: readonly Float32Array[]): Row {
  const recurring = runs.reduce((a, b) => a.map((ms, block) => Math.min(ms, b[block] ?? ms)));
  const longest = (run: Float32Array): number => run.reduce((a, b) => Math.max(a, b), 0);
  return {
    'longest ms, recurring': runs.length > 1 ? round(longest(recurring), 2) : '',
    'longest ms, best run': round(Math.min(...runs.map(longest)), 2),
    'longest ms, worst run': round(Math.max(...runs.map(longest)), 2),
  };
}

/** Fills 85% of the cap with live records and their index, then overwrites at random, six times the data. */
function cleaning(maxBytes: number, valueBytes: number): Row {
  const prng = new Prng(1);
  const value = Buffer.alloc(valueBytes, 7);
  warmUp(value);
  const before = settledRss();
  const heapBefore = process.memoryUsage().heapTotal;
  const store = makeStore(maxBytes);
  const filled = (): number => store.partition.table.liveBytes + store.partition.index.heldBytes;
  let entries = 0;
  while (filled() < 0.85 * maxBytes) store.set(putKey(entries), value, entries++, 0);
  const writes = entries * 6;
  let version = entries;
  let leastShare = 1;
  const movedBefore = store.cleaner.movedBytes;
  const start = process.cpuUsage();
  const slowest = slowestSets(writes, (i) => {
    store.set(putKey(prng.below(entries)), value, version++, 0);
    if (i > entries && i % 4096 === 0) leastShare = Math.min(leastShare, filled() / accountOf(store).totalBytes);
  }).sort();
  const used = process.cpuUsage(start);
  const account = accountOf(store);
  const segmentBytes = account.liveBytes + account.deadBytes + account.unusedBytes;
  const written = (writes * account.liveBytes) / entries;
  const rss = settledRss() - before;
  const heapGrowth = process.memoryUsage().heapTotal - heapBefore;
  return {
    what: `overwrite at random, ${valueBytes} B values, cap ${maxBytes / MIB} MiB, ${entries} entries`,
    'live share of segments': round(account.liveBytes / segmentBytes, 3),
    'least (live + index) / everything': round(leastShare, 3),
    'everything / cap': round(account.totalBytes / maxBytes, 3),
    'write amplification': round(1 + (store.cleaner.movedBytes - movedBefore) / written, 2),
    'M sets per CPU s': round(writes / (used.user + used.system), 3),
    'ms, p99.9 of 64-set blocks': round(slowest[Math.floor(slowest.length * 0.999)] ?? 0, 2),
    'longest ms': round(slowest.at(-1) ?? 0, 2),
    'rss/accounted': round(rss / account.totalBytes, 3),
    'rss less JS heap/accounted': round((rss - heapGrowth) / account.totalBytes, 3),
  };
}

/** Cuts a snapshot, streams it into memory, loads it into another store. */
function snapshots(entries: number): Row {
  const value = Buffer.alloc(9, 7);
  const store = makeStore();
  for (let i = 0; i < entries; i++) store.set(putKey(i), value, i, 0);
  const times = [performance.now()];
  const snapshot = cutSnapshot(store);
  times.push(performance.now());
  const frames = [...snapshot.frames()];
  times.push(performance.now());
  snapshot.release();
  const restored = makeStore();
  const loader = new SnapshotLoader(restored);
  for (const frame of frames) loader.accept(frame);
  loader.finish();
  times.push(performance.now());
  const [cut = 0, encode = 0, load = 0] = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  if (restored.partition.index.size !== entries) throw new Error('the snapshot lost entries');
  return {
    what: `snapshot of ${entries} entries, ${round(snapshot.sizeBytes / MIB, 1)} MiB`,
    'cut ms': round(cut, 2),
    'encode MB/s': round(snapshot.sizeBytes / 1000 / encode, 0),
    'load M entries/s': round(entries / 1000 / load, 2),
  };
}

/** Lets the engine compile and its heap grow to what such a loop needs, so that growth measured later is the store's. */
function warmUp(value: Buffer): void {
  const prng = new Prng(9);
  const store = makeStore(4 * MIB);
  store.setCap(4 * MIB, 'lru');
  slowestSets(1_500_000, (i) => {
    store.set(putKey(prng.below(50_000)), value, i, 0);
    if (store.lookUp(putKey(i % 1000), 0) === 'hit') store.entry.value();
  });
}

function shuffled(count: number): Uint32Array {
  const prng = new Prng(42);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    const kept = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = kept;
  }
  return order;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function runPart(part: string): Row[] {
  const child = spawnSync(
    process.execPath,
    ['--expose-gc', ...process.execArgv, process.argv[1] ?? '', '--part', part],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (child.status !== 0) throw new Error(`the part ${part} failed`);
  return JSON.parse(child.stdout) as Row[];
}

function main(): void {
  const args = process.argv.slice(2);
  const partAt = args.indexOf('--part');
  if (partAt >= 0) {
    const part = PARTS[args[partAt + 1] ?? ''];
    if (part === undefined) throw new Error(`parts are ${Object.keys(PARTS).join(', ')}`);
    console.log(JSON.stringify(part()));
    return;
  }
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const results: Record<string, Row[]> = {};
  for (const part of Object.keys(PARTS)) {
    results[part] = runPart(part);
    if (!args.includes('--json')) {
      console.log(`\n${part}`);
      console.table(Object.fromEntries(results[part].map(({ what, ...row }) => [what, row])));
    }
  }
  if (args.includes('--json')) console.log(JSON.stringify({ machine, results }));
  else console.log(machine);
}

main();
