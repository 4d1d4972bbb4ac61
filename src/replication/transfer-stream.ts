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
import type { TransferBegin, TransferSegment, TransferTaken, TransferVerify } from './messages.js';
import type { PartitionLog } from './partition-log.js';

export type TransferMessage = TransferBegin | TransferSegment | TransferVerify;

/** What the learner says goes over another connection, and may be lost while this one stands: it is asked again. */
const PROBE_MS = 200;

export class TransferStream {
  readonly joinIndex: number;
  private readonly name: PartitionName;
  private state: 'opening' | 'sending' | 'verifying' | 'complete' | 'broken' = 'opening';
  /** Cut and not sent, ascending by index; at most maxTransferSegments + 1. */
  private held: TransferMessage[] = [];
  /** Sealed when the stream began, not cut yet. A number may be used again meanwhile, a serial not. */
  private remaining: { readonly number: number; readonly serial: number }[] = [];
  /** Cut, and not known to be taken in by the learner. */
  private readonly untaken = new Set<number>();
  /** Out, and not answered; nothing is cut meanwhile. The digest is what the answer has to be if everything has been sent. */
  private question: { readonly index: number; readonly digest: number } | undefined;
  /** No frame was cut at a larger index. */
  private lastCut = 0;
  /** When something last went out, or was heard. */
  private activeAtMs = -Infinity;

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

  /** Bytes of segments that are cut and not sent. */
  get heldBytes(): number {
    let bytes = 0;
    for (const message of this.held) {
      if (message.type === 'transfer-segment') bytes += message.image.bytes.length;
      else if (message.type === 'transfer-begin') for (const { bytes: open } of message.open) bytes += open.length;
    }
    return bytes;
  }

  /** The learner holds everything that was cut. What it lacks is in the log from `lastCutIndex` on at the most. */
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
    this.question = undefined;
  }

  /** The learner has accepted the stream. Cuts its beginning from the newest state. */
  begin(store: PartitionStore, log: PartitionLog, epoch: number, header: EntryHeader): void {
    const sealed = store.sealedListings();
    this.remaining = sealed.map(({ number }) => ({ number, serial: store.table.get(number).serial }));
    this.hold({
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
   * Cuts more segments as the window allows, at the end a question. Returns the number of a segment whose bytes are not here and
   * have to be rebuilt first, 0 if none is.
   */
  cut(store: PartitionStore, lastIndex: number, nowMs: number): number {
    const isSilent = nowMs - this.activeAtMs >= PROBE_MS;
    if (this.state !== 'sending' && this.state !== 'verifying') return 0;
    if (this.question !== undefined && (!isSilent || this.held.length > 0)) return 0;
    const missing = this.question === undefined ? this.cutSegments(store, lastIndex) : 0;
    if (missing > 0 || this.held.length > 0) return missing;
    const isAllTaken = this.remaining.length + this.untaken.size === 0;
    if (isAllTaken) this.state = 'verifying';
    if (isAllTaken || isSilent) this.ask(store, lastIndex, nowMs);
    return 0;
  }

  /** Frames that may go out now. @param next entries below it have been sent to the learner. */
  takeReady(commitIndex: number, next: number, nowMs: number): readonly TransferMessage[] {
    const ready: TransferMessage[] = [];
    while (this.held[0] !== undefined && this.held[0].index <= commitIndex && this.isBehind(this.held[0], next)) {
      ready.push(...this.held.splice(0, 1));
    }
    if (ready.length > 0) this.activeAtMs = nowMs;
    return ready;
  }

  /** The learner has taken a segment in, or answers the question. */
  onTaken({ number, index, digest }: TransferTaken, nowMs: number): void {
    this.activeAtMs = nowMs;
    if (number > 0) {
      this.untaken.delete(number);
      return;
    }
    if (this.question?.index !== index) return;
    const { digest: expected } = this.question;
    this.question = undefined;
    this.untaken.clear();
    if (this.state !== 'verifying') return;
    // At one index there is one state: a learner that differs has taken something in wrongly.
    if (digest === expected) this.state = 'complete';
    else this.break();
  }

  private cutSegments(store: PartitionStore, lastIndex: number): number {
    while (this.untaken.size < LIMITS.maxTransferSegments) {
      const [listed] = this.remaining;
      if (listed === undefined) return 0;
      const segment = store.table.maybe(listed.number);
      // Released since the stream began, and perhaps its number used again: the log tells the learner.
      const isGone = segment?.state !== 'sealed' || segment.serial !== listed.serial;
      if (!isGone && !segment.isRaw) return listed.number;
      this.remaining.shift();
      if (isGone) continue;
      this.untaken.add(listed.number);
      const image = copyOfSegment(segment);
      this.hold({ type: 'transfer-segment', ...this.name, joinIndex: this.joinIndex, index: lastIndex, image });
    }
    return 0;
  }

  private ask(store: PartitionStore, index: number, nowMs: number): void {
    this.activeAtMs = nowMs;
    this.question = { index, digest: digestOfListings(store.sealedListings()) };
    this.hold({ type: 'transfer-verify', ...this.name, joinIndex: this.joinIndex, index });
  }

  private hold(frame: TransferMessage): void {
    this.lastCut = frame.index;
    this.held.push(frame);
  }

  /** The beginning needs no entries before it; everything else needs those up to its cut. */
  private isBehind(frame: TransferMessage, next: number): boolean {
    return frame.type === 'transfer-begin' || frame.index < next;
  }
}

function openImages(store: PartitionStore): readonly SegmentImage[] {
  return [...store.table.all()].filter(({ state }) => state === 'open').map(copyOfSegment);
}
