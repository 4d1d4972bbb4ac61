/**
 * `npm run bench -- soak`: a cluster under mixed load for a long time, with overwrites, expiry, a memory cap that is reached, and a node
 * killed every minute. Fails if anything that was acknowledged is missing, anything expired is there, or a history has no order; prints
 * what the nodes took from the machine over time. Options:
 *
 *   --minutes=60  --mode=ecc|raft  --max-memory=96mb  --pause-ms=10   between two requests of a lane  --json=FILE   all samples
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Prng } from '../../src/base/prng.js';
import { isWhole } from '../../src/cluster/redundancy.js';
import { median } from '../../src/bench/measure/statistics.js';
import { DcacheClient } from '../../src/index.js';
import { Contention } from '../process/load/contention.js';
import { Load } from '../process/load/load.js';
import { ProcessCluster } from '../support/process-cluster.js';
import { Filling } from './soak/filling.js';
import { Lifetimes } from './soak/lifetimes.js';
import { sampleNode, type NodeSample } from './soak/samples.js';

const KILL_INTERVAL_MS = 60_000;
const DOWN_MS = 5_000;
const SAMPLE_INTERVAL_MS = 10_000;
/** Histories are checked and begun anew so often, which keeps them short enough. */
const HISTORY_MS = 60_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    mode: { type: 'string', default: 'ecc' },
    'max-memory': { type: 'string', default: '96mb' },
    'pause-ms': { type: 'string', default: '10' },
    json: { type: 'string' },
  },
});
const mode = values.mode === 'raft' ? 'raft' : 'ecc';
const endsAtMs = performance.now() + Number(values.minutes) * 60_000;
const isOver = (): boolean => performance.now() >= endsAtMs;
const prng = new Prng(1);

const cluster = await ProcessCluster.start(
  { mode, nodes: mode === 'ecc' ? 5 : 3 },
  { 'max-memory': values['max-memory'], eviction: 'noeviction' },
);
const startedAtMs = new Map(cluster.founders.map((id) => [id, performance.now()]));
const client = new DcacheClient({ endpoints: cluster.endpoints });
const samples: (NodeSample & { readonly atMs: number })[] = [];
const refills: number[] = [];
const [lifetimes, filling] = [new Lifetimes(client, new Prng(2)), new Filling(client, new Prng(3))];
let ordered = 0;

async function every(ms: number, act: () => Promise<void> | void): Promise<void> {
  while (!isOver()) {
    await pause(ms);
    await act();
  }
}

function sample(): void {
  for (const id of cluster.founders) {
    const node = cluster.node(id);
    const found = node.running ? sampleNode(id, node.pid, performance.now() - (startedAtMs.get(id) ?? 0)) : undefined;
    if (found !== undefined) samples.push({ ...found, atMs: performance.now() });
  }
}

async function killOne(): Promise<void> {
  const id = prng.pick(cluster.founders);
  await cluster.node(id).kill();
  await pause(DOWN_MS);
  await cluster.start(id);
  const restartedMs = performance.now();
  startedAtMs.set(id, restartedMs);
  const witness = cluster.founders.find((other) => other !== id) ?? id;
  await cluster.until(`${id} is whole again`, async () => isWhole(await cluster.status(witness)));
  refills.push(performance.now() - restartedMs);
  console.log(
    `${refills.length} kills; ${id} whole again after ${((performance.now() - restartedMs) / 1000).toFixed(1)} s`,
  );
}

async function checkHistories(): Promise<void> {
  for (let seed = 1; !isOver(); seed++) {
    const contention = new Contention(seed, client, client);
    await Promise.race([pause(HISTORY_MS), pause(Math.max(0, endsAtMs - performance.now()))]);
    ordered += await contention.settle();
  }
}

/** Medians of the first and the last third of the samples of processes that are older than a minute, and their largest. */
function trend(read: (sample: NodeSample) => number): { first: number; last: number; largest: number } {
  const grown = samples.filter(({ ageMs }) => ageMs > 60_000).map(read);
  const third = Math.floor(grown.length / 3);
  return {
    first: median(grown.slice(0, third)),
    last: median(grown.slice(-third)),
    largest: Math.max(0, ...samples.map(read)),
  };
}

const load = new Load(client, client);
load.pauseMs = Number(values['pause-ms']);
const violations: string[] = [];
try {
  const pauseMs = Number(values['pause-ms']);
  await Promise.all([
    every(SAMPLE_INTERVAL_MS, sample),
    every(KILL_INTERVAL_MS, killOne),
    checkHistories(),
    every(pauseMs, () => lifetimes.step()),
    every(pauseMs, () => filling.step()),
  ]);
  await filling.settle();
  await load.settle(client);
} catch (error) {
  violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
violations.push(...lifetimes.violations, ...filling.violations, ...load.ledger.violations);
const summary = {
  mode,
  minutes: Number(values.minutes),
  kills: refills.length,
  refillSeconds: { median: median(refills) / 1000, longest: Math.max(0, ...refills) / 1000 },
  acknowledged: { overwrites: load.acknowledged, filling: filling.acknowledged },
  refusedForMemory: filling.refused,
  lifetimesChecked: lifetimes.checked,
  operationsInHistories: ordered,
  residentMiB: mapValues(trend(({ residentBytes }) => residentBytes / 2 ** 20)),
  handles: mapValues(trend(({ handles }) => handles)),
  threads: mapValues(trend(({ threads }) => threads)),
  violations,
};
console.log(JSON.stringify(summary, undefined, 2));
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ summary, samples }));
await client.close();
await cluster.stop();
process.exitCode = violations.length === 0 ? 0 : 1;

function mapValues(numbers: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Math.round(value * 10) / 10]));
}
