/**
 * One TCP connection with frames in both directions, the same at the end that made it and at the end that took it. Notices when
 * the other end is gone without a word, which a kernel takes minutes to tell.
 *
 * Frames wait here and not in the socket, which gets some at a time: a ping overtakes those that wait, and that the socket
 * keeps taking them is a sign of life while the other end has no reason to speak.
 */
import type { Socket } from 'node:net';
import type { Scheduler } from '../../actors/runtime/scheduler.js';
import { emptyFrame, LinkFault, type Frame } from './frame.js';
import { FrameReader } from './frame-reader.js';
import { MAX_GREETING_BYTES } from './greeting.js';

/** What the socket has of our frames at a time, about. */
const SOCKET_SHARE_BYTES = 1024 * 1024;
/** A connection that is to end after its last frame ends without it after this. */
const FAREWELL_MS = 1_000;
/** Pulses without a sign of life after which the other end counts as gone. */
const MAX_SILENT_PULSES = 3;

const PING = emptyFrame('ping');
const PONG = emptyFrame('pong');

export interface ConnectionListener {
  /** All frames that arrived together, but pings and pongs. May throw LinkFault, and `close`. */
  onFrames(frames: readonly Frame[]): void;
  /** A last frame for an end whose bytes are not understood, if there is one that it might understand. */
  farewell?(fault: LinkFault): Uint8Array | undefined;
  /** Once, whatever ended it, and never from within a method of the connection. `cause` is for people. */
  onClosed(fault: LinkFault | undefined, cause: string): void;
}

export interface ConnectionTimings {
  /** One end pings the other, and both look for signs of life, in this interval. */
  readonly pulseMs: number;
  /** From the beginning of a connection to its greeting. */
  readonly greetingMs: number;
}

export class Connection {
  private readonly socket: Socket;
  private readonly pings: boolean;
  private readonly timings: ConnectionTimings;
  private readonly scheduler: Scheduler;
  private readonly listener: ConnectionListener;
  private readonly reader = new FrameReader(MAX_GREETING_BYTES);
  /** Frames that the socket has not been given. waiting[0..sent) have been. */
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private open = true;
  private fault: LinkFault | undefined;
  private cause = 'the other end closed it';
  /** Since the last pulse. */
  private lifeSigns = 0;
  private silentPulses = 0;
  private cancelTimer: () => void;

  /** @param pings whether this end pings, and the other answers */
  constructor(
    socket: Socket,
    pings: boolean,
    timings: ConnectionTimings,
    scheduler: Scheduler,
    listener: ConnectionListener,
  ) {
    this.socket = socket;
    this.pings = pings;
    this.timings = timings;
    this.scheduler = scheduler;
    this.listener = listener;
    this.cancelTimer = scheduler.after(timings.greetingMs, () => {
      this.fail(new LinkFault('silent', `no greeting within ${timings.greetingMs} ms`));
    });
    socket.setNoDelay(true);
    socket.on('data', (piece) => this.onPiece(piece));
    socket.on('drain', () => {
      this.lifeSigns++;
      this.feed();
    });
    // What follows an error is 'close', which is told to the listener.
    socket.on('error', (error) => {
      if (this.open) this.cause = error.message;
    });
    socket.on('close', () => this.onSocketClosed());
  }

  /** Whether frames still come and go. */
  get isOpen(): boolean {
    return this.open;
  }

  /** Bytes of frames that the operating system has not taken yet. */
  get backlogBytes(): number {
    return this.waitingBytes + this.socket.writableLength;
  }

  /** The greeting is over: larger frames may come, up to `maxPayloadBytes`, and signs of life are looked for. */
  establish(maxPayloadBytes: number): void {
    this.reader.maxPayloadBytes = maxPayloadBytes;
    this.cancelTimer();
    this.schedulePulse();
  }

  /** Hands `frame` over. Nothing happens once the connection has ended. */
  send(frame: Uint8Array): void {
    if (!this.open) return;
    this.waiting.push(frame);
    this.waitingBytes += frame.length;
    this.feed();
  }

  /** Sends `frame` and nothing else, then ends. */
  closeWith(frame: Uint8Array, fault?: LinkFault): void {
    if (!this.open) return;
    this.end(fault);
    this.socket.end(frame);
    this.cancelTimer = this.scheduler.after(FAREWELL_MS, () => this.socket.destroy());
  }

  /** Ends at once; what waits is dropped. */
  close(): void {
    if (!this.open) return;
    this.end(undefined);
    this.socket.destroy();
  }

  /** Ends at once in a way that the other end notices at once. */
  fail(fault: LinkFault): void {
    if (!this.open) return;
    this.end(fault);
    // A reset waits for a connection that is still being made, however long that takes.
    if (this.socket.connecting) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  private end(fault: LinkFault | undefined): void {
    this.open = false;
    this.fault = fault;
    this.waiting = [];
    this.waitingBytes = 0;
    this.cancelTimer();
  }

  private feed(): void {
    const { socket, waiting } = this;
    let given = 0;
    for (; given < waiting.length && socket.writableLength < SOCKET_SHARE_BYTES; given++) {
      const frame = waiting[given];
      if (frame === undefined) break;
      this.waitingBytes -= frame.length;
      socket.write(frame);
    }
    if (given > 0) waiting.splice(0, given);
  }

  private onPiece(piece: Uint8Array): void {
    if (!this.open) return;
    this.lifeSigns++;
    try {
      const frames = this.reader.take(piece).filter(({ type }) => !this.answered(type));
      if (frames.length > 0) this.listener.onFrames(frames);
    } catch (error) {
      if (!(error instanceof LinkFault)) throw error;
      const farewell = this.listener.farewell?.(error);
      if (farewell === undefined) this.fail(error);
      else this.closeWith(farewell, error);
    }
  }

  private answered(type: Frame['type']): boolean {
    // A socket that takes no pong is one whose other end does not read; it will be given up there.
    if (type === 'ping' && this.socket.writableLength === 0) this.socket.write(PONG);
    return type === 'ping' || type === 'pong';
  }

  private schedulePulse(): void {
    this.cancelTimer = this.scheduler.after(this.timings.pulseMs, () => this.onPulse());
  }

  /** Pulses are counted, not time: when this thread was held up, what the other end sent meanwhile is read before the next one. */
  private onPulse(): void {
    this.silentPulses = this.lifeSigns > 0 ? 0 : this.silentPulses + 1;
    this.lifeSigns = 0;
    if (this.silentPulses > MAX_SILENT_PULSES) {
      this.fail(new LinkFault('silent', `nothing was heard for ${this.silentPulses * this.timings.pulseMs} ms`));
      return;
    }
    if (this.pings) this.socket.write(PING);
    this.schedulePulse();
  }

  private onSocketClosed(): void {
    if (this.open) this.end(undefined);
    this.cancelTimer();
    this.listener.onClosed(this.fault, this.fault?.message ?? this.cause);
  }
}
