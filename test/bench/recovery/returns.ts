/** A node leaves and comes back under load, and what that takes: told by the cluster's own reports and counters. */
import type { ClusterReport } from '../../../src/adapters/grpc/backend.js';
import { isWhole } from '../../../src/cluster/redundancy.js';
import { asDcacheError } from '../../../src/base/errors.js';
import type { DcacheClient } from '../../../src/index.js';
import type { ProcessCluster } from '../../support/process-cluster.js';
import { keyOf, valueOf, type EntrySize } from '../ecc/entries.js';

export type Absence = 'killed' | 'paused 5 s';

export interface ReturnRow {
  readonly absence: Absence;
  /** From the restart, or the end of the pause, until everything is in its place. */
  readonly seconds: number;
  /** Bytes of segments that the node was sent, and that it had kept. */
  readonly sentBytes: number;
  readonly keptBytes: number;
  /** Of `seconds`: from the first stream until all segments have been taken in, and from the first stream to the end. */
  readonly sendingSeconds: number;
  readonly refillSeconds: number;
  /** MB a second of segments, from the first stream to the last promotion of its groups of that sort; undefined: too little to tell. */
  readonly dataRate: number | undefined;
  readonly parityRate: number | undefined;
  /** Sets answered a second in all of `seconds`, and in `refillSeconds` alone, in parts of those before it left. */
  readonly setsKept: number;
  readonly setsKeptRefilling: number;
}

const POLL_MS = 100;
const PAUSE_MS = 5_000;
const BEFORE_MS = 4_000;
const DEADLINE_MS = 600_000;
const LANES = 32;

export async function measureReturn(
  cluster: ProcessCluster,
  client: DcacheClient<Buffer>,
  size: EntrySize,
  entries: number,
  nodeId: string,
  absence: Absence,
): Promise<ReturnRow> {
  const others = cluster.founders.filter((id) => id !== nodeId);
  const sets = new Load(client, size, entries);
  try {
    const before = await rateBefore(cluster, sets, others[0] ?? '');
    if (absence === 'killed') {
      await cluster.node(nodeId).kill();
      await cluster.until('the others have taken over', async () =>
        isOutOfAll(await cluster.status(others[0] ?? ''), nodeId),
      );
    } else {
      cluster.node(nodeId).signal('SIGSTOP');
      await pause(PAUSE_MS);
    }
    const counted = await transferBytes(cluster, others);
    const startedAtMs = performance.now();
    if (absence === 'killed') await cluster.start(nodeId);
    else cluster.node(nodeId).signal('SIGCONT');
    const begun = { atMs: performance.now(), answered: sets.answered };
    const watched = await watch(cluster, others[0] ?? '', nodeId, sets);
    const { firstStream = begun } = watched;
    const endMs = performance.now();
    const keptSince = (since: Moment): number =>
      ((sets.answered - since.answered) * 1000) / (endMs - since.atMs) / before;
    const after = await transferBytes(cluster, others);
    return {
      absence,
      seconds: (endMs - startedAtMs) / 1000,
      sentBytes: after.bytes - counted.bytes,
      keptBytes: after.kept - counted.kept,
      sendingSeconds: (Math.max(watched.allTakenAtMs, firstStream.atMs) - firstStream.atMs) / 1000,
      refillSeconds: (endMs - firstStream.atMs) / 1000,
      dataRate: watched.dataRate,
      parityRate: watched.parityRate,
      setsKept: keptSince(begun),
      setsKeptRefilling: keptSince(firstStream),
    };
  } finally {
    await sets.stop();
  }
}

interface Moment {
  readonly atMs: number;
  /** Sets by then. */
  readonly answered: number;
}

interface Watched extends Pick<ReturnRow, 'dataRate' | 'parityRate'> {
  /** Undefined: none was seen. */
  readonly firstStream: Moment | undefined;
  readonly allTakenAtMs: number;
}

/** Sets a second, while the cluster is asked as often as later: that takes a tenth of two processors. */
async function rateBefore(cluster: ProcessCluster, sets: Load, asked: string): Promise<number> {
  const [sinceMs, answered] = [performance.now(), sets.answered];
  while (performance.now() - sinceMs < BEFORE_MS) {
    await cluster.status(asked);
    await pause(POLL_MS);
  }
  return ((sets.answered - answered) * 1000) / (performance.now() - sinceMs);
}

/** Follows the streams until the cluster is whole. */
async function watch(cluster: ProcessCluster, asked: string, nodeId: string, sets: Load): Promise<Watched> {
  let firstStream: Moment | undefined;
  let allTakenAtMs = -Infinity;
  /** By group: bytes that its streams had to bring, when the first was seen, and when the node was in sync. */
  const groups = new Map<number, { bytes: Map<number, number>; sinceMs: number; untilMs: number; isData: boolean }>();
  await cluster.until(
    `${nodeId} is back`,
    async () => {
      const report = await cluster.status(asked);
      const nowMs = performance.now();
      for (const { ecc } of report?.nodes ?? []) {
        for (const { group, position, nodeId: learner, totalBytes, doneBytes, keptBytes } of ecc?.transfers ?? []) {
          if (learner !== nodeId) continue;
          firstStream ??= { atMs: nowMs, answered: sets.answered };
          if (doneBytes < totalBytes) allTakenAtMs = nowMs + POLL_MS;
          const holders = report?.map?.groups[group]?.positions ?? [];
          const isData = holders.find(({ holder }) => holder === nodeId)?.role === 'data';
          const known = groups.get(group) ?? { bytes: new Map(), sinceMs: nowMs, untilMs: nowMs, isData };
          known.bytes.set(position, totalBytes - keptBytes);
          if (!isInSync(report, group, nodeId)) known.untilMs = nowMs + POLL_MS;
          groups.set(group, known);
        }
      }
      await pause(POLL_MS);
      return isWhole(report);
    },
    DEADLINE_MS,
  );
  const rate = (isData: boolean): number | undefined => {
    const sort = [...groups.values()].filter((group) => group.isData === isData);
    const bytes = sort.flatMap((group) => [...group.bytes.values()]).reduce((sum, each) => sum + each, 0);
    const ms = Math.max(...sort.map(({ untilMs }) => untilMs)) - Math.min(...sort.map(({ sinceMs }) => sinceMs));
    return ms >= 5 * POLL_MS && bytes > 0 ? bytes / 1000 / ms : undefined;
  };
  return { firstStream, allTakenAtMs, dataRate: rate(true), parityRate: rate(false) };
}

function isInSync(report: ClusterReport | undefined, group: number, nodeId: string): boolean {
  const positions = report?.map?.groups[group]?.positions ?? [];
  return positions.some(({ holder, state }) => holder === nodeId && state === 'in-sync');
}

function isOutOfAll(report: ClusterReport | undefined, nodeId: string): boolean {
  const groups = report?.map?.groups ?? [];
  return groups.length > 0 && groups.every(({ id }) => !isInSync(report, id, nodeId));
}

/** Of all nodes that feed learners. */
async function transferBytes(
  cluster: ProcessCluster,
  ids: readonly string[],
): Promise<{ readonly bytes: number; readonly kept: number }> {
  const texts = await Promise.all(
    ids.map(async (id) => (await fetch(`http://${cluster.planOf(id).http}/metrics`)).text()),
  );
  const sum = (as: string): number =>
    texts.reduce((total, text) => {
      const line = new RegExp(`^dcache_transfer_bytes_total\\{as="${as}"\\} (\\d+)`, 'm').exec(text);
      return total + Number(line?.[1] ?? 0);
    }, 0);
  return { bytes: sum('bytes'), kept: sum('kept') };
}

/** Lanes of sets over all entries, whatever becomes of them. */
class Load {
  /** Sets, so far. */
  answered = 0;
  private stopped = false;
  private readonly lanes: readonly Promise<void>[];

  constructor(client: DcacheClient<Buffer>, size: EntrySize, entries: number) {
    this.lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let n = lane; !this.stopped; n += LANES) {
        try {
          await client.set(keyOf(size, (n * 7919) % entries), valueOf(size, n));
          this.answered++;
        } catch (error) {
          if (asDcacheError(error).code === 'INTERNAL') throw error;
          await pause(5);
        }
      }
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
