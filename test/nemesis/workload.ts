/** Clients that go on whatever happens to the cluster: every kind of request, on few enough keys that they get in each other's way. */
import type { Prng } from '../../src/base/prng.js';
import type { DcacheClient } from '../../src/client/client.js';
import type { KvCondition, KvInput } from '../checker/kv-model.js';
import { request, versionIn, type KvRecorder } from '../support/recorded-requests.js';
import { sizedValue } from '../support/sized-values.js';

export interface WorkloadParameters {
  readonly lanes: number;
  readonly keys: number;
  /** Lanes that begin anew for each request, as a client that knows one node and nothing else. */
  readonly visitors: number;
  /** Between two requests of a lane, ms. */
  readonly maxPauseMs: number;
  readonly readPercent: number;
  readonly conditionPercent: number;
  /** Requests that a lane sends in one turn. */
  readonly maxAtOnce: number;
  /** Of which each request draws one, ms. */
  readonly timeoutsMs: readonly number[];
  readonly maxValueBytes: number;
  /** Keys whose values are large: streamed in pieces. */
  readonly largeKeys: number;
}

const LARGE_BYTES = [300_000, 1_100_000, 2_500_000] as const;
/** Large values are written and read this seldom beside the others. */
const LARGE_ONE_IN = 120;
/** A lane that was refused does not ask again in the same breath. */
const PAUSE_AFTER_FAILURE_MS = 30;
/** Nothing waits for longer than its own timeout; beyond this a client has forgotten a request. */
const PATIENCE_MS = 60_000;

export function drawWorkload(prng: Prng): WorkloadParameters {
  return {
    lanes: prng.pick([8, 12, 16]),
    visitors: prng.pick([1, 3]),
    keys: prng.pick([12, 60, 200]),
    maxPauseMs: prng.pick([30, 60, 120]),
    readPercent: prng.pick([20, 45, 70]),
    conditionPercent: prng.pick([0, 20, 50]),
    maxAtOnce: prng.pick([1, 3, 8]),
    timeoutsMs: prng.pick([[10_000], [3_000, 10_000], [400, 3_000]]),
    maxValueBytes: prng.pick([40, 1_000, 20_000]),
    largeKeys: prng.pick([0, 1, 3]),
  };
}

export interface WorkloadParts {
  readonly clients: readonly DcacheClient[];
  /** Of all nodes. */
  readonly endpoints: readonly string[];
  readonly connect: (endpoints: readonly string[]) => DcacheClient;
  readonly recorder: KvRecorder;
  readonly prng: Prng;
  /** Of the names of all keys. */
  readonly prefix: string;
}

export class Workload {
  /** The longest time in which no request was done, ms. */
  longestStallMs = 0;
  /** Failures by their codes. */
  readonly failures = new Map<string, number>();
  private readonly parameters: WorkloadParameters;
  private readonly parts: WorkloadParts;
  private readonly versions = new Map<string, number>();
  private readonly lanes: Promise<void>[];
  private lastDoneMs = performance.now();
  private nextValue = 1;
  private stopped = false;

  /** Starts at once; the clients are used in turn. */
  constructor(parameters: WorkloadParameters, parts: WorkloadParts) {
    this.parameters = parameters;
    this.parts = parts;
    const { lanes, visitors } = parameters;
    this.lanes = [
      ...Array.from({ length: lanes }, (_, lane) => this.work(lane, parts.prng.fork())),
      ...Array.from({ length: visitors }, (_, visitor) => this.visit(visitor, parts.prng.fork())),
    ];
  }

  /** How long ago the last request was done, ms. */
  stallMs(): number {
    return performance.now() - this.lastDoneMs;
  }

  /** No more requests. @returns whether all that were under way have ended as they must. */
  async stop(): Promise<boolean> {
    this.stopped = true;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), PATIENCE_MS);
    });
    const all = Promise.all(this.lanes).then(() => true);
    const ended = await Promise.race([all, patience]);
    clearTimeout(timer);
    return ended;
  }

  private async work(lane: number, prng: Prng): Promise<void> {
    const { clients, recorder } = this.parts;
    const client = clients[lane % clients.length];
    if (client === undefined) throw new RangeError('a workload needs a client');
    while (!this.stopped) {
      const atOnce = 1 + prng.below(this.parameters.maxAtOnce);
      const outcomes = await Promise.all(
        Array.from({ length: atOnce }, (_, i) => this.send(prng, { name: `c${lane}.${i}`, client, recorder })),
      );
      const failed = outcomes.includes(false);
      await pause(prng.below(this.parameters.maxPauseMs) + (failed ? PAUSE_AFTER_FAILURE_MS : 0));
    }
  }

  /** Only what a node knows by itself sends such a client elsewhere: it would believe one that has been taken out without noticing. */
  private async visit(visitor: number, prng: Prng): Promise<void> {
    const { connect, endpoints, recorder } = this.parts;
    while (!this.stopped) {
      const client = connect([prng.pick(endpoints)]);
      await this.send(prng, { name: `v${visitor}`, client, recorder });
      await client.close();
      await pause(prng.below(this.parameters.maxPauseMs));
    }
  }

  /** @returns whether it was done. */
  private async send(prng: Prng, recorded: Parameters<typeof request>[0]): Promise<boolean> {
    const { parameters, parts } = this;
    const large = parameters.largeKeys > 0 && prng.chance(1, LARGE_ONE_IN);
    const number = prng.below(large ? parameters.largeKeys : parameters.keys);
    const key = large ? `${parts.prefix} large ${number}` : `${parts.prefix} ${number}`;
    const input = large ? this.drawLarge(prng) : this.draw(prng, number, this.versions.get(key) ?? 1);
    const timeoutMs = large ? 10_000 : prng.pick(parameters.timeoutsMs);
    const outcome = await request(recorded, key, input, { timeoutMs });
    if (outcome.type === 'failed') {
      this.failures.set(outcome.error.code, (this.failures.get(outcome.error.code) ?? 0) + 1);
      return false;
    }
    this.longestStallMs = Math.max(this.longestStallMs, this.stallMs());
    this.lastDoneMs = performance.now();
    const version = versionIn(outcome.result);
    if (version !== undefined && version > 0) this.versions.set(key, version);
    return true;
  }

  private drawLarge(prng: Prng): KvInput {
    if (prng.chance(1, 2)) return { type: 'get' };
    return { type: 'set', value: sizedValue(this.newName(), prng.pick(LARGE_BYTES)) };
  }

  /** A third of the keys hold numbers for the most part, a third values of some size. */
  private draw(prng: Prng, number: number, version: number): KvInput {
    const { readPercent, maxValueBytes } = this.parameters;
    if (prng.chance(readPercent, 100)) return { type: prng.chance(9, 10) ? 'get' : 'inspect' };
    if (number % 3 === 1 && prng.chance(2, 3)) return { type: 'incr', delta: String(prng.between(-3, 9)) };
    const lot = prng.below(10);
    if (lot === 0) return { type: 'delete' };
    if (lot === 1) return { type: 'delete', condition: { type: 'version', version } };
    if (lot === 2 && number % 3 !== 2) return { type: 'append', value: `+${this.newName()}` };
    if (number % 3 === 1)
      return { type: 'set', value: String(prng.below(1_000)), condition: this.drawCondition(prng, version) };
    const value = number % 3 === 2 ? sizedValue(this.newName(), prng.below(maxValueBytes)) : `=${this.newName()}`;
    return { type: 'set', value, condition: this.drawCondition(prng, version) };
  }

  private drawCondition(prng: Prng, version: number): KvCondition | undefined {
    if (!prng.chance(this.parameters.conditionPercent, 100)) return undefined;
    return prng.pick([{ type: 'absent' }, { type: 'present' }, { type: 'version', version }] as const);
  }

  private newName(): string {
    return String(this.nextValue++);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
