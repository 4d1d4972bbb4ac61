/**
 * The longest time without an answer when a node is killed with -9 under load, as a client sees it: one lane of sets and one of
 * gets, one after the other, on two keys of the measured partition, while others keep the cluster busy. The get is of a key that nobody writes:
 * one that looks at an uncommitted write has to wait for it.
 */
import type { ClusterReport } from '../../../src/adapters/grpc/backend.js';
import { isWhole } from '../../../src/cluster/redundancy.js';
import { median } from '../../../src/bench/measure/statistics.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import { bufferCodec, DcacheClient } from '../../../src/index.js';
import { ProcessCluster } from '../../support/process-cluster.js';
import { Lane, pause } from '../shared/lane.js';
import { fill, keyOf, valueOf, type EntrySize } from './entries.js';
import { eccShape, type Code } from './shapes.js';

export const VICTIMS = ['primary', 'backup', 'primary that leads Raft'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface StallPlan {
  readonly code: Code;
  readonly rounds: number;
}

export interface StallRow {
  readonly victim: Victim;
  /** Longest time without an answered set, and without an answered get, in ms: median and longest of the rounds. */
  readonly setMs: number;
  readonly longestSetMs: number;
  readonly getMs: number;
  readonly longestGetMs: number;
  /** The same of both in the seconds before, when nobody had died: what the machine does by itself. */
  readonly quietMs: number;
}

interface Sample {
  readonly setMs: number;
  readonly getMs: number;
  readonly quietMs: number;
}

const SIZE: EntrySize = { keyBytes: 16, valueBytes: 100 };
const BUSY_KEYS = 20_000;
/** Behind the busy ones; the measured keys are among them. */
const QUIET_KEYS = 500;
const BUSY_LANES = 16;
const BEFORE_MS = 2_000;
const AFTER_MS = 6_000;
const RECOVERY_DEADLINE_MS = 120_000;

export async function measureStalls({ code, rounds }: StallPlan, say: (line: string) => void): Promise<StallRow[]> {
  const cluster = await ProcessCluster.start(eccShape(code));
  const client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 20_000 });
  const samples = new Map<Victim, Sample[]>(VICTIMS.map((victim) => [victim, []]));
  try {
    await fill(client, SIZE, 0, BUSY_KEYS + QUIET_KEYS);
    for (let round = 1; round <= rounds; round++) {
      for (const victim of VICTIMS) {
        const sample = await killUnderLoad(cluster, client, victim);
        samples.get(victim)?.push(sample);
        const { setMs, getMs } = sample;
        say(`round ${round} of ${rounds}, ${victim} killed: set ${setMs.toFixed(0)} ms, get ${getMs.toFixed(0)} ms`);
      }
    }
  } finally {
    await client.close();
    await cluster.stop();
  }
  return [...samples].map(([victim, ofVictim]) => rowOf(victim, ofVictim));
}

function rowOf(victim: Victim, samples: readonly Sample[]): StallRow {
  const setsMs = samples.map(({ setMs }) => setMs);
  const getsMs = samples.map(({ getMs }) => getMs);
  return {
    victim,
    setMs: median(setsMs),
    longestSetMs: Math.max(...setsMs),
    getMs: median(getsMs),
    longestGetMs: Math.max(...getsMs),
    quietMs: median(samples.map(({ quietMs }) => quietMs)),
  };
}

/** Kills a node, measures, and waits until it is back in sync everywhere. */
async function killUnderLoad(cluster: ProcessCluster, client: DcacheClient<Buffer>, victim: Victim): Promise<Sample> {
  const { nodeId, written, read } = await choose(cluster, victim);
  const sets = new Lane((n) => client.set(written, valueOf(SIZE, n)));
  const gets = new Lane(() => client.get(read));
  const busy = Array.from({ length: BUSY_LANES }, (_, lane) => {
    const at = (n: number): number => (n * 7919 + lane * 1009) % BUSY_KEYS;
    const ask = (n: number): Promise<unknown> =>
      n % 2 === 0 ? client.set(keyOf(SIZE, at(n)), valueOf(SIZE, n)) : client.get(keyOf(SIZE, at(n)));
    return new Lane(ask);
  });
  await pause(BEFORE_MS);
  const quietMs = Math.max(sets.takeLongestMs(), gets.takeLongestMs());
  await cluster.node(nodeId).kill();
  await pause(AFTER_MS);
  const sample = { setMs: sets.takeLongestMs(), getMs: gets.takeLongestMs(), quietMs };
  await Promise.all([sets, gets, ...busy].map((lane) => lane.stop()));
  await cluster.start(nodeId);
  await cluster.until('the node is back', async () => isWhole(await cluster.status(nodeId)), RECOVERY_DEADLINE_MS);
  return sample;
}

interface Choice {
  readonly nodeId: string;
  readonly written: Buffer;
  readonly read: Buffer;
}

/** A node to kill, and two keys of one partition for which it is that. */
async function choose(cluster: ProcessCluster, victim: Victim): Promise<Choice> {
  const report = await cluster.until('the cluster is whole', async () => {
    const seen = await cluster.status('n1');
    return isWhole(seen) && seen;
  });
  const leader = await cluster.leader();
  const nodeId = victim === 'primary that leads Raft' ? leader : (cluster.founders.find((id) => id !== leader) ?? '');
  const quiet = Array.from({ length: QUIET_KEYS }, (_, i) => keyOf(SIZE, BUSY_KEYS + i));
  for (const written of quiet) {
    const roles = rolesFor(report, written);
    const fits = victim === 'backup' ? roles.backups.includes(nodeId) : roles.primary === nodeId;
    const read = quiet.find((key) => key !== written && rolesFor(report, key).partition === roles.partition);
    if (fits && read !== undefined) return { nodeId, written, read };
  }
  throw new Error(`${nodeId} is ${victim} of no key`);
}

interface Roles {
  readonly partition: string;
  readonly primary: string;
  readonly backups: readonly string[];
}

function rolesFor({ map }: ClusterReport, key: Buffer): Roles {
  const { group, position } = partitionOfSlot(slotOf(key), map?.groups.length ?? 0, map?.k ?? 0);
  const positions = map?.groups[group]?.positions ?? [];
  const backups = positions.filter(({ role }) => role === 'parity').map(({ holder }) => holder);
  return { partition: `${group}/${position}`, primary: positions[position]?.primary ?? '', backups };
}
