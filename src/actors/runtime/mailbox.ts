/**
 * Admission to an actor: how many messages, of how many bytes, are accepted and not yet answered. A message is either
 * refused at once or certain of an answer. The queue itself lies with whatever executes the actor.
 */
import { assert } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';

/** Counted for each message beside its buffers: its objects, promise and queue entry. */
const MESSAGE_OVERHEAD_BYTES = 128;

/** How deep the default weight looks: a list of objects with byte arrays in them, as an argument. */
const WEIGHED_LEVELS = 3;

/** The default weight of a message: the byte arrays and strings in its arguments. Deeper ones need a `weigh` of their own. */
export function weighBuffers(_method: string, args: readonly unknown[]): number {
  return weighValue(args, WEIGHED_LEVELS);
}

function weighValue(value: unknown, levels: number): number {
  if (typeof value === 'string') return value.length * 2;
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (levels === 0) return 0;
  let bytes = 0;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (const part of inner) bytes += weighValue(part, levels - 1);
  return bytes;
}

export class Mailbox {
  private readonly actor: string;
  private readonly maxMessages: number;
  private readonly maxBytes: number;
  /** 0 <= messages <= maxMessages. */
  private messages = 0;
  /** Sum of the weights of those messages; 0 <= bytes <= maxBytes. */
  private bytes = 0;

  constructor(actor: string, maxMessages: number, maxBytes: number) {
    this.actor = actor;
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
    assert(Number.isInteger(maxMessages) && maxMessages > 0, 'a mailbox holds at least one message');
    assert(maxBytes > MESSAGE_OVERHEAD_BYTES, 'a mailbox holds at least one message');
  }

  /**
   * Takes a message in and returns the weight to give back to `release`.
   * @throws DcacheError OVERLOADED when it does not fit
   */
  admit(payloadBytes: number): number {
    const weight = payloadBytes + MESSAGE_OVERHEAD_BYTES;
    if (this.messages >= this.maxMessages) {
      throw this.full(`${this.maxMessages} messages wait for an answer, which is its limit`);
    }
    if (this.bytes + weight > this.maxBytes) {
      throw this.full(`${this.bytes} bytes wait and ${weight} more would pass its limit of ${this.maxBytes} bytes`);
    }
    this.messages += 1;
    this.bytes += weight;
    return weight;
  }

  release(weight: number): void {
    this.messages -= 1;
    this.bytes -= weight;
    assert(this.messages >= 0 && this.bytes >= 0, 'a message leaves a mailbox once');
  }

  get pendingMessages(): number {
    return this.messages;
  }

  get pendingBytes(): number {
    return this.bytes;
  }

  private full(why: string): DcacheError {
    return new DcacheError(
      'OVERLOADED',
      `mailbox of ${this.actor} is full: ${why}; send less at a time, or retry later`,
    );
  }
}
