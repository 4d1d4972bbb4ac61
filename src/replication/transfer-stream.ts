/**
 * The primary's side of a learner's stream (DESIGN.md, I12): first the list of sealed segments and the open ones, cut together; then,
 * when the learner has said which of them it has from before, one sealed segment after the other between the Appends: first
 * the facts of those that it has, then the others with their bytes. Lives once: when anything of it may be lost, the learner joins
 * again under another joinIndex and gets another stream, in which what it has taken in counts as what it has from before.
 *
 * A frame is cut from the newest state, at the last index, and held until that index is committed. It goes out behind all
 * entries up to its index and before any Append that tells a larger commit index; so the learner can apply its log exactly to
 * that index and then take the frame in.
 */
import type { PartitionName } from '../cluster/cluster-map.js';
import { LIMITS } from '../base/limits.js';
import type { PartitionStore } from '../store/partition-store.js';
import { copyOfSegment, factsOf } from '../store/segment-image.js';
import type { Segment } from '../store/segment.js';
import type { SegmentImage } from '../store/segment-table.js';
import { digestOfListings } from './digest.js';
import { encodeHeader, type EntryHeader } from './entry-codec.js';
import type {
  TransferBegin,
  TransferFacts,
  TransferKept,
  TransferSegment,
  TransferTaken,
  TransferVerify,
} from './messages.js';
import type { PartitionLog } from './partition-log.js';
import type { StreamFlow } from './transfer-pace.js';
import type { StreamProgress } from './transfer-progress.js';

export type TransferMessage = TransferBegin | TransferSegment | TransferFacts | TransferVerify;

/** What the learner says goes over another connection, and may be lost while this one stands: it is asked again. */
const PROBE_MS = 200;
/** Segments that are asked to be rebuilt at a time, where their bytes are not here. */
const REBUILDS_AHEAD = 8;

interface Listed {
  readonly number: number;
  readonly serial: number;
  readonly length: number;
}

interface Cut {
  /** When it has gone out; undefined: it waits for its index to be committed. */
  sentAtMs: number | undefined;
  /** Nearly. */
  readonly linkBytes: number;
  readonly length: number;
  readonly isKept: boolean;
}

export class TransferStream {
  readonly joinIndex: number;
  private readonly name: PartitionName;
  private state: 'opening' | 'sending' | 'verifying' | 'complete' | 'broken' = 'opening';
  /** Cut and not sent, ascending by index; at most maxTransferSegments + 1. */
  private held: TransferMessage[] = [];
  /** Sealed when the stream began, not cut yet. A number may be used again meanwhile, a serial not. */
  private remaining: Listed[] = [];
  /** What the learner has of them; undefined until it has said so, and nothing is cut before. */
  private kept: { readonly form: TransferKept['form']; readonly numbers: ReadonlySet<number> } | undefined;
  /** Cut, and not known to be taken in by the learner; by number. */
  private readonly untaken = new Map<number, Cut>();
  private readonly flow: StreamFlow;
  private totalBytes = 0;
  private doneBytes = 0;
  private keptBytes = 0;
  /** Out, and not answered; nothing is cut meanwhile. The digest is what the answer has to be if everything has been sent. */
  private question: { readonly index: number; readonly digest: number } | undefined;
  /** No frame was cut at a larger index. */
  private lastCut = 0;
  /** When something last went out, or was heard. */
  private activeAtMs = -Infinity;

  /** @param flow which this stream ends when it breaks. */
  constructor(name: PartitionName, joinIndex: number, flow: StreamFlow) {
    this.name = name;
    this.joinIndex = joinIndex;
    this.flow = flow;
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

  get progress(): StreamProgress {
    const { totalBytes, doneBytes, keptBytes } = this;
    return { totalBytes, doneBytes, keptBytes };
  }

  /** A learner may not be told a commit index above this before the next frame has gone out. */
  get commitLimit(): number {
    return this.held[0]?.index ?? Infinity;
  }

  /** The connection is gone, or something was lost on it, or nobody needs the stream any more. */
  break(): void {
    this.state = 'broken';
    this.flow.end();
    this.held = [];
    this.remaining = [];
    this.untaken.clear();
    this.question = undefined;
  }

  /** The learner has accepted the stream. Cuts its beginning from the newest state. */
  begin(store: PartitionStore, log: PartitionLog, epoch: number, header: EntryHeader): void {
    const sealed = store.sealedListings();
    this.remaining = sealed.map(({ number }) => {
      const { serial, length } = store.table.get(number);
      this.totalBytes += length;
      return { number, serial, length };
    });
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
   * Cuts more segments as the learner's window allows, at the end a question. Returns the numbers of segments that come next, whose
   * bytes are not here and have to be rebuilt first.
   * @param rebuildsAhead whether there is memory for segments that are rebuilt before there is room for them in the window.
   */
  cut(store: PartitionStore, lastIndex: number, rebuildsAhead: boolean, nowMs: number): readonly number[] {
    const isSilent = nowMs - this.activeAtMs >= PROBE_MS;
    if (this.state !== 'sending' && this.state !== 'verifying') return [];
    if (this.question !== undefined && (!isSilent || this.held.length > 0)) return [];
    const missing = this.question === undefined ? this.cutSegments(store, lastIndex, rebuildsAhead, nowMs) : [];
    if (this.held.length > 0) return missing;
    const hasMoreToSend = this.kept !== undefined && this.remaining.length > 0;
    // It has nothing to say: what comes next is being rebuilt, or may not go out yet.
    if (hasMoreToSend && this.untaken.size === 0 && this.question === undefined) return missing;
    const isAllTaken = this.kept !== undefined && this.remaining.length + this.untaken.size === 0;
    if (isAllTaken) this.state = 'verifying';
    if (isAllTaken || isSilent) this.ask(store, lastIndex, nowMs);
    return missing;
  }

  /** Frames that may go out now. @param next entries below it have been sent to the learner. */
  takeReady(commitIndex: number, next: number, nowMs: number): readonly TransferMessage[] {
    const ready: TransferMessage[] = [];
    while (this.held[0] !== undefined && this.held[0].index <= commitIndex && this.isBehind(this.held[0], next)) {
      ready.push(...this.held.splice(0, 1));
    }
    if (ready.length > 0) this.activeAtMs = nowMs;
    for (const message of ready) this.onSent(message, nowMs);
    return ready;
  }

  /** The learner says what it has from before. It says so again until it has heard of a segment. */
  onKept({ form, numbers }: TransferKept, nowMs: number): void {
    this.activeAtMs = nowMs;
    if (this.state !== 'sending' || this.kept !== undefined) return;
    const known = new Set(numbers);
    this.kept = { form, numbers: known };
    // Facts are small and free memory there: they go first.
    const isKept = ({ number }: Listed): boolean => known.has(number);
    this.remaining = [...this.remaining.filter(isKept), ...this.remaining.filter((listed) => !isKept(listed))];
    // It was only asked to make it speak.
    this.question = undefined;
  }

  /** The learner has taken a segment in, or answers the question. */
  onTaken({ number, index, digest }: TransferTaken, nowMs: number): void {
    this.activeAtMs = nowMs;
    if (number > 0) return this.onTakenIn(number, nowMs);
    if (this.question?.index !== index) return;
    const { digest: expected } = this.question;
    this.question = undefined;
    for (const taken of [...this.untaken.keys()]) this.onTakenIn(taken, nowMs);
    if (this.state !== 'verifying') return;
    // At one index there is one state: a learner that differs has taken something in wrongly.
    if (digest === expected) this.state = 'complete';
    else this.break();
  }

  private cutSegments(
    store: PartitionStore,
    lastIndex: number,
    rebuildsAhead: boolean,
    nowMs: number,
  ): readonly number[] {
    const { kept } = this;
    if (kept === undefined) return [];
    let at = 0;
    try {
      for (; at < this.remaining.length && this.untaken.size < LIMITS.maxTransferSegments; at++) {
        const listed = this.remaining[at];
        const segment = listed && this.listedSegment(store, listed);
        if (listed === undefined) return [];
        const keptAs = kept.numbers.has(listed.number) ? kept.form : undefined;
        if (segment === undefined) this.doneBytes += listed.length;
        else if (!this.flow.mayCut(nowMs)) break;
        // The facts of a segment that is raw there need no bytes here; of one that is folded, the tags of its keys are among them.
        else if (!segment.isRaw && keptAs !== 'raw') return this.nextMissing(store, at);
        // A bit that has flipped must not reach the learner, who would refuse the segment again and again.
        else if (keptAs !== 'raw' && !store.isIntact(segment)) return this.nextMissing(store, at);
        else this.cutOne(store, segment, lastIndex, keptAs);
      }
      return rebuildsAhead ? this.nextMissing(store, at) : [];
    } finally {
      this.remaining.splice(0, at);
    }
  }

  /** Undefined if it was released since the stream began, and perhaps its number used again: the log tells the learner. */
  private listedSegment(store: PartitionStore, { number, serial }: Listed): Segment | undefined {
    const segment = store.table.maybe(number);
    return segment?.state === 'sealed' && segment.serial === serial ? segment : undefined;
  }

  private nextMissing(store: PartitionStore, from: number): readonly number[] {
    const next = this.remaining.slice(from, from + REBUILDS_AHEAD);
    const isNeeded = ({ number }: Listed): boolean => this.kept?.form !== 'raw' || !this.kept.numbers.has(number);
    return next
      .filter((listed) => isNeeded(listed) && this.listedSegment(store, listed)?.isRaw === false)
      .map(({ number }) => number);
  }

  /** @param keptAs how the learner has its bytes. */
  private cutOne(
    store: PartitionStore,
    segment: Segment,
    index: number,
    keptAs: TransferKept['form'] | undefined,
  ): void {
    const { joinIndex, name } = this;
    const { number, length } = segment;
    let linkBytes = segment.live.length;
    if (keptAs === undefined) {
      this.hold({ type: 'transfer-segment', ...name, joinIndex, index, image: copyOfSegment(segment) });
      linkBytes += length;
    } else {
      const records = keptAs === 'folded' ? store.liveRecords(number) : new Int32Array(0);
      this.hold({ type: 'transfer-facts', ...name, joinIndex, index, facts: factsOf(segment), length, records });
      linkBytes += records.byteLength;
    }
    this.untaken.set(number, { sentAtMs: undefined, linkBytes, length, isKept: keptAs !== undefined });
    this.flow.onCut(linkBytes);
  }

  private onSent(message: TransferMessage, nowMs: number): void {
    if (message.type === 'transfer-begin' || message.type === 'transfer-verify') return;
    const { number } = message.type === 'transfer-segment' ? message.image : message.facts;
    const cut = this.untaken.get(number);
    if (cut !== undefined) cut.sentAtMs = nowMs;
  }

  private onTakenIn(number: number, nowMs: number): void {
    const cut = this.untaken.get(number);
    if (cut === undefined) return;
    this.untaken.delete(number);
    this.flow.onTaken(cut.linkBytes, cut.sentAtMs ?? nowMs, nowMs);
    this.doneBytes += cut.length;
    if (cut.isKept) this.keptBytes += cut.length;
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
