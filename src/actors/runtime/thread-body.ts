/**
 * A life of an actor in a thread of its own, seen from the owner's thread. Calls go through Comlink; Comlink never settles
 * a call whose thread is gone, so the supervisor keeps its own list of pending calls and this class tells it of every way
 * in which a thread can end.
 */
import { type Remote, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assertNever } from '../../base/assert.js';
import { DcacheError, isErrorCode } from '../../base/errors.js';
import type { Body, BodyListener, Reply } from './body.js';
import { handedOver } from './hand-over.js';
import { notPlainData } from './isolated-body.js';
import { isThreadPost, type ThreadHost, type ThreadPost, type ThreadStart, type WireReply } from './thread-protocol.js';
import { decodeError } from './wire-error.js';

export class ThreadBody implements Body {
  private readonly name: string;
  private readonly entry: URL;
  private readonly options: unknown;
  private readonly listener: BodyListener;
  private worker: Worker | undefined;
  private port: MessagePort | undefined;
  private host: Remote<ThreadHost> | undefined;
  /** Set by `kill`, and by the first report of a failure: nothing is reported afterwards. */
  private over = false;
  private onStarted: ((error: Error | undefined) => void) | undefined;

  /**
   * @param name for the thread's name and error messages
   * @param entry module that calls `runActorThread`
   * @param options plain data
   */
  constructor(name: string, entry: URL, options: unknown, listener: BodyListener) {
    this.name = name;
    this.entry = entry;
    this.options = options;
    this.listener = listener;
  }

  start(): Promise<void> {
    const { port1: ours, port2: theirs } = new MessageChannel();
    const workerData: ThreadStart = { port: theirs, options: this.options };
    this.port = ours;
    this.worker = new Worker(this.entry, { workerData, transferList: [theirs], name: this.name });
    this.worker.once('error', (error) => this.afterLastMessages(asThrown(error)));
    this.worker.once('exit', (code) => {
      this.afterLastMessages(new DcacheError('INTERNAL', `the thread of ${this.name} ended with exit code ${code}`));
    });
    ours.on('message', (message: unknown) => {
      if (isThreadPost(message)) this.onPost(message);
    });
    ours.on('messageerror', (error: Error) => this.onThreadEnded(error));
    this.host = wrap<ThreadHost>(nodeEndpoint(ours));
    return new Promise((resolve, reject) => {
      this.onStarted = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  deliver(method: string, args: readonly unknown[]): Promise<Reply> {
    const { host } = this;
    if (host === undefined || this.over) return new Promise(() => undefined);
    return toReply(`an argument or the answer of ${method}`, () =>
      host.deliver(method, transfer(args, handedOver(args))),
    );
  }

  dispose(): Promise<Reply> {
    const { host } = this;
    if (host === undefined || this.over) return new Promise(() => undefined);
    return toReply('the answer of dispose', () => host.dispose());
  }

  async kill(): Promise<void> {
    this.over = true;
    this.port?.close();
    await this.worker?.terminate();
  }

  private onPost(message: ThreadPost): void {
    if (this.over) return;
    switch (message.post) {
      case 'ready':
        this.onStarted?.(undefined);
        this.onStarted = undefined;
        return;
      case 'not-made':
      case 'failed':
        this.onThreadEnded(decodeError(message.error));
        return;
      case 'events':
        this.listener.onEvents(message.events);
        return;
      default:
        assertNever(message);
    }
  }

  /** What the thread sent before it ended counts, though the news of its end is faster than its port. */
  private afterLastMessages(error: unknown): void {
    const { port } = this;
    if (this.over || port === undefined) return;
    for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port)) {
      port.emit('message', last.message);
    }
    setImmediate(() => this.onThreadEnded(error)); // Comlink's promises are settled by then
  }

  private onThreadEnded(error: unknown): void {
    if (this.over) return;
    this.over = true;
    const { onStarted } = this;
    this.onStarted = undefined;
    if (onStarted === undefined) this.listener.onFailure(error);
    else onStarted(error instanceof Error ? error : new DcacheError('INTERNAL', String(error)));
  }
}

async function toReply(what: string, call: () => Promise<WireReply>): Promise<Reply> {
  let reply: WireReply;
  try {
    reply = await call();
  } catch (error) {
    return notPlainData(what, error); // all that Comlink itself rejects with: the host catches what the actor throws
  }
  return reply.type === 'answer' ? reply : { type: reply.type, error: decodeError(reply.error) };
}

/** An exception that nobody caught in the thread. Node carries its properties over, but not its class. */
function asThrown(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.name !== 'DcacheError') return error;
  const { code, message } = error;
  return typeof code === 'string' && isErrorCode(code) ? new DcacheError(code, message, { cause: error }) : error;
}
