/**
 * What a node has to say on one Session, collected over a turn of the event loop and written together, in batches of bounded size;
 * and the large values of replies, a piece at a time in between, when the client has granted them.
 *
 * A client that does not take what is written blocks this end: nothing more is written, and its owner reads no further.
 */
import { LIMITS } from '../../base/limits.js';
import type { KvReply } from '../../store/requests.js';
import type { KvReply as WireKvReply, SessionResponse } from './generated/dcache/v1/kv.js';
import { writeReply, type WireReply } from './kv-replies.js';
import { cutReply } from './large-replies.js';
import { OutgoingValues } from './value-pieces.js';

/** Of numbers, flags and lengths. */
const REPLY_OVERHEAD_BYTES = 32;
/** A value that its client has not taken so long after the time of its request has passed is let go. */
const DOWNLOAD_GRACE_MS = 1_000;

export const EMPTY_RESPONSE: SessionResponse = {
  replies: [],
  topology: undefined,
  closing: false,
  pieces: [],
  grants: [],
  pieceBytes: 0,
  largeValueBytes: 0,
};

/** The stream as far as it is written to. */
export interface SessionSink {
  write(message: SessionResponse, onTaken?: () => void): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

export class SessionReplies {
  private readonly sink: SessionSink;
  private readonly takeTopology: () => SessionResponse['topology'];
  private readonly onFlushed: () => void;
  private replies: WireKvReply[] = [];
  private grants: number[] = [];
  private readonly values = new OutgoingValues();
  private readonly timers = new Map<number, NodeJS.Timeout>();
  private isFirst = true;
  private blocked = false;
  /** Id of the request whose piece the stream has not taken yet. */
  private sending: number | undefined;
  private isSendingInVain = false;
  private flushScheduled = false;
  private closed = false;

  /**
   * @param takeTopology what to tell of it with the next batch, undefined for nothing new.
   * @param onFlushed called after each flush.
   */
  constructor(sink: SessionSink, takeTopology: () => SessionResponse['topology'], onFlushed: () => void) {
    this.sink = sink;
    this.takeTopology = takeTopology;
    this.onFlushed = onFlushed;
  }

  get isBlocked(): boolean {
    return this.blocked;
  }

  /** Whether everything has been written. */
  get isEmpty(): boolean {
    return this.replies.length === 0 && this.values.count === 0;
  }

  addError(id: number, reply: WireReply): void {
    this.push({ id, reply, valueBytes: 0 });
  }

  /**
   * Takes over the reply with what it holds.
   * @param inPieces the client takes a large value in pieces. Of a pinned one it does in any case.
   * @param timeLeftMs for the client to take it.
   */
  add(id: number, reply: KvReply, inPieces: boolean, timeLeftMs: number): void {
    const isWhole = !inPieces && reply.type !== 'pinned';
    const { reply: rest, value } = isWhole ? { reply, value: undefined } : cutReply(reply);
    if (value !== undefined) {
      this.values.announce(id, value);
      const letGo = (): void => this.drop(id);
      this.timers.set(id, setTimeout(letGo, timeLeftMs + DOWNLOAD_GRACE_MS));
    }
    this.push({ id, reply: writeReply(rest), valueBytes: value?.bytes ?? 0 });
  }

  /** The value that this request has announced may be sent. */
  addGrant(id: number): void {
    this.grants.push(id);
    this.flushLater();
  }

  /** The client takes the value of that reply. */
  onGranted(id: number): void {
    this.values.grant(id);
    this.writePieces();
  }

  /** The client does not want the value of that reply any more. */
  drop(id: number): void {
    this.forgetTimer(id);
    if (this.sending === id) this.isSendingInVain = true;
    else this.values.drop(id);
    this.flushLater();
  }

  /** Lets go of everything. */
  close(): void {
    this.closed = true;
    this.replies = [];
    this.values.dropAll();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  flushLater(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    setImmediate(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private push(reply: WireKvReply): void {
    this.replies.push(reply);
    this.flushLater();
  }

  private flush(): void {
    let topology = this.closed || this.blocked ? undefined : this.takeTopology();
    while (!this.closed && !this.blocked && (this.replies.length + this.grants.length > 0 || topology !== undefined)) {
      this.writeBatch(topology);
      topology = undefined;
    }
    this.writePieces();
    this.onFlushed();
  }

  private writeBatch(topology: SessionResponse['topology']): void {
    const { isFirst } = this;
    this.isFirst = false;
    const { valuePieceBytes: pieceBytes, largeValueBytes } = LIMITS;
    const isTaken = this.sink.write({
      ...EMPTY_RESPONSE,
      ...(isFirst ? { pieceBytes, largeValueBytes } : {}),
      replies: this.takeBatch(),
      topology,
      grants: this.grants.splice(0),
    });
    if (isTaken) return;
    this.blocked = true;
    this.sink.once('drain', () => {
      this.blocked = false;
      this.flush();
    });
  }

  private takeBatch(): WireKvReply[] {
    let bytes = 0;
    const end = this.replies.findIndex(({ reply }, place) => {
      bytes += bytesOf(reply);
      return place > 0 && bytes > LIMITS.maxSessionBatchBytes;
    });
    return this.replies.splice(0, end < 0 ? this.replies.length : end);
  }

  /** One piece at a time: the next when the stream has taken this one, behind what has been written meanwhile. */
  private writePieces(): void {
    if (this.sending !== undefined || this.closed) return;
    const piece = this.values.next();
    if (piece === undefined) return;
    const { id, data, isLast } = piece;
    this.sending = id;
    this.isSendingInVain = false;
    this.sink.write({ ...EMPTY_RESPONSE, pieces: [{ id, data, givenUp: false }] }, () => {
      this.sending = undefined;
      if (isLast || this.isSendingInVain) this.drop(id);
      this.writePieces();
    });
  }

  private forgetTimer(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
  }
}

/** About what the reply takes in a message. */
function bytesOf(reply: WireReply | undefined): number {
  return REPLY_OVERHEAD_BYTES + (reply === undefined ? 0 : payloadBytes(reply));
}

function payloadBytes(reply: WireReply): number {
  switch (reply.$case) {
    case 'get':
      return reply.value.value.length;
    case 'set':
      return reply.value.oldValue.length;
    case 'scan':
      return reply.value.entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    default:
      return 0;
  }
}
