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
  /** MB a second of segments, from the first stream to the last promotion of its groups of that sort; undefined: too little to tell. */
  readonly dataRate: number | undefined;
  readonly parityRate: number | undefined;
  /** Sets answered a second while it refilled, in parts of those before it left. */
  readonly setsKept: number;
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
    await pause(BEFORE_MS);
    const before = sets.takeRate();
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
    sets.takeRate();
    const watched = await watch(cluster, others[0] ?? '', nodeId);
    const during = sets.takeRate();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const after = await transferBytes(cluster, others);
    const [sentBytes, keptBytes] = [after.bytes - counted.bytes, after.kept - counted.kept];
    return { absence, seconds, sentBytes, keptBytes, ...watched, setsKept: during / before };
  } finally {
    await sets.stop();
  }
}

/** Follows the streams until the cluster is whole. */
async function watch(
  cluster: ProcessCluster,
  asked: string,
  nodeId: string,
): Promise<Pick<ReturnRow, 'dataRate' | 'parityRate'>> {
  /** By group: bytes that its streams had to bring, when the first was seen, and when the node was in sync. */
  const groups = new Map<number, { bytes: Map<number, number>; sinceMs: number; untilMs: number; isData: boolean }>();
  await cluster.until(
    `${nodeId} is back`,
    async () => {
      const report = await cluster.status(asked);
      const nowMs = performance.now();
      for (const { ecc } of report?.nodes ?? []) {
        for (const { group, position, nodeId: learner, totalBytes, keptBytes } of ecc?.transfers ?? []) {
          if (learner !== nodeId) continue;
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
  return { dataRate: rate(true), parityRate: rate(false) };
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
  private answered = 0;
  private sinceMs = performance.now();
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

  /** Answered a second since it was last asked. */
  takeRate(): number {
    const nowMs = performance.now();
    const rate = (this.answered * 1000) / (nowMs - this.sinceMs);
    this.answered = 0;
    this.sinceMs = nowMs;
    return rate;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
