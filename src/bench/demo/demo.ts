/**
 * `dcache demo`: a cluster of its own loses two of five nodes and not one value. This is the story without its looks: what happens is told
 * through `DemoEvents`, what came of it is the result.
 */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { DcacheError } from '../../base/errors.js';
import { bufferCodec } from '../../client/codec.js';
import { DcacheClient } from '../../client/client.js';
import { resolveShape } from '../cluster/shape.js';
import { SpawnedCluster } from '../cluster/spawned-cluster.js';
import { isWhole } from '../../cluster/redundancy.js';
import { inBatches } from '../run/requests.js';
import { pause } from '../run/stop-signals.js';
import { KEY_BYTES, keyOf, Values } from '../workload/entries.js';

const CODE = { k: 3, m: 2 } as const;
/** Each begins with its key, so that a value of another key would be noticed. */
const VALUE_BYTES = 256;
const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES;
const VICTIMS = ['n2', 'n4'] as const;
/** Looked at right after the kill: among so many keys are some of every partition. */
const PROBED = 500;
const TIMEOUT_MS = 30_000;
const POLL_MS = 150;
const RECOVERY_TIMEOUT_MS = 300_000;

/** A chapter has one bar, or none; facts come at its end. */
export interface DemoEvents {
  readonly onChapter: (title: string) => void;
  readonly onProgress: (done: number, total: number, note: string) => void;
  readonly onLoaded: (memory: DemoMemory) => void;
  readonly onFact: (fact: string) => void;
}

export interface DemoMemory {
  readonly values: number;
  /** Of keys and values, once. */
  readonly payloadBytes: number;
  /** By all nodes together, everything counted. */
  readonly heldBytes: number;
  /** What full copies would take that bear as many failures, without counting anything but keys and values. */
  readonly replicatedBytes: number;
  readonly copies: number;
}

export interface DemoResult extends DemoMemory {
  readonly nodes: number;
  readonly killed: readonly string[];
  /** From the kill until keys of every partition had been read. */
  readonly stallMs: number;
  /** Read with two nodes down, each compared byte by byte. */
  readonly readBack: number;
  readonly writtenMeanwhile: number;
  /** From the restart until every node held everything again. */
  readonly recoveryMs: number;
  /** Read at the end, each compared. */
  readonly verified: number;
}

/**
 * Resolves when the cluster has been stopped and removed. Rejects with INTERNAL when a value is wrong or missing, and with the
 * signal's reason when it is aborted; the cluster is gone then, too.
 * @param values 1 or more.
 */
export async function runDemo(values: number, events: DemoEvents, signal: AbortSignal): Promise<DemoResult> {
  events.onChapter('Five nodes start, real processes on this machine');
  const cluster = await SpawnedCluster.start(resolveShape({ mode: 'ecc', ...CODE }), { signal });
  // Every key has one writer, so that a write may be sent again.
  const options = { codec: bufferCodec, timeoutMs: TIMEOUT_MS, retryUnknownWrites: true };
  const client = new DcacheClient({ endpoints: cluster.endpoints, ...options });
  try {
    events.onFact(
      `They are a cluster of RS(${CODE.k},${CODE.m}): any ${CODE.k} of the ${CODE.k + CODE.m} serve and rebuild everything.`,
    );
    return await new Story(cluster, client, events, signal).tell(values);
  } finally {
    await client.close();
    await cluster.stop();
  }
}

class Story {
  private readonly cluster: SpawnedCluster;
  private readonly client: DcacheClient<Buffer>;
  private readonly events: DemoEvents;
  private readonly signal: AbortSignal;
  private readonly noise = new Values(VALUE_BYTES - KEY_BYTES);

  constructor(cluster: SpawnedCluster, client: DcacheClient<Buffer>, events: DemoEvents, signal: AbortSignal) {
    this.cluster = cluster;
    this.client = client;
    this.events = events;
    this.signal = signal;
  }

  async tell(values: number): Promise<DemoResult> {
    const { events } = this;
    const more = Math.max(1, Math.floor(values / 10));

    events.onChapter(`${count(values)} values of ${VALUE_BYTES} bytes are set`);
    await this.write(0, values);
    const memory = await this.memory(values);
    events.onLoaded(memory);

    events.onChapter(`${VICTIMS.join(' and ')} are killed (kill -9), memory and all`);
    const stallMs = await this.killVictims(Math.min(PROBED, values));
    events.onFact(`After ${(stallMs / 1000).toFixed(1)} s the other three answer for every key.`);

    events.onChapter('Every value is read back and compared, with two of five nodes gone');
    await this.verify(values);
    events.onFact(
      `All ${count(values)} are there. What the dead nodes held was computed from the parity on the others.`,
    );

    events.onChapter(`${count(more)} more are set meanwhile`);
    await this.write(values, values + more);

    events.onChapter(`${VICTIMS.join(' and ')} start again, empty, and refill from the others`);
    const recoveryMs = await this.recover();
    events.onFact(`After ${(recoveryMs / 1000).toFixed(1)} s every node holds all it has to: any two may fail again.`);

    events.onChapter('Every value is read and compared once more');
    await this.verify(values + more);
    events.onFact(`All ${count(values + more)} are there. Nothing was lost.`);

    const nodes = this.cluster.nodeIds.length;
    const verified = values + more;
    return {
      ...memory,
      nodes,
      killed: VICTIMS,
      stallMs,
      readBack: values,
      writtenMeanwhile: more,
      recoveryMs,
      verified,
    };
  }

  private valueOf(n: number): Buffer {
    return Buffer.concat([keyOf(n), this.noise.of(n)]);
  }

  private async write(from: number, to: number): Promise<void> {
    await this.inBatches(to - from, (numbers) =>
      this.client.mset(numbers.map((n) => [keyOf(from + n), this.valueOf(from + n)] as const)),
    );
  }

  private async verify(values: number): Promise<void> {
    await this.inBatches(values, (numbers) => this.check(numbers));
  }

  private async check(numbers: readonly number[]): Promise<void> {
    const found = await this.client.mget(numbers.map(keyOf));
    const wrong = numbers.find((n, i) => found[i]?.equals(this.valueOf(n)) !== true);
    if (wrong !== undefined)
      throw new DcacheError(
        'INTERNAL',
        `the value of key ${keyOf(wrong).toString()} is not what was set; please report it`,
      );
  }

  private inBatches(total: number, work: (numbers: readonly number[]) => Promise<unknown>): Promise<void> {
    const startedAtMs = performance.now();
    const onProgress = (done: number): void => {
      const perSecond = (done * 1000) / (performance.now() - startedAtMs);
      this.events.onProgress(
        done,
        total,
        `${count(done)} of ${count(total)}, ${count(Math.round(perSecond))} a second`,
      );
    };
    return inBatches(total, ENTRY_BYTES, { signal: this.signal, onProgress }, work);
  }

  /** What is held once it stays the same for a moment: copies of what is under way are not what values cost. */
  private async memory(values: number): Promise<DemoMemory> {
    let heldBytes = await this.heldBytes();
    for (let same = 0; same < 3;) {
      await pause(POLL_MS, this.signal);
      const now = await this.heldBytes();
      same = now === heldBytes ? same + 1 : 0;
      heldBytes = now;
    }
    const payloadBytes = values * ENTRY_BYTES;
    const copies = CODE.m + 1;
    return { values, payloadBytes, heldBytes, replicatedBytes: copies * payloadBytes, copies };
  }

  private async heldBytes(): Promise<number> {
    return ((await this.cluster.report())?.nodes ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @returns ms until the first `probed` keys had been read. */
  private async killVictims(probed: number): Promise<number> {
    const killedAtMs = performance.now();
    await Promise.all(VICTIMS.map((nodeId) => this.cluster.carryOut({ type: 'kill', nodeId, atMs: 0 })));
    await this.check(Array.from({ length: probed }, (_, i) => i));
    return performance.now() - killedAtMs;
  }

  private async recover(): Promise<number> {
    const startedAtMs = performance.now();
    for (const nodeId of VICTIMS) await this.cluster.carryOut({ type: 'restart', nodeId, atMs: 0 });
    for (;;) {
      await pause(POLL_MS, this.signal);
      const report = await this.cluster.report();
      const elapsedMs = performance.now() - startedAtMs;
      const { inSync, places } = placesOf(report);
      if (places > 0) this.events.onProgress(inSync, places, `${inSync} of ${places} places in sync`);
      if (isWhole(report)) return elapsedMs;
      if (elapsedMs > RECOVERY_TIMEOUT_MS)
        throw new DcacheError(
          'NOT_ENOUGH_NODES',
          `the cluster is not whole ${RECOVERY_TIMEOUT_MS / 1000} s after the restart; please report it`,
        );
    }
  }
}

/** Of the process lives that the report has seen. */
function placesOf(report: ClusterReport | undefined): { readonly inSync: number; readonly places: number } {
  const lifeOf = new Map(report?.nodes.map(({ nodeId, ecc }) => [nodeId, ecc?.incarnation]));
  const positions = report?.map?.groups.flatMap((group) => group.positions) ?? [];
  const inSync = positions.filter(
    ({ state, holder, incarnation }) => state === 'in-sync' && lifeOf.get(holder) === incarnation,
  );
  return { inSync: inSync.length, places: positions.length };
}

function count(n: number): string {
  return n.toLocaleString('en');
}
