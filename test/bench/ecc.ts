/**
 * `npm run bench -- ecc`: ecc mode on real processes, beside raft mode with as many nodes in the same run. Bytes that the cluster
 * holds for an entry, and what endless overwriting costs; requests a second, their latencies and processor time; how long event loops are
 * held up; the longest stall when a node is killed, and when it is stopped and taken back as planned. Options:
 *
 *   --quick                       fewer entries, rounds and sizes: minutes instead of a good half hour
 *   --only=memory|overwrite|speed|loop|stall|handover    one part, or several with commas between them
 *   --nodes=3|5                   memory of the clusters of this size only: RS(2,1) or RS(3,2)
 *   --entries=10000,100000        memory at these numbers of entries; overwrite at the first of them
 *   --json                        one JSON object instead of tables
 *
 * The largest clusters take 6 GiB of memory, and raft mode as much of the disk.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureLoopDelay, type LoopDelayPlan } from './ecc/event-loop.js';
import { measureMemory, type MemoryPlan } from './ecc/memory.js';
import { measureHandOvers, type HandOverPlan } from './ecc/hand-over.js';
import { RS_2_1, RS_3_2 } from './ecc/shapes.js';
import { measureOverwrites, type OverwritePlan } from './ecc/overwrite.js';
import { measureSpeed, type SpeedPlan } from './ecc/speed.js';
import { measureStalls, type StallPlan } from './ecc/stall.js';
import {
  handOverTable,
  loopTable,
  memoryTable,
  overwriteTable,
  partsTable,
  speedTable,
  stallTable,
} from './ecc/tables.js';

interface BenchPlan {
  readonly memory: MemoryPlan;
  readonly overwrite: OverwritePlan;
  readonly speed: SpeedPlan;
  readonly loop: LoopDelayPlan;
  readonly stall: StallPlan;
  readonly handover: HandOverPlan;
}

const PARTS = [
  'memory',
  'overwrite',
  'speed',
  'loop',
  'stall',
  'handover',
] as const satisfies readonly (keyof BenchPlan)[];

const SIZES = [
  { keyBytes: 8, valueBytes: 9 },
  { keyBytes: 16, valueBytes: 100 },
  { keyBytes: 16, valueBytes: 1024 },
] as const;

const FULL: BenchPlan = {
  memory: { codes: [RS_3_2, RS_2_1], sizes: SIZES, counts: [10_000, 100_000, 1_000_000] },
  overwrite: { code: RS_3_2, sizes: SIZES.slice(1), entries: 100_000, rounds: 10 },
  speed: { code: RS_3_2, inFlight: [1, 64, 512], rounds: 7, roundMs: 2_000 },
  loop: { code: RS_2_1, inFlight: [64, 512], seconds: 60 },
  stall: { code: RS_3_2, rounds: 5 },
  handover: { code: RS_3_2, rounds: 3 },
};

const QUICK: BenchPlan = {
  memory: { codes: [RS_3_2, RS_2_1], sizes: SIZES, counts: [10_000, 100_000] },
  overwrite: { code: RS_3_2, sizes: SIZES.slice(1), entries: 20_000, rounds: 10 },
  speed: { code: RS_3_2, inFlight: [1, 64, 512], rounds: 3, roundMs: 1_000 },
  loop: { code: RS_2_1, inFlight: [64, 512], seconds: 20 },
  stall: { code: RS_3_2, rounds: 1 },
  handover: { code: RS_3_2, rounds: 1 },
};

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    nodes: { type: 'string' },
    entries: { type: 'string' },
    only: { type: 'string', default: PARTS.join(',') },
  },
});
const wanted = flags.only.split(',');
const unknown = wanted.find((part) => !PARTS.some((known) => known === part));
if (unknown !== undefined) {
  process.stderr.write(`--only takes ${PARTS.join(', ')}; "${unknown}" is none of them\n`);
  process.exit(2);
}

const plan = flags.quick ? QUICK : FULL;
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const show = (table: string): void => void (flags.json || process.stdout.write(`\n${table}\n`));
const results: Record<string, unknown> = {
  machine: { cpus: cpus().length, model: cpus()[0]?.model, node: process.version },
};

if (wanted.includes('memory')) {
  const codes = plan.memory.codes.filter(({ k, m }) => flags.nodes === undefined || k + m === Number(flags.nodes));
  const counts = flags.entries?.split(',').map(Number) ?? plan.memory.counts;
  const rows = await measureMemory({ ...plan.memory, codes, counts }, say);
  results.memory = rows;
  show(memoryTable(rows));
  show(partsTable(rows));
}
if (wanted.includes('overwrite')) {
  const entries = Number(flags.entries?.split(',')[0] ?? plan.overwrite.entries);
  const rows = await measureOverwrites({ ...plan.overwrite, entries }, say);
  results.overwrite = rows;
  show(overwriteTable(rows));
}
if (wanted.includes('speed')) {
  const rows = await measureSpeed(plan.speed, say);
  results.speed = rows;
  show(speedTable(rows));
}
if (wanted.includes('loop')) {
  const rows = await measureLoopDelay(plan.loop, say);
  results.loop = rows;
  show(loopTable(rows));
}
if (wanted.includes('stall')) {
  const rows = await measureStalls(plan.stall, say);
  results.stall = rows;
  show(stallTable(rows));
}
if (wanted.includes('handover')) {
  const rows = await measureHandOvers(plan.handover, say);
  results.handover = rows;
  show(handOverTable(rows));
}
if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
