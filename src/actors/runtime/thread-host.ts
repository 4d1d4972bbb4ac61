/**
 * The inside of an actor thread. An entry file of two lines calls it:
 *
 *   import { runActorThread } from './runtime/thread-host.js';
 *   runActorThread(createControlActor);
 *
 * Exceptions outside messages are not caught here: they end the thread, and its owner learns of them from the worker.
 */
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import type { ActorFactory } from './actor.js';
import type { Reply } from './body.js';
import { Executor } from './executor.js';
import { handedOver } from './hand-over.js';
import { eventLoopScheduler } from './scheduler.js';
import type { ThreadHost, ThreadPost, ThreadStart, WireReply } from './thread-protocol.js';
import { encodeError } from './wire-error.js';

/** Makes the actor in this thread and serves it to the owner. `Options` is what the owner gave to `startThreadActor`. */
export function runActorThread<A extends object, Options, Event = never>(
  factory: ActorFactory<A, Options, Event>,
): void {
  const start = workerData as (ThreadStart & { readonly options: Options }) | null; // set by startThreadActor
  assert(start !== null && typeof start === 'object' && 'port' in start, 'an actor thread is started by its owner');
  const { port, options } = start;
  const post = (message: ThreadPost, buffers: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...buffers]);

  const executor = new Executor(factory, options, eventLoopScheduler, {
    onEvents: (events) => post({ post: 'events', events }, handedOver(events)),
    onFailure: (error) => post({ post: 'failed', error: encodeError(error) }),
  });
  executor.start().then(
    () => {
      const host: ThreadHost = {
        deliver: async (method, args) => toWire(await executor.deliver(method, args)),
        dispose: async () => toWire(await executor.dispose()),
      };
      expose(host, nodeEndpoint(port));
      post({ post: 'ready' });
    },
    (error: unknown) => post({ post: 'not-made', error: encodeError(error) }),
  );
}

function toWire(reply: Reply): WireReply {
  if (reply.type !== 'answer') return { type: reply.type, error: encodeError(reply.error) };
  return transfer({ type: 'answer', value: reply.value }, handedOver([reply.value]));
}
