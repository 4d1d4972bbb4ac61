/**
 * How late timers fire on the main threads of nodes under all the sets that they can take: what the nodes measure themselves
 * (`dcache_event_loop_delay_seconds`). Three nodes, clients and whatever else runs share the machine, so a thread that is ready to run
 * often has to wait for a processor. How long it does is told by the system (proc(5), schedstat) and stands beside it.
 */
import { readFileSync } from 'node:fs';
import { closedLoop } from '../../../src/bench/measure/load.js';
import { bufferCodec, DcacheClient } from '../../../src/index.js';
import { ProcessCluster } from '../../support/process-cluster.js';
import { fill, keyOf, valueOf, type EntrySize } from './entries.js';
import { eccShape, type Code } from './shapes.js';

const SIZE: EntrySize = { keyBytes: 16, valueBytes: 100 };
const KEYS = 20_000;

export interface LoopDelayPlan {
  readonly code: Code;
  readonly inFlight: readonly number[];
  readonly seconds: number;
}

export interface LoopDelayRow extends Code {
  readonly inFlight: number;
  readonly setsPerSecond: number;
  readonly samples: number;
  /** Upper bounds of the buckets that they fall in, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the time, in which a main thread was ready to run and had no processor, over all nodes. */
  readonly waitingShare: number;
}

/** Samples by upper bound of their bucket, in seconds, cumulative as Prometheus has them. */
type Buckets = ReadonlyMap<number, number>;

export async function measureLoopDelay(plan: LoopDelayPlan, say: (line: string) => void): Promise<LoopDelayRow[]> {
  const cluster = await ProcessCluster.start(eccShape(plan.code));
  const client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 20_000 });
  const rows: LoopDelayRow[] = [];
  try {
    await fill(client, SIZE, 0, KEYS);
    for (const inFlight of plan.inFlight) {
      say(`sets, ${inFlight} in flight, ${plan.seconds} s`);
      const [before, waitedBefore] = [await delays(cluster), waitedSeconds(cluster.pids)];
      let sets = 0;
      await closedLoop(inFlight, { endsAtMs: performance.now() + plan.seconds * 1000 }, async () => {
        sets++;
        await client.set(keyOf(SIZE, sets % KEYS), valueOf(SIZE, sets));
      });
      const [after, waitedAfter] = [await delays(cluster), waitedSeconds(cluster.pids)];
      const taken = new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
      rows.push({
        ...plan.code,
        inFlight,
        setsPerSecond: sets / plan.seconds,
        samples: taken.get(Infinity) ?? 0,
        p50Ms: 1000 * boundOf(taken, 0.5),
        p99Ms: 1000 * boundOf(taken, 0.99),
        waitingShare: (waitedAfter - waitedBefore) / plan.seconds / cluster.pids.length,
      });
    }
    return rows;
  } finally {
    await client.close();
    await cluster.stop();
  }
}

/** The bound of the bucket in which that part of the samples ends. */
function boundOf(buckets: Buckets, part: number): number {
  const total = buckets.get(Infinity) ?? 0;
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  return bounds.find((bound) => (buckets.get(bound) ?? 0) >= total * part) ?? Infinity;
}

async function delays(cluster: ProcessCluster): Promise<Buckets> {
  const sums = new Map<number, number>();
  for (const id of cluster.founders) {
    const text = await (await fetch(`http://${cluster.planOf(id).http}/metrics`)).text();
    for (const [, bound = '', count = ''] of text.matchAll(
      /^dcache_event_loop_delay_seconds_bucket{le="(.+)"} (\d+)$/gm,
    )) {
      const seconds = bound === '+Inf' ? Infinity : Number(bound);
      sums.set(seconds, (sums.get(seconds) ?? 0) + Number(count));
    }
  }
  return sums;
}

/** How long the main threads have been waiting for a processor since they began. */
function waitedSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const [, waitedNs = '0'] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return sum + Number(waitedNs) / 1e9;
  }, 0);
}
