/**
 * Runs one actor instance in this thread: a queue of messages, handled strictly one at a time. It is the body of a local
 * actor, and the inside of an actor thread, so that both behave alike.
 *
 * Invariant: while `busy`, exactly one of these will call `pump` again: a scheduled task, or the promise of the message
 * that is being handled. The queue has no bound of its own; the supervisor's mailbox bounds what is delivered.
 */
import { DcacheError, EXIT_DATA, EXIT_INTERNAL } from '../../base/errors.js';
import { type ActorFactory, Later } from './actor.js';
import type { Body, BodyListener, Reply } from './body.js';
import type { Scheduler } from './scheduler.js';

/** So many messages are handled before waiting I/O gets its turn. */
const MESSAGES_PER_TURN = 256;

const DISPOSE = 'dispose';

interface Message {
  /** The last message of all has no method: it disposes of the actor. */
  readonly method: string | undefined;
  readonly args: readonly unknown[];
  readonly settle: (reply: Reply) => void;
}

export class Executor<A extends object, Options, Event> implements Body {
  private readonly factory: ActorFactory<A, Options, Event>;
  private readonly options: Options;
  private readonly scheduler: Scheduler;
  private readonly listener: BodyListener;
  private actor: A | undefined;
  private queue: Message[] = [];
  /** Messages before this place of the queue have been taken out. */
  private head = 0;
  private busy = false;
  /** Failed or killed: nothing is handled any more. */
  private dead = false;
  private events: Event[] = [];
  private flushScheduled = false;

  constructor(
    factory: ActorFactory<A, Options, Event>,
    options: Options,
    scheduler: Scheduler,
    listener: BodyListener,
  ) {
    this.factory = factory;
    this.options = options;
    this.scheduler = scheduler;
    this.listener = listener;
  }

  async start(): Promise<void> {
    const context = {
      emit: (event: Event) => this.emit(event),
      fail: (error: unknown) => this.failOutsideMessage(error),
    };
    this.actor = await this.factory(this.options, context);
    this.flushEvents();
  }

  deliver(method: string, args: readonly unknown[]): Promise<Reply> {
    return this.enqueue(method, args);
  }

  dispose(): Promise<Reply> {
    return this.enqueue(undefined, []);
  }

  kill(): Promise<void> {
    this.die();
    return Promise.resolve();
  }

  private enqueue(method: string | undefined, args: readonly unknown[]): Promise<Reply> {
    return new Promise((settle) => {
      if (this.dead) return;
      this.queue.push({ method, args, settle });
      if (this.busy) return;
      this.busy = true;
      this.scheduler.soon(() => this.pump());
    });
  }

  private pump(): void {
    for (let handled = 0; handled < MESSAGES_PER_TURN; handled++) {
      const message = this.takeNext();
      if (message === undefined) {
        this.busy = false;
        return;
      }
      const underWay = this.handle(message);
      if (underWay !== undefined) {
        void underWay.then(() => this.pump());
        return;
      }
    }
    this.scheduler.nextTurn(() => this.pump());
  }

  private takeNext(): Message | undefined {
    if (this.dead) return undefined;
    const message = this.queue[this.head];
    this.head += 1;
    if (this.head >= this.queue.length) {
      this.queue = [];
      this.head = 0;
    } else if (this.head >= MESSAGES_PER_TURN && this.head * 2 >= this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    return message;
  }

  /** Handles one message; returns a promise that never rejects when the handling goes on after this call. */
  private handle(message: Message): Promise<void> | undefined {
    let result: unknown;
    try {
      result = this.invoke(message.method, message.args);
    } catch (error) {
      this.settleThrown(message, error);
      return undefined;
    }
    if (!(result instanceof Promise)) {
      this.settleResult(message, result);
      return undefined;
    }
    return result.then(
      (value: unknown) => this.settleResult(message, value),
      (error: unknown) => this.settleThrown(message, error),
    );
  }

  private invoke(method: string | undefined, args: readonly unknown[]): unknown {
    if (this.actor === undefined) throw new DcacheError('INTERNAL', 'a message reached an actor before it was made');
    const handler: unknown = Reflect.get(this.actor, method ?? DISPOSE);
    if (method === undefined && handler === undefined) return undefined; // nothing to dispose of
    const isMessage = method !== DISPOSE && !((method ?? DISPOSE) in Object.prototype);
    if (typeof handler !== 'function' || !isMessage) {
      throw new DcacheError('INVALID_ARGUMENT', `the actor has no method ${method ?? DISPOSE}`);
    }
    return Reflect.apply(handler, this.actor, args);
  }

  private settleResult(message: Message, result: unknown): void {
    if (!(result instanceof Later)) {
      this.settle(message, { type: 'answer', value: result });
      return;
    }
    result.answer.then(
      (value: unknown) => this.settle(message, { type: 'answer', value }),
      (error: unknown) => this.settleThrown(message, error),
    );
  }

  private settleThrown(message: Message, error: unknown): void {
    if (error instanceof DcacheError && !isFatal(error)) {
      this.settle(message, { type: 'refusal', error });
    } else {
      this.settle(message, { type: 'failure', error });
      this.die();
    }
  }

  private settle(message: Message, reply: Reply): void {
    this.flushEvents();
    if (!this.dead) message.settle(reply);
  }

  private emit(event: Event): void {
    if (this.dead) return;
    this.events.push(event);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.scheduler.soon(() => this.flushEvents());
  }

  private flushEvents(): void {
    this.flushScheduled = false;
    if (this.dead || this.events.length === 0) return;
    const events = this.events;
    this.events = [];
    try {
      this.listener.onEvents(events);
    } catch (error) {
      this.failOutsideMessage(error); // an event that cannot be sent
    }
  }

  private failOutsideMessage(error: unknown): void {
    if (this.dead) return;
    this.flushEvents();
    this.die();
    this.listener.onFailure(error);
  }

  private die(): void {
    this.dead = true;
    this.queue = [];
    this.head = 0;
    this.events = [];
  }
}

/** Whether `error` says that the node itself is broken or its data folder unusable, rather than that a request is refused. */
function isFatal(error: DcacheError): boolean {
  return error.exitCode === EXIT_INTERNAL || error.exitCode === EXIT_DATA;
}
