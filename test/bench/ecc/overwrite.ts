/**
 * Endless random overwrite: what share of the written bytes is live, what cleaning writes once more, and what goes over the links
 * between nodes, for each byte that clients write. A write costs its record at m backups; the rest is what cleaning sends: moved records,
 * and the bytes of released segments, which the parity holders take out of their shards.
 */
import { Prng } from '../../../src/base/prng.js';
import { bufferCodec, DcacheClient } from '../../../src/index.js';
import { ProcessCluster } from '../../support/process-cluster.js';
import { fill, keyOf, valueOf, type EntrySize } from './entries.js';
import { eccShape, type Code } from './shapes.js';

export interface OverwritePlan {
  readonly code: Code;
  readonly sizes: readonly EntrySize[];
  readonly entries: number;
  /** How often each entry is written over, on the average. */
  readonly rounds: number;
}

export interface OverwriteRow extends Code, EntrySize {
  readonly entries: number;
  readonly overwrites: number;
  /** Live bytes of live and dead ones, on primaries: while it goes on, the least of the second half, and when all is quiet. */
  readonly leastLive: number;
  readonly liveAfter: number;
  /** Bytes that records take in segments for each byte of key and value written: what clients wrote and what cleaning wrote again. */
  readonly writeAmplification: number;
  /** Bytes sent between nodes for each byte of key and value written. */
  readonly sentPerByte: number;
  /** The same without the records themselves, which go to m backups. */
  readonly sentForCleaning: number;
  /** Bytes held by the cluster afterwards, of those before. */
  readonly growth: number;
}

interface Look {
  readonly live: number;
  readonly dead: number;
  readonly held: number;
  readonly moved: number;
  readonly sent: number;
}

const BATCH = 200;
const LANES = 4;
const SETTLE_MS = 3_000;

export async function measureOverwrites(plan: OverwritePlan, say: (line: string) => void): Promise<OverwriteRow[]> {
  const rows: OverwriteRow[] = [];
  for (const size of plan.sizes) {
    const { k, m } = plan.code;
    say(
      `ecc RS(${k},${m}): ${plan.entries} entries of ${size.keyBytes} + ${size.valueBytes} bytes, written over and over`,
    );
    rows.push(await overwritten(plan, size, say));
  }
  return rows;
}

async function overwritten(
  { code, entries, rounds }: OverwritePlan,
  size: EntrySize,
  say: (line: string) => void,
): Promise<OverwriteRow> {
  const cluster = await ProcessCluster.start(eccShape(code));
  const options = { codec: bufferCodec, timeoutMs: 60_000, retryUnknownWrites: true };
  const client = new DcacheClient({ endpoints: cluster.endpoints, ...options });
  try {
    await fill(client, size, 0, entries);
    const before = await settled(cluster);
    const overwrites = entries * rounds;
    let written = 0;
    let leastLive = 1;
    const lane = async (prng: Prng): Promise<void> => {
      while (written < overwrites) {
        written += BATCH;
        const numbers = Array.from({ length: BATCH }, () => prng.below(entries));
        await client.mset(numbers.map((n) => [keyOf(size, n), valueOf(size, n + written)] as const));
      }
    };
    const watch = async (): Promise<void> => {
      while (written < overwrites) {
        const look = await lookAt(cluster);
        if (written > overwrites / 2) leastLive = Math.min(leastLive, liveShare(look));
        say(`${written} of ${overwrites} written, ${(100 * liveShare(look)).toFixed(1)}% live`);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    };
    await Promise.all([watch(), ...Array.from({ length: LANES }, (_, i) => lane(new Prng(i + 1)))]);
    const after = await settled(cluster);
    const userBytes = written * (size.keyBytes + size.valueBytes);
    const sentPerByte = (after.sent - before.sent) / userBytes;
    return {
      ...code,
      ...size,
      entries,
      overwrites: written,
      leastLive,
      liveAfter: liveShare(after),
      writeAmplification: 1 + (after.moved - before.moved) / userBytes,
      sentPerByte,
      sentForCleaning: sentPerByte - code.m,
      growth: after.held / before.held,
    };
  } finally {
    await client.close();
    await cluster.stop();
  }
}

const liveShare = ({ live, dead }: Look): number => live / (live + dead);

/** What is held once releases have gone their way. */
async function settled(cluster: ProcessCluster): Promise<Look> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return lookAt(cluster);
}

async function lookAt(cluster: ProcessCluster): Promise<Look> {
  const { nodes } = await cluster.untilServing();
  const bytesFor = (what: string): number => nodes.reduce((sum, node) => sum + (node.bytesFor[what] ?? 0), 0);
  const metrics = await Promise.all(
    cluster.founders.map(async (id) => (await fetch(`http://${cluster.planOf(id).http}/metrics`)).text()),
  );
  const total = (name: string): number => metrics.reduce((sum, text) => sum + valueIn(text, name), 0);
  return {
    live: bytesFor('live'),
    dead: bytesFor('dead'),
    held: nodes.reduce((sum, { bytes }) => sum + bytes, 0),
    moved: total('dcache_moved_bytes_total'),
    sent: total('dcache_data_link_bytes_total{direction="sent"}'),
  };
}

/** The value of a sample in Prometheus' text format; 0 where there is none yet. */
function valueIn(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}
