/**
 * Bytes that a whole cluster holds for an entry, by its own exact accounting, beside raft mode with as many nodes and beside
 * the floor of the code, n/k × (key + value): a code of these parameters can do no better without compression.
 */
import { bufferCodec, DcacheClient } from '../../../src/index.js';
import { ProcessCluster, type ClusterShape } from '../../support/process-cluster.js';
import { residentBytesOf } from '../../../src/bench/measure/proc.js';
import { fill, keyOf, type EntrySize } from './entries.js';
import { eccShape, raftShape, type Code } from './shapes.js';

export interface MemoryPlan {
  readonly codes: readonly Code[];
  readonly sizes: readonly EntrySize[];
  /** Ascending: one cluster is filled up from one to the next. */
  readonly counts: readonly number[];
}

export interface MemoryRow extends Code, EntrySize {
  readonly entries: number;
  /** Bytes an entry, of all nodes together. */
  readonly floor: number;
  readonly ecc: number;
  readonly raft: number;
  readonly eccToFloor: number;
  readonly eccToRaft: number;
  /** The parts of `ecc`, bytes an entry. */
  readonly eccBytesFor: Readonly<Record<string, number>>;
  /** Resident memory of all processes, in bytes, code and heap of Node included. */
  readonly eccResidentBytes: number;
  readonly raftResidentBytes: number;
}

interface Held {
  readonly bytes: number;
  readonly bytesFor: Readonly<Record<string, number>>;
  readonly residentBytes: number;
}

/** Bytes that only wait to be applied everywhere are not what a cluster holds for its entries. */
const SETTLED_POLLS = 3;
const POLL_MS = 400;
const SETTLE_DEADLINE_MS = 60_000;

/** Clusters run one after the other: the largest ones take gigabytes. */
export async function measureMemory(plan: MemoryPlan, say: (line: string) => void): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const code of plan.codes) {
    for (const size of plan.sizes) {
      const ecc = await heldBy(eccShape(code), size, plan.counts, say);
      const raft = await heldBy(raftShape(code), size, plan.counts, say);
      for (const [i, entries] of plan.counts.entries()) {
        const [inEcc, inRaft] = [ecc[i], raft[i]];
        if (inEcc !== undefined && inRaft !== undefined) rows.push(rowOf(code, size, entries, inEcc, inRaft));
      }
    }
  }
  return rows;
}

function rowOf(code: Code, size: EntrySize, entries: number, ecc: Held, raft: Held): MemoryRow {
  const floor = ((code.k + code.m) / code.k) * (size.keyBytes + size.valueBytes);
  const parts = Object.entries(ecc.bytesFor).map(([what, bytes]) => [what, bytes / entries] as const);
  return {
    ...code,
    ...size,
    entries,
    floor,
    ecc: ecc.bytes / entries,
    raft: raft.bytes / entries,
    eccToFloor: ecc.bytes / entries / floor,
    eccToRaft: ecc.bytes / raft.bytes,
    eccBytesFor: Object.fromEntries(parts),
    eccResidentBytes: ecc.residentBytes,
    raftResidentBytes: raft.residentBytes,
  };
}

async function heldBy(
  shape: ClusterShape,
  size: EntrySize,
  counts: readonly number[],
  say: (line: string) => void,
): Promise<Held[]> {
  const cluster = await ProcessCluster.start(shape);
  // Every key has one writer, so that a write may be sent again.
  const options = { codec: bufferCodec, timeoutMs: 60_000, retryUnknownWrites: true };
  const client = new DcacheClient({ endpoints: cluster.endpoints, ...options });
  const held: Held[] = [];
  try {
    let from = 0;
    for (const count of counts) {
      say(`${shape.mode}, ${shape.nodes} nodes: ${count} entries of ${size.keyBytes} + ${size.valueBytes} bytes`);
      await fill(client, size, from, count);
      held.push(await settled(cluster, client, count));
      if ((await client.get(keyOf(size, count - 1)))?.length !== size.valueBytes)
        throw new Error('an entry is missing');
      from = count;
    }
  } finally {
    await client.close();
    await cluster.stop();
  }
  return held;
}

/** What is held once it stays the same. */
async function settled(cluster: ProcessCluster, client: DcacheClient<Buffer>, entries: number): Promise<Held> {
  let last = -1;
  let same = 0;
  const deadline = performance.now() + SETTLE_DEADLINE_MS;
  for (;;) {
    const { nodes, up } = await cluster.untilServing();
    const bytes = nodes.reduce((sum, node) => sum + node.bytes, 0);
    same = bytes === last ? same + 1 : 0;
    last = bytes;
    if (same >= SETTLED_POLLS || performance.now() > deadline) {
      const count = await client.count();
      if (count !== entries || up !== nodes.length) throw new Error(`${count} of ${entries} entries are there`);
      const bytesFor: Record<string, number> = {};
      for (const node of nodes) {
        for (const [what, part] of Object.entries(node.bytesFor)) bytesFor[what] = (bytesFor[what] ?? 0) + part;
      }
      return { bytes, bytesFor, residentBytes: residentBytesOf(cluster.pids) };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
