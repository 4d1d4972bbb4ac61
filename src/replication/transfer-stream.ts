/**
 * The primary's side of a learner's stream (DESIGN.md, I12): first the list of sealed segments and the open ones, cut together; then,
 * between the Appends, one sealed segment after the other. Lives once: when anything of it may be lost, the learner joins
 * again under another joinIndex and gets another stream.
 *
 * A frame is cut from the newest state, at the last index, and held until that index is committed. It goes out behind all
 * entries up to its index and before any Append that tells a larger commit index; so the learner can apply its log exactly to
 * that index and then take the frame in.
 */
import type { PartitionName } from '../cluster/cluster-map.js';
import { LIMITS } from '../base/limits.js';
import type { PartitionStore } from '../store/partition-store.js';
import { copyOfSegment } from '../store/segment-image.js';
import type { SegmentImage } from '../store/segment-table.js';
import { digestOfListings } from './digest.js';
import { encodeHeader, type EntryHeader } from './entry-codec.js';
import type { TransferBegin, TransferSegment, TransferVerify } from './messages.js';
import type { PartitionLog } from './partition-log.js';

export type TransferMessage = TransferBegin | TransferSegment | TransferVerify;

/** How long a digest that differed waits before it is asked for again: segments were sealed or released meanwhile. */
const VERIFY_PAUSE_MS = 20;
/** Segments that are not acknowledged for so long may have been, and the acknowledgement lost. */
const PROBE_MS = 200;

export class TransferStream {
  readonly joinIndex: number;
  private readonly name: PartitionName;
  private state: 'opening' | 'sending' | 'verifying' | 'complete' | 'broken' = 'opening';
  /** Cut and not sent, ascending by index; at most maxTransferSegments + 1. */
  private held: (TransferBegin | TransferSegment)[] = [];
  /** Sealed when the stream began, not cut yet. */
  private remaining: number[] = [];
  /** Cut, and not taken in by the learner. */
  private readonly untaken = new Set<number>();
  /** No frame was cut at a larger index. */
  private lastCut = 0;
  private verifyAtMs = -Infinity;
  /** When something last went either way. */
  private activeAtMs = -Infinity;
  /** A question is out whose answer says that everything sent before it has been taken in; nothing is cut until it comes. */
  private probing = false;

  constructor(name: PartitionName, joinIndex: number) {
    this.name = name;
    this.joinIndex = joinIndex;
  }

  get isBroken(): boolean {
    return this.state === 'broken';
  }

  /** Entries are sent from the cut of the beginning on. */
  get hasBegun(): boolean {
    return this.state !== 'opening' && this.state !== 'broken';
  }

  /** Its beginning has gone out: Appends may follow. */
  get isBegunAtLearner(): boolean {
    return this.hasBegun && this.held[0]?.type !== 'transfer-begin';
  }

  /** The learner holds everything that was cut. What it lacks is in the log from `lastCut` on at the most. */
  get isComplete(): boolean {
    return this.state === 'complete';
  }

  get lastCutIndex(): number {
    return this.lastCut;
  }

  /** A learner may not be told a commit index above this before the next frame has gone out. */
  get commitLimit(): number {
    return this.held[0]?.index ?? Infinity;
  }

  /** The connection is gone, or something was lost on it. */
  break(): void {
    this.state = 'broken';
    this.held = [];
    this.remaining = [];
    this.untaken.clear();
  }

  /** The learner has accepted the stream. Cuts its beginning from the newest state. */
  begin(store: PartitionStore, log: PartitionLog, epoch: number, header: EntryHeader): void {
    const sealed = store.sealedListings();
    this.remaining = sealed.map(({ number }) => number);
    this.lastCut = log.lastIndex;
    this.held.push({
      type: 'transfer-begin',
      ...this.name,
      epoch,
      joinIndex: this.joinIndex,
      index: log.lastIndex,
      indexEpoch: log.lastEpoch,
      header: encodeHeader(header),
      opened: store.table.opened,
      sealed,
      open: openImages(store),
      headless: store.headless.list(),
    });
    this.state = 'sending';
  }

  /**
   * Cuts more segments as the window allows. Returns the number of one whose bytes are not here and have to be rebuilt first, 0 if
   * none is.
   */
  cut(store: PartitionStore, lastIndex: number): number {
    while (this.state === 'sending' && !this.probing && this.untaken.size < LIMITS.maxTransferSegments) {
      const number = this.remaining[0];
      if (number === undefined) break;
      const segment = store.table.maybe(number);
      // Released since the stream began: the log tells the learner.
      if (segment?.state === 'sealed' && !segment.isRaw) return number;
      this.remaining.shift();
      if (segment?.state !== 'sealed') continue;
      this.untaken.add(number);
      this.lastCut = lastIndex;
      this.held.push({
        type: 'transfer-segment',
        ...this.name,
        joinIndex: this.joinIndex,
        index: lastIndex,
        image: copyOfSegment(segment),
      });
    }
    return 0;
  }

  /** Frames that may go out now. @param next entries below it have been sent to the learner. */
  takeReady(commitIndex: number, next: number, nowMs: number): readonly TransferMessage[] {
    const ready: TransferMessage[] = [];
    while (this.held[0] !== undefined && this.held[0].index <= commitIndex && this.isBehind(this.held[0], next)) {
      ready.push(...this.held.splice(0, 1));
    }
    if (this.state === 'sending' && this.held.length + this.remaining.length + this.untaken.size === 0) {
      this.state = 'verifying';
    }
    if (ready.length > 0) this.activeAtMs = nowMs;
    if (this.asksNow(nowMs)) ready.push({ type: 'transfer-verify', ...this.name, joinIndex: this.joinIndex });
    return ready;
  }

  /** The learner has taken segment `number` in (0: none), and its sealed segments have this digest. */
  onTaken(number: number, digest: number, store: PartitionStore): void {
    if (number === 0 && this.probing) {
      this.probing = false;
      this.untaken.clear();
    }
    this.untaken.delete(number);
    if (this.state !== 'verifying') return;
    if (digest === digestOfListings(store.sealedListings())) this.state = 'complete';
  }

  /** What the learner says goes over another connection, and may be lost while this one stands. */
  private asksNow(nowMs: number): boolean {
    if (this.state === 'verifying') {
      if (nowMs < this.verifyAtMs) return false;
      this.verifyAtMs = nowMs + VERIFY_PAUSE_MS;
      return true;
    }
    const isSilent = nowMs - this.activeAtMs >= PROBE_MS;
    if (this.state !== 'sending' || this.held.length > 0 || this.untaken.size === 0 || !isSilent) return false;
    this.activeAtMs = nowMs;
    this.probing = true;
    return true;
  }

  /** The beginning needs no entries before it; a segment needs those up to its cut. */
  private isBehind(frame: TransferBegin | TransferSegment, next: number): boolean {
    return frame.type === 'transfer-begin' || frame.index < next;
  }
}

function openImages(store: PartitionStore): readonly SegmentImage[] {
  return [...store.table.all()].filter(({ state }) => state === 'open').map(copyOfSegment);
}
