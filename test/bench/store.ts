/**
 * `npm run bench -- store [--json]`: what the segment store costs, beside a Map<string, Buffer> in the same run.
 *
 * Each part runs in a process of its own, so that one does not measure the other's garbage. Every store starts empty and
 * without a clock; keys are 8 digits unless said otherwise. The machine is named with the results.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { accountOf } from '../../src/store/accounting.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { SegmentStore } from '../../src/store/segment-store.js';
import { Prng } from '../../src/base/prng.js';

type Row = Record<string, string | number>;

const PARTS: Record<string, () => Row[]> = {
  memory: () => [memoryOf(1_000_000, 9), memoryOf(500_000, 100), memoryOf(200_000, 1024)],
  'memory-map': () => [memoryOfMap(1_000_000, 9), memoryOfMap(500_000, 100), memoryOfMap(200_000, 1024)],
  speed: () => speed(1_000_000),
  pause: () => pauses(5_000_000),
  'clean-1k': () => [cleaning(96 * MIB, 1024)],
  'clean-100': () => [cleaning(64 * MIB, 100)],
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
    const tenth = Math.floor(rest / 10);
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
  const warm = makeStore();
  for (let i = 0; i < 20_000; i++) warm.set(putKey(i), value, i, 0);
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

/** Store and Map take turns, three rounds; the median of the rounds counts. */
function speed(entries: number): Row[] {
  const value = Buffer.alloc(9, 7);
  const order = shuffled(entries);
  const names = Array.from({ length: entries }, (_, i) => putKey(i).toString('latin1'));
  const times: Record<string, number[]> = {};
  const time = (what: string, work: () => void): void => {
    globalThis.gc?.();
    const start = process.hrtime.bigint();
    work();
    (times[what] ??= []).push((Number(process.hrtime.bigint() - start) / entries) * 1);
  };
  let seen = 0;
  for (let round = 0; round < 3; round++) {
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
    ...[...rates].map(([what, rate]) => ({ what: `${what}, ${entries} entries`, 'M/s': round(rate, 2) })),
    { what: 'set new, store / Map', ratio: ratio('store: set new', 'Map: set new') },
    { what: 'set over, store / Map', ratio: ratio('store: set over', 'Map: set over') },
    { what: 'get, store / Map', ratio: ratio('store: get', 'Map: get') },
    { what: 'get, store / Map with strings at hand', ratio: ratio('store: get', 'Map: get, key at hand as a string') },
  ];
}

/** Every set is timed. A process on a shared machine is also stopped by others: the Map's row shows how much. */
function pauses(entries: number): Row[] {
  const value = Buffer.alloc(9, 7);
  const store = makeStore();
  const map = new Map<string, Buffer>();
  return [
    longest(`store: growth to ${entries} entries`, entries, (i) => void store.set(putKey(i), value, i, 0)),
    longest(`Map: growth to ${entries} entries`, entries, (i) => {
      map.set(putKey(i).toString('latin1'), Buffer.from(value));
    }),
  ];
}

function longest(what: string, entries: number, work: (i: number) => void): Row {
  const worst: number[] = [];
  let last = process.hrtime();
  for (let i = 0; i < entries; i++) {
    work(i);
    const now = process.hrtime();
    const ms = (now[0] - last[0]) * 1e3 + (now[1] - last[1]) / 1e6;
    last = now;
    if (ms > 0.2) worst.push(ms);
  }
  worst.sort((a, b) => b - a);
  return {
    what,
    'longest ms': round(worst[0] ?? 0.2, 2),
    'next ms': worst
      .slice(1, 5)
      .map((ms) => round(ms, 2))
      .join(' '),
    'over 1 ms': worst.filter((ms) => ms > 1).length,
  };
}

/** Fills 85% of the cap with keys and values and their headers, then overwrites at random, six times the data. */
function cleaning(maxBytes: number, valueBytes: number): Row {
  const prng = new Prng(1);
  const value = Buffer.alloc(valueBytes, 7);
  const before = settledRss();
  const store = makeStore(maxBytes);
  let entries = 0;
  while (store.store.liveBytes < 0.85 * maxBytes - store.store.index.size * 12) {
    store.set(putKey(entries), value, entries, 0);
    entries++;
  }
  const writes = entries * 6;
  let version = entries;
  let leastShare = 1;
  let longestMs = 0;
  const movedBefore = store.cleaner.movedBytes;
  const start = process.hrtime.bigint();
  for (let i = 0; i < writes; i++) {
    const opStart = process.hrtime();
    store.set(putKey(prng.below(entries)), value, version++, 0);
    const took = process.hrtime(opStart);
    longestMs = Math.max(longestMs, took[0] * 1e3 + took[1] / 1e6);
    if (i > entries && i % 1000 === 0) {
      leastShare = Math.min(leastShare, store.store.liveBytes / accountOf(store).totalBytes);
    }
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const account = accountOf(store);
  const segmentBytes = account.liveBytes + account.deadBytes + account.unusedBytes;
  const written = (writes * account.liveBytes) / entries;
  const rss = settledRss() - before;
  return {
    what: `overwrite at random, ${valueBytes} B values, cap ${maxBytes / MIB} MiB, ${entries} entries`,
    'live/cap': round(account.liveBytes / maxBytes, 3),
    'live/segments': round(account.liveBytes / segmentBytes, 3),
    'least live/everything': round(leastShare, 3),
    'write amplification': round(1 + (store.cleaner.movedBytes - movedBefore) / written, 2),
    'M sets/s': round(writes / seconds / 1e6, 3),
    'longest ms': round(longestMs, 2),
    'rss/accounted': round(rss / account.totalBytes, 3),
  };
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

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
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
