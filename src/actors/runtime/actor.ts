/**
 * What an actor is, for those who write one and those who call one.
 *
 * An actor is a plain object: its public methods are its messages, sync or async, handled one at a time in the order of
 * arrival. Callers hold an `ActorRef`, which has the same methods returning promises, and cannot tell whether the actor
 * lives in their own thread (`startLocalActor`) or in one of its own (`startThreadActor`).
 *
 * Messages, answers and events are plain data that structured clone can carry, and belong to the receiver once sent.
 * Large buffers are moved instead of copied when marked with `handOver`.
 *
 *   class Counter {
 *     private total = 0;
 *     constructor(private readonly context: ActorContext<CounterEvent>) {}
 *     add(amount: number): number {
 *       if (amount < 0) throw new DcacheError('INVALID_ARGUMENT', 'amount must not be negative'); // an answer
 *       this.total += amount;                                     // any other exception: the actor has failed
 *       this.context.emit({ type: 'changed', total: this.total }); // one way, batched, before the answer
 *       return this.total;
 *     }
 *     dispose(): void {} // optional; may be async; called once, after the last message of a clean stop, never after a failure
 *   }
 *
 * A thrown DcacheError is an answer, unless its code says that the node itself is broken (INTERNAL, DATA_CORRUPT, DISK_FULL).
 * These, anything else that is thrown, `context.fail`, and the death of the thread are failures of the actor: the declared
 * `Supervision` is carried out.
 */
import type { DcacheError } from '../../base/errors.js';

/** An answer that is not ready when the message has been handled. The actor goes on with its next message meanwhile. */
export class Later<T> {
  readonly answer: Promise<T>;

  constructor(answer: Promise<T>) {
    this.answer = answer;
  }
}

/**
 * For a method that must not hold up the mailbox: `return later(promise)`. The caller sees only the promise's result. A
 * rejection counts as if the method had thrown. `dispose` has to settle what is still open.
 */
export function later<T>(answer: Promise<T>): Later<T> {
  return new Later(answer);
}

type AnswerOf<Result> = Result extends Later<infer T> ? T : Result;

type MessageNames<A> = Exclude<
  { [K in keyof A]: A[K] extends (...args: never[]) => unknown ? K : never }[keyof A],
  'dispose'
>;

/** The typed handle of an actor of type `A`: each of its methods, returning a promise of the answer. */
export type ActorRef<A> = {
  readonly [K in MessageNames<A>]: A[K] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<AnswerOf<Awaited<Result>>>
    : never;
};

/** What an actor is given when it is made. */
export interface ActorContext<Event = never> {
  /**
   * Sends `event` one way to the actor's owner. Events arrive in the order of emission, in batches, and before the answer
   * of the message during which they were emitted. Ownership passes to the receiver.
   */
  emit(event: Event): void;
  /** Declares the actor failed, for errors outside a message (a timer, a socket). Nothing more is handled. */
  fail(error: unknown): void;
}

/** Makes one instance. Called again after a failure when the policy is `restart`. Options must be plain data. */
export type ActorFactory<A extends object, Options, Event = never> = (
  options: Options,
  context: ActorContext<Event>,
) => A | Promise<A>;

export type Supervision =
  /** For actors with replicated state: the node stops and recovers from its peers. */
  | { readonly policy: 'fail-node' }
  /**
   * A new instance after `backoffMs`, doubled for each failure up to `maxBackoffMs`. More than `maxRestarts` failures within
   * `windowMs` take the node down all the same.
   */
  | {
      readonly policy: 'restart';
      readonly maxRestarts: number;
      readonly windowMs: number;
      readonly backoffMs: number;
      readonly maxBackoffMs: number;
    };

/** What the owner declares about an actor, wherever it runs. */
export interface ActorSpec {
  /** For messages and logs; names the actor and, where there are several, which one. */
  readonly name: string;
  readonly supervision: Supervision;
  /** Bound on accepted and not yet answered messages; LIMITS.maxMailboxMessages unless smaller. */
  readonly maxMessages?: number;
  /** Bound on the bytes of those messages, as `weigh` counts them; LIMITS.maxMailboxBytes unless smaller. */
  readonly maxBytes?: number;
  /** Bytes that a message holds while it waits. `weighBuffers` by default. */
  readonly weigh?: (method: string, args: readonly unknown[]) => number;
  /** How long a stop waits for messages under way before it gives them up, in ms. */
  readonly drainMs: number;
}

/** A failure and what is done about it. Handed to the node's `onFailure` before it happens; never swallowed. */
export interface ActorFailure {
  readonly actor: string;
  readonly error: DcacheError;
  readonly action: { readonly type: 'fail-node' } | { readonly type: 'restart'; readonly delayMs: number };
}

/** The owner's side of a running actor. */
export interface ActorHandle<A> {
  readonly ref: ActorRef<A>;
  /** Accepted and not yet answered. */
  pendingMessages(): number;
  pendingBytes(): number;
  /**
   * Accepts nothing more (SHUTTING_DOWN), lets what was accepted finish, disposes of the actor, ends its thread. What is not
   * answered by then is rejected with OUTCOME_UNKNOWN. Idempotent. Rejects when `dispose` throws, after the thread has ended.
   */
  stop(): Promise<void>;
}
