/**
 * A local life whose messages, answers and events are copied as between threads: what cannot be copied is refused, and
 * buffers that were handed over are taken from the sender.
 */
import { DcacheError } from '../../base/errors.js';
import type { Body, BodyListener, Reply } from './body.js';
import { handedOver } from './hand-over.js';

export class IsolatedBody implements Body {
  private readonly inner: Body;

  constructor(listener: BodyListener, makeInner: (listener: BodyListener) => Body) {
    this.inner = makeInner({
      onEvents: (events) => listener.onEvents(copy(events)),
      onFailure: (error) => listener.onFailure(error),
    });
  }

  start(): Promise<void> {
    return this.inner.start();
  }

  async deliver(method: string, args: readonly unknown[]): Promise<Reply> {
    let copied: readonly unknown[];
    try {
      copied = copy(args);
    } catch (error) {
      return notPlainData(`an argument of ${method}`, error);
    }
    const reply = await this.inner.deliver(method, copied);
    if (reply.type !== 'answer') return reply;
    try {
      return { type: 'answer', value: copy([reply.value])[0] };
    } catch (error) {
      return notPlainData(`the answer of ${method}`, error);
    }
  }

  dispose(): Promise<Reply> {
    return this.inner.dispose();
  }

  kill(): Promise<void> {
    return this.inner.kill();
  }
}

function copy(values: readonly unknown[]): readonly unknown[] {
  return structuredClone(values, { transfer: handedOver(values) });
}

/** What both placements reply when a value cannot go to another thread: the sender's defect, not the actor's failure. */
export function notPlainData(what: string, cause: unknown): Reply {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${what} cannot go to another thread: ${reason}; send plain data`;
  return { type: 'refusal', error: new DcacheError('INTERNAL', message, { cause }) };
}
