/**
 * A client: one operation after the other, against one node until that does not answer. As the real one (src/client) it
 * tries again by itself what is definitely not done, and reads always. What it saw goes into the history.
 */
import { assert } from '../../src/base/assert.js';
import { asDcacheError, DcacheError } from '../../src/base/errors.js';
import type { Prng } from '../../src/base/prng.js';
import { STANDARD_LAYOUT } from '../../src/store/layout.js';
import { isWrite, type KvReply, type KvRequest } from '../../src/store/requests.js';
import type { KvResult } from '../checker/kv-model.js';
import { RequestSender } from './requests.js';
import { SimThread } from './thread.js';
import { REFUSED_INCREMENT, toRequest, toResult, Workload, type Operation } from './workload.js';
import type { World } from './world.js';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;
const FILLING_RETRIES = 30;

export type ClientOutcome = 'done' | 'not-done' | 'unknown';

export class SimClient {
  readonly host: string;
  private readonly world: World;
  private readonly prng: Prng;
  private readonly thread: SimThread;
  private readonly sender: RequestSender;
  private readonly workload: Workload;
  private readonly seen = new Map<string, number>();
  private node: number;
  private stopped = false;
  /** Numbers of the keys that it writes before anything else. */
  private unfilled: number[] = [];
  private operationsLeft: number;
  private readonly outcomes: Record<ClientOutcome, number> = { done: 0, 'not-done': 0, unknown: 0 };

  constructor(world: World, number: number) {
    this.world = world;
    this.prng = world.prng.fork();
    this.host = `c${number}`;
    this.thread = new SimThread(world.time, {
      clockRate: 1,
      onDefect: (error) => world.onDefect(this.host, error),
    });
    this.sender = new RequestSender(world, { host: this.host, thread: this.thread }, this.prng.fork());
    this.workload = new Workload(this.host, world.parameters.workload, this.prng.fork());
    this.node = this.prng.below(world.nodes.length);
    const { keys, clients, filledFirst, maxOperations } = world.parameters.workload;
    this.operationsLeft = maxOperations;
    if (filledFirst)
      this.unfilled = Array.from({ length: keys }, (_, i) => i).filter((i) => i % clients === number - 1);
  }

  /** Operations by outcome. */
  get counts(): Readonly<Record<ClientOutcome, number>> {
    return this.outcomes;
  }

  /** Begins to work, until `stop`. */
  start(): void {
    const { maxThinkMs } = this.world.parameters.workload;
    this.thread.after(this.prng.between(0, maxThinkMs), () => {
      if (!this.stopped) void this.work().then(() => this.start());
    });
  }

  stop(): void {
    this.stopped = true;
  }

  /** One operation with all its tries. Never rejects. */
  async perform(operation: Operation, maxRetries = this.world.parameters.workload.maxRetries): Promise<ClientOutcome> {
    const { history, time, trace } = this.world;
    const call = history.invoke(this.host, operation, time.nowMs);
    trace.record(time.nowMs, this.host, operation.input.type, operation.key, call.id);
    const outcome = await this.tryUntilDone(toRequest(operation), maxRetries);
    trace.record(time.nowMs, this.host, 'returns', call.id, outcome instanceof DcacheError ? outcome.code : 'done');
    if (!(outcome instanceof DcacheError)) {
      const result = toResult(outcome);
      if (result.type !== operation.input.type) {
        this.world.invariants.fail('an answer is to its request', `${operation.input.type} ${call.id}: ${result.type}`);
        return this.count('unknown');
      }
      if ('version' in result && result.version !== undefined) this.seen.set(operation.key, result.version);
      this.countSituations(operation, result);
      call.done(result, time.nowMs);
      return this.count('done');
    }
    if (outcome.code === 'INVALID_ARGUMENT') {
      assert(operation.input.type === 'incr', 'only the increment of something else than a number is refused');
      this.countSituations(operation, REFUSED_INCREMENT);
      call.done(REFUSED_INCREMENT, time.nowMs);
      return this.count('done');
    }
    if (outcome.code === 'STORE_FULL') this.world.reach.count('writes refused for want of memory');
    if (outcome.outcome === 'unknown') {
      call.unknown(time.nowMs);
      return this.count('unknown');
    }
    call.notDone(time.nowMs);
    return this.count('not-done');
  }

  drawOperation(): Operation {
    return this.workload.next((key) => this.seen.get(key) ?? 1);
  }

  private async work(): Promise<void> {
    const { maxRetries, expiringPercent } = this.world.parameters.workload;
    if (this.unfilled.length > 0) {
      const fillings = this.unfilled.map((number) => this.workload.filling(number));
      this.unfilled = [];
      await Promise.all(fillings.map((filling) => this.perform(filling, FILLING_RETRIES)));
      return;
    }
    if (this.operationsLeft <= 0) return this.stop();
    this.operationsLeft--;
    if (this.prng.chance(expiringPercent, 100)) await this.performExpiring();
    else await this.perform(this.drawOperation(), maxRetries);
  }

  private async performExpiring(): Promise<void> {
    const request = this.workload.nextExpiring();
    const key = Buffer.from(request.key).toString('latin1');
    const { expiry, reach } = this.world;
    const onRead = expiry.startRead(key);
    const misses = expiry.expired;
    const reply = await this.tryUntilDone(request, 0);
    if (reply instanceof DcacheError) return;
    if (reply.type === 'get') onRead(reply.value === null ? 0 : reply.version);
    else if (reply.type === 'set' && reply.applied) expiry.onSeen(key, reply.version);
    if (expiry.expired > misses) reach.count('keys seen to expire');
  }

  private countSituations({ input }: Operation, result: KvResult): void {
    const { reach } = this.world;
    const value = input.type === 'set' || input.type === 'append' ? input.value : '';
    if (value.length > STANDARD_LAYOUT.fragmentAboveBytes) reach.count('values of several fragments written');
    if (result.type === 'set' && !result.applied) reach.count('conditions that failed');
    if (result.type === 'incr' && result.value === null) reach.count('increments of what is no number');
  }

  private count(outcome: ClientOutcome): ClientOutcome {
    this.outcomes[outcome]++;
    return outcome;
  }

  private async tryUntilDone(request: KvRequest, maxRetries: number): Promise<KvReply | DcacheError> {
    const { timeoutMs } = this.world.parameters.workload;
    let pauseMs = FIRST_PAUSE_MS;
    for (let tried = 0; ; tried++) {
      const node = this.world.nodes[this.node];
      assert(node !== undefined, 'a client talks to a node of the cluster');
      try {
        return await this.sender.execute(node.clientAddress, request, timeoutMs, false);
      } catch (error) {
        const failure = asDcacheError(error);
        if (failure.code === 'INTERNAL') this.world.onDefect(node.host, error);
        if (!mayTryAgain(failure, request) || tried >= maxRetries) return failure;
      }
      this.node = (this.node + 1) % this.world.nodes.length;
      await this.pause(pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.thread.after(ms, resolve));
  }
}

function mayTryAgain(error: DcacheError, request: KvRequest): boolean {
  if (error.retryable) return error.outcome === 'not-done';
  return !isWrite(request) && error.outcome === 'unknown';
}
