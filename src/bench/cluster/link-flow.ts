/**
 * One direction of a connection through a proxy, in the condition of its link. Bytes keep their order and none is lost while the
 * connection lives, as TCP has it: what a network does to packets, a connection sees as delay, silence, or its end.
 */
import type { Socket } from 'node:net';

export type LinkCondition =
  | { readonly type: 'open' }
  /** Nothing passes until the condition changes, not even the end of a connection. */
  | { readonly type: 'held' }
  | {
      readonly type: 'slow';
      /** How long the next bytes are under way at least, in ms; asked for each chunk. */
      readonly latencyMs: () => number;
      readonly bytesPerMs: number;
    };

export const OPEN: LinkCondition = { type: 'open' };

/** Bytes under way on a slow link beyond which the sender is held back. */
const MAX_UNDER_WAY_BYTES = 1 << 20;

interface Chunk {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

export class LinkFlow {
  private readonly source: Socket;
  private readonly target: Socket;
  private condition: LinkCondition = OPEN;
  /** In order; `dueMs` does not fall. */
  private readonly underWay: Chunk[] = [];
  /** Of the chunks under way. */
  private bytesUnderWay = 0;
  private lastDueMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private sourceHasEnded = false;

  /** The sockets of a connection; the flow in the other direction has them the other way round. */
  constructor(source: Socket, target: Socket) {
    this.source = source;
    this.target = target;
    source.on('data', (bytes: Buffer) => this.onData(bytes));
    target.on('drain', () => this.pump());
    source.on('end', () => this.onEnd());
    // An end that fails is closed, and so is the other: that is what the two see of each other.
    source.on('error', () => target.destroy());
    source.on('close', (hadError) => (hadError ? target.destroy() : this.onEnd()));
    target.on('close', () => {
      clearTimeout(this.timer);
      source.destroy();
    });
  }

  /** Takes effect for what is under way as well. */
  set(condition: LinkCondition): void {
    this.condition = condition;
    this.pump();
  }

  private onData(bytes: Buffer): void {
    const { condition } = this;
    const nowMs = performance.now();
    if (condition.type === 'slow') {
      const afterOthersMs = Math.max(this.lastDueMs, nowMs) + bytes.length / condition.bytesPerMs;
      this.lastDueMs = Math.max(afterOthersMs, nowMs + condition.latencyMs());
    }
    this.underWay.push({ bytes, dueMs: condition.type === 'slow' ? this.lastDueMs : nowMs });
    this.bytesUnderWay += bytes.length;
    this.pump();
  }

  private onEnd(): void {
    this.sourceHasEnded = true;
    this.pump();
  }

  /** Passes on what may pass now, and sees to it that the rest will. */
  private pump(): void {
    clearTimeout(this.timer);
    const { condition, source, target, underWay } = this;
    const held = condition.type === 'held';
    while (!held && !target.writableNeedDrain && !target.destroyed) {
      const [next] = underWay;
      if (next === undefined) break;
      const waitMs = condition.type === 'slow' ? next.dueMs - performance.now() : 0;
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), waitMs);
        break;
      }
      underWay.shift();
      this.bytesUnderWay -= next.bytes.length;
      target.write(next.bytes);
    }
    if (held || target.writableNeedDrain || this.bytesUnderWay > MAX_UNDER_WAY_BYTES) source.pause();
    else source.resume();
    if (this.sourceHasEnded && !held && underWay.length === 0) target.end();
  }
}
