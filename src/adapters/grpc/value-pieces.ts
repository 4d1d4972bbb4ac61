/**
 * Large values on a Session, at either end: those that go out, cut into pieces, and those that come in, put together again.
 *
 * A value is announced with the request or reply that it belongs to, sent when the other end has granted it, and sent piece by
 * piece, the values under way in turn. The other end grants what it has memory for. So a large value holds up neither small
 * requests nor other large ones.
 */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import type { PinnedValue } from '../../store/requests.js';

interface Outgoing {
  readonly value: PinnedValue;
  /** Part to go on with, and how much of it has been sent. */
  part: number;
  at: number;
}

export interface OutgoingPiece {
  readonly id: number;
  /** A view of the value. */
  readonly data: Uint8Array;
  readonly isLast: boolean;
}

export class OutgoingValues {
  private readonly announced = new Map<number, PinnedValue>();
  /** In the order in which they get their turns. */
  private readonly granted = new Map<number, Outgoing>();
  /** Handed out to the end, and perhaps not copied yet. */
  private readonly sent = new Map<number, PinnedValue>();

  get count(): number {
    return this.announced.size + this.granted.size + this.sent.size;
  }

  /** Takes over `value`, which has at least one byte and is released by `drop`. */
  announce(id: number, value: PinnedValue): void {
    this.announced.set(id, value);
  }

  /** The other end takes it. Without effect for one that has been dropped. */
  grant(id: number): void {
    const value = this.announced.get(id);
    if (value === undefined) return;
    this.announced.delete(id);
    this.granted.set(id, { value, part: 0, at: 0 });
  }

  /** Releases a value, sent or not. */
  drop(id: number): void {
    const value = this.announced.get(id) ?? this.granted.get(id)?.value ?? this.sent.get(id);
    this.announced.delete(id);
    this.granted.delete(id);
    this.sent.delete(id);
    value?.release();
  }

  dropAll(): void {
    for (const id of [...this.announced.keys(), ...this.granted.keys(), ...this.sent.keys()]) this.drop(id);
  }

  /** The next piece to send, borrowed until the value is dropped; undefined when there is none. */
  next(): OutgoingPiece | undefined {
    const [first] = this.granted;
    if (first === undefined) return undefined;
    const [id, outgoing] = first;
    const { parts } = outgoing.value;
    const part = parts[outgoing.part] ?? new Uint8Array();
    const data = part.subarray(outgoing.at, outgoing.at + LIMITS.valuePieceBytes);
    outgoing.at += data.length;
    if (outgoing.at === part.length) {
      outgoing.part++;
      outgoing.at = 0;
    }
    this.granted.delete(id);
    const isLast = outgoing.part >= parts.length;
    if (isLast) this.sent.set(id, outgoing.value);
    else this.granted.set(id, outgoing);
    return { id, data, isLast };
  }
}

interface Incoming {
  readonly value: Uint8Array;
  received: number;
}

export class IncomingValues {
  private readonly values = new Map<number, Incoming>();

  /** Takes memory for a value of `bytes`. */
  expect(id: number, bytes: number): void {
    this.values.set(id, { value: new Uint8Array(bytes), received: 0 });
  }

  drop(id: number): void {
    this.values.delete(id);
  }

  dropAll(): void {
    this.values.clear();
  }

  /**
   * Copies `data`. @returns the whole value, which is the caller's, with its last piece. Pieces of a value that has been dropped are
   * none to it. @throws DcacheError INVALID_ARGUMENT for more than was announced.
   */
  add(id: number, data: Uint8Array): Uint8Array | undefined {
    const incoming = this.values.get(id);
    if (incoming === undefined) return undefined;
    const { value, received } = incoming;
    if (data.length === 0 || received + data.length > value.length) {
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `a piece of ${data.length} bytes does not fit: ${received} of the ${value.length} that were announced have come`,
      );
    }
    value.set(data, received);
    incoming.received += data.length;
    if (incoming.received < value.length) return undefined;
    this.values.delete(id);
    return value;
  }
}
