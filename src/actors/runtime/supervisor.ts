/**
 * Owns one actor across its lives: admits messages, remembers who waits for an answer, and carries out the declared
 * policy when a life ends badly. The same for local and thread placement; only the `Body` differs.
 *
 * When a life fails, every message accepted before is rejected (the one that failed with INTERNAL, the others with
 * OUTCOME_UNKNOWN, because nobody can tell which of them a thread had handled); messages accepted during the backoff wait
 * for the next life.
 */
import { assert, assertNever } from '../../base/assert.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import type { ActorFailure, ActorHandle, ActorRef, ActorSpec } from './actor.js';
import { makeRef } from './actor-ref.js';
import type { Body, BodyListener, Reply } from './body.js';
import { Mailbox, weighBuffers } from './mailbox.js';
import { RestartBudget } from './restart-budget.js';
import type { Scheduler } from './scheduler.js';

interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly weight: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * `starting`: the first life is being made. `running`. `backoff`: between two lives, or making the next.
 * `stopping`, `stopped`: asked to. `failed`: for good, the node has been told.
 */
type State = 'starting' | 'running' | 'backoff' | 'stopping' | 'stopped' | 'failed';

export interface Owner<Event> {
  readonly scheduler: Scheduler;
  readonly onFailure: (failure: ActorFailure) => void;
  /** An exception of its own is the owner's defect and becomes an uncaught one, never the actor's. */
  readonly onEvents?: (events: readonly Event[]) => void;
}

export class Supervisor<A, Event> implements ActorHandle<A> {
  private readonly spec: ActorSpec;
  private readonly makeBody: (listener: BodyListener) => Body;
  private readonly owner: Owner<Event>;
  readonly ref: ActorRef<A>;
  private state: State = 'starting';
  private body: Body | undefined;
  /** Whether `body` has been made and has not failed. */
  private alive = false;
  /** The end of the life that failed last. The next one is made only then, so that no two hold a file or port. */
  private ended: Promise<void> = Promise.resolve();
  /** The making of a life after the first. Never rejects. */
  private making: Promise<void> = Promise.resolve();
  /** Delivered to the present body and not replied to. */
  private readonly pending = new Set<Call>();
  /** Accepted while there was no running body, in order. */
  private waiting: Call[] = [];
  private readonly mailbox: Mailbox;
  private readonly weigh: NonNullable<ActorSpec['weigh']>;
  private readonly restarts: RestartBudget;
  private cancelBackoff: (() => void) | undefined;
  private stopped: Promise<void> | undefined;
  /** Settles the wait of `stop`. */
  private onEnded: ((reply: Reply) => void) | undefined;

  constructor(spec: ActorSpec, makeBody: (listener: BodyListener) => Body, owner: Owner<Event>) {
    this.spec = spec;
    this.makeBody = makeBody;
    this.owner = owner;
    const maxMessages = Math.min(spec.maxMessages ?? Infinity, LIMITS.maxMailboxMessages);
    const maxBytes = Math.min(spec.maxBytes ?? Infinity, LIMITS.maxMailboxBytes);
    this.mailbox = new Mailbox(spec.name, maxMessages, maxBytes);
    this.weigh = spec.weigh ?? weighBuffers;
    this.restarts = new RestartBudget(spec.supervision);
    this.ref = makeRef<A>((method, args) => this.call(method, args));
  }

  /** Makes the first life. Rejects with the factory's error when it cannot be made; there is no restart then. */
  async start(): Promise<void> {
    assert(this.state === 'starting', 'an actor is started once');
    try {
      await this.makeLife();
    } catch (error) {
      this.state = 'failed';
      await this.body?.kill();
      throw error;
    }
  }

  pendingMessages(): number {
    return this.mailbox.pendingMessages;
  }

  pendingBytes(): number {
    return this.mailbox.pendingBytes;
  }

  stop(): Promise<void> {
    this.stopped ??= this.drainAndEnd();
    return this.stopped;
  }

  private call(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.state === 'stopping' || this.state === 'stopped' || this.state === 'failed') {
        throw new DcacheError(
          'SHUTTING_DOWN',
          `${this.spec.name} is ${this.state} and takes no messages; ask another node`,
        );
      }
      const weight = this.mailbox.admit(this.weigh(method, args));
      const call = { method, args, weight, resolve, reject };
      if (this.state === 'running' && this.body !== undefined) this.deliver(this.body, call);
      else this.waiting.push(call);
    });
  }

  private deliver(body: Body, call: Call): void {
    this.pending.add(call);
    void body.deliver(call.method, call.args).then((reply) => this.onReply(body, call, reply));
  }

  private onReply(body: Body, call: Call, reply: Reply): void {
    if (!this.pending.has(call)) return; // already rejected with the life that it belonged to
    switch (reply.type) {
      case 'answer':
        this.close(call);
        call.resolve(reply.value);
        return;
      case 'refusal':
        this.close(call);
        call.reject(reply.error);
        return;
      case 'failure':
        this.close(call);
        call.reject(this.describe(reply.error, `failed on ${call.method}`));
        this.onLifeFailed(body, reply.error);
        return;
      default:
        assertNever(reply);
    }
  }

  private close(call: Call): void {
    this.pending.delete(call);
    this.mailbox.release(call.weight);
  }

  private async makeLife(): Promise<void> {
    let failedMeanwhile: { readonly error: unknown } | undefined;
    const body = this.makeBody({
      onEvents: (events) => this.onEvents(events),
      onFailure: (error) => {
        if (this.alive) this.onLifeFailed(body, error);
        else failedMeanwhile ??= { error };
      },
    });
    this.body = body;
    await body.start();
    if (failedMeanwhile !== undefined) throw failedMeanwhile.error;
    this.alive = true;
    if (this.state === 'stopping') return;
    this.state = 'running';
    const waiting = this.waiting;
    this.waiting = [];
    for (const call of waiting) this.deliver(body, call);
  }

  private onEvents(events: readonly unknown[]): void {
    try {
      this.owner.onEvents?.(events as readonly Event[]); // emitted by the actor whose event type this is
    } catch (error) {
      this.owner.scheduler.soon(() => {
        throw error;
      });
    }
  }

  private onLifeFailed(body: Body, cause: unknown): void {
    if (body !== this.body || this.state === 'failed' || this.state === 'stopped') return;
    this.alive = false;
    this.ended = body.kill();
    this.rejectPending(`the answer was lost when ${this.spec.name} failed`, cause);
    if (this.state === 'stopping') {
      this.onEnded?.({ type: 'failure', error: cause });
      return;
    }
    const delayMs = this.restarts.onFailure(this.owner.scheduler.nowMs());
    if (delayMs === undefined) this.failForGood(cause);
    else this.restartAfter(delayMs, cause);
  }

  private failForGood(cause: unknown): void {
    this.state = 'failed';
    this.rejectWaiting(`${this.spec.name} failed before it came to this message`);
    const error = this.describe(cause, 'failed and takes the node down');
    this.owner.onFailure({ actor: this.spec.name, error, action: { type: 'fail-node' } });
  }

  private restartAfter(delayMs: number, cause: unknown): void {
    this.state = 'backoff';
    const error = this.describe(cause, `failed and starts anew in ${delayMs} ms`);
    this.owner.onFailure({ actor: this.spec.name, error, action: { type: 'restart', delayMs } });
    this.cancelBackoff = this.owner.scheduler.after(delayMs, () => {
      this.making = this.ended
        .then(() => this.makeLife())
        .catch((next: unknown) => {
          if (this.body !== undefined) this.onLifeFailed(this.body, next);
        });
    });
  }

  private async drainAndEnd(): Promise<void> {
    if (this.state !== 'failed') {
      this.state = 'stopping';
      this.cancelBackoff?.();
      this.rejectWaiting(`${this.spec.name} is stopping and had not begun this message; ask another node`);
    }
    const ended = await this.disposeWithin(this.spec.drainMs);
    this.state = 'stopped';
    this.rejectPending(`${this.spec.name} stopped before it answered`, undefined);
    await this.body?.kill();
    if (ended.type !== 'answer') throw this.describe(ended.error, 'did not stop cleanly');
  }

  private disposeWithin(drainMs: number): Promise<Reply> {
    return new Promise((resolve) => {
      const cancel = this.owner.scheduler.after(drainMs, () => {
        resolve({ type: 'failure', error: new DcacheError('INTERNAL', `no end within ${drainMs} ms`) });
      });
      this.onEnded = (reply) => {
        cancel();
        resolve(reply);
      };
      void this.disposeOfLife().then(this.onEnded);
    });
  }

  private async disposeOfLife(): Promise<Reply> {
    await this.making;
    if (!this.alive || this.body === undefined) return { type: 'answer', value: undefined };
    return this.body.dispose();
  }

  private rejectPending(why: string, cause: unknown): void {
    for (const call of [...this.pending]) {
      this.close(call);
      call.reject(new DcacheError('OUTCOME_UNKNOWN', `${call.method}: ${why}`, { cause }));
    }
  }

  private rejectWaiting(why: string): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const call of waiting) {
      this.mailbox.release(call.weight);
      call.reject(new DcacheError('SHUTTING_DOWN', `${call.method}: ${why}`));
    }
  }

  private describe(cause: unknown, what: string): DcacheError {
    const known = asDcacheError(cause);
    return new DcacheError(known.code, `${this.spec.name} ${what}: ${known.message}`, { cause });
  }
}
