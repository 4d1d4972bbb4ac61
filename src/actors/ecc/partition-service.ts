/**
 * Answers the requests for one partition while this node is its primary (DESIGN.md section 7).
 *
 * A request is decided in one turn on the newest state, committed or not, and its answer waits until everything that it looked
 * at is committed (I7). An answer without a command of its own also needs the lease, which is looked at after the value has been
 * taken (I4 e); one with a command has been acknowledged by all members, so no other primary was serving by then. A primary
 * without other members needs the lease for every answer.
 *
 * What cannot be decided now waits here and begins again from its look-up: while the primary does not serve, while it takes no
 * writes, while there is no lease, while segments are rebuilt. When the primaryship ends, requests that were not decided go back
 * to the router; of those with an entry in the log nobody here can say what will become of them.
 *
 * Before a planned hand-over the partition is drained, so that there are none: what would change something waits as well, until
 * everything that has is committed and answered.
 */
import { MalformedBytes } from '../../base/byte-reader.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { FIRST_TAG } from '../../store/hash-index.js';
import { removeKeys } from '../../store/remove-keys.js';
import type { KeyWrite } from '../../store/kv-decisions.js';
import type { ValueWrite } from '../../store/logged-writes.js';
import {
  isWrite,
  releaseReply,
  type KvReply,
  type KvRequest,
  type ReadReply,
  type ReadRequest,
  type WriteReply,
  type WriteRequest,
} from '../../store/requests.js';
import type { ScanRequest } from '../../store/scan-page.js';
import type { FragmentRun } from '../../store/values.js';
import type { PendingRequest } from '../data/pending.js';
import { PIECE_SIZES, type PieceSizes } from '../data/upload-queue.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { type AwaitedAnswer, AwaitedAnswers } from './awaited-answers.js';
import { LargeWrites } from './large-writes.js';
import { Admission } from './admission.js';
import type { SegmentRebuilder } from './ports.js';
import type { LedPartition } from './replica.js';
import { UpkeepElsewhere } from './upkeep-elsewhere.js';

/** Requests that name a key. */
export type KeyedRequest = Exclude<ReadRequest | WriteRequest, { type: 'scan' | 'count' | 'flush' }>;

/** What requests mean for the store of a partition: store/kv-decisions.ts and store/segments-needed.ts. */
export interface Decisions {
  /** Sealed segments without their bytes that the decision needs, the first in any case. */
  segmentsNeeded(request: KvRequest): readonly number[];
  write(request: KeyWrite): WriteReply;
  /** As `write`, of a request whose value has been written as `run`, which is over then. */
  finish(request: ValueWrite, run: FragmentRun): WriteReply;
  read(request: ReadRequest, nowMs: number): ReadReply;
  /** Removes the value of `key` if its time is over at `nowMs`, to which the store's clock moves. A change as any write. */
  removeIfOver(key: Uint8Array, nowMs: number): void;
}

export interface PartitionServiceParts {
  readonly position: number;
  readonly primary: LedPartition;
  readonly decisions: Decisions;
  readonly rebuilder: SegmentRebuilder;
  readonly lease: { readonly isHeld: boolean };
  readonly scheduler: Scheduler;
  /** How large values are cut; by LIMITS if left out. */
  readonly pieceSizes?: PieceSizes | undefined;
  readonly logger: Logger;
  /** Wall clock, ms since 1970: what decides on expiry. */
  readonly wallMs: () => number;
  /** The most that a write may ever cost at this node. */
  readonly largestWriteBytes: number;
  /** Cleaning has written `movedBytes` once more, `evictions` values have been ended to make room. */
  onMadeRoom(movedBytes: number, evictions: number): void;
  /** A write was refused for want of memory. */
  onRefused(): void;
  /** Why waiting is of no use, for requests that cannot be decided now. */
  shortage(): DcacheError | undefined;
  /** The log has grown: there is something to send. */
  onChanged(): void;
  /** Not decided here, to be routed anew. */
  giveBack(pending: PendingRequest): void;
}

interface Waiting {
  readonly pending: PendingRequest;
  readonly resume: () => void;
}

/** Work on expired values, cleaning and a lowered cap in one go: a pause of about a millisecond. */
const UPKEEP_BYTES = 256 * 1024;
/** Cleaning waits so long for an answer of members that it has asked for memory. */
const ASKED_MS = 50;
/** Keys that a flush removes in one entry. */
const FLUSH_KEYS = 512;
/** Cleaning for every chunk of a flush. */
const FLUSH_CLEANING_BYTES = 1024 * 1024;

export class PartitionService {
  private readonly parts: PartitionServiceParts;
  private readonly admission: Admission;
  private readonly awaited = new AwaitedAnswers();
  private readonly uploads: LargeWrites;
  private readonly elsewhere: UpkeepElsewhere;
  private waiting: Waiting[] = [];
  /** Flushes that have removed something. */
  private flushes: PendingRequest[] = [];
  private draining = false;
  private hasEnded = false;

  constructor(parts: PartitionServiceParts) {
    const { primary, largestWriteBytes } = parts;
    this.parts = parts;
    this.uploads = new LargeWrites({
      primary: parts.primary,
      decisions: parts.decisions,
      scheduler: parts.scheduler,
      sizes: parts.pieceSizes ?? PIECE_SIZES,
      wallMs: parts.wallMs,
      change: (work) => this.change(work),
      goOn: (pending) => this.attempt(pending),
    });
    this.elsewhere = new UpkeepElsewhere({
      position: parts.position,
      primary,
      rebuilder: parts.rebuilder,
      scheduler: parts.scheduler,
      logger: parts.logger,
      wallMs: parts.wallMs,
      mayChange: () => this.mayChange,
      change: (work) => this.change(work),
    });
    this.admission = new Admission({
      primary,
      largestWriteBytes,
      onRefused: () => parts.onRefused(),
      onWaiting: () => parts.onChanged(),
    });
  }

  get primary(): LedPartition {
    return this.parts.primary;
  }

  /** Begins no change any more, until `resume`. */
  drain(): void {
    this.draining = true;
  }

  /** The hand-over that it was drained for is over, or has been given up. */
  resume(): void {
    if (!this.draining) return;
    this.draining = false;
    this.onProgress();
  }

  /** Nothing is uncommitted, and nobody waits to hear what became of a change. */
  get isDrained(): boolean {
    const { primary } = this.parts;
    this.flushes = this.flushes.filter(({ settled }) => !settled);
    const waits = this.waiting.some(({ pending }) => pending.exposed && !pending.settled);
    return primary.commitIndex >= primary.lastIndex && !this.awaited.hasExposed && !waits && this.flushes.length === 0;
  }

  execute(pending: PendingRequest): void {
    const { request } = pending;
    if (request.type === 'flush') this.flush(pending, FIRST_TAG, 0, 0);
    else this.attempt(pending);
  }

  /** Something is committed, the lease or the roles have changed, or time has passed: what waited may go on. */
  onProgress(): void {
    if (this.hasEnded) return;
    this.answerAwaited();
    const waiting = this.waiting;
    this.waiting = [];
    for (const { pending, resume } of waiting) if (!pending.settled) resume();
  }

  /** Removes what has expired and does other work that no request does. */
  upkeep(): void {
    const { primary, wallMs } = this.parts;
    this.awaited.forgetSettled();
    if (!this.mayChange) return;
    this.uploads.dropSettled();
    this.elsewhere.step();
    const { store } = primary;
    const nowMs = wallMs();
    if (store.expirer.dueMs > nowMs && !store.hasToEvict) return;
    this.change(() => store.tick(nowMs, UPKEEP_BYTES));
  }

  /** By work that no request does. */
  private get mayChange(): boolean {
    const { primary } = this.parts;
    return !this.hasEnded && !this.draining && primary.serving && !primary.isFull;
  }

  /**
   * Makes memory free by about `budgetBytes` of work. False if nothing is to be gained here.
   * @param isLastResort no partition of this node has gained anything.
   */
  relieve(budgetBytes: number, isLastResort = false): boolean {
    const { primary, wallMs } = this.parts;
    if (this.hasEnded || !primary.serving) return false;
    // Nobody can say yet what there is to gain.
    if (primary.memory.isReleasing || primary.isFull || this.draining) return true;
    if (this.change(() => primary.store.relieve(wallMs(), budgetBytes, isLastResort)).result) return true;
    if (this.elsewhere.relieve(isLastResort)) return true;
    const { memory } = primary;
    if (memory.deniedBytes === 0) return false;
    const nowMs = this.parts.scheduler.nowMs();
    memory.ask(memory.deniedBytes, nowMs);
    this.parts.onChanged();
    return memory.allowanceBytes < memory.deniedBytes && !memory.isKnownSince(nowMs - ASKED_MS);
  }

  /** This node is not the primary any more. */
  end(): void {
    this.hasEnded = true;
    const undecided = this.waiting.filter(({ pending }) => !pending.settled).map(({ pending }) => pending);
    this.waiting = [];
    for (const { pending, reply } of this.awaited.takeAll()) {
      releaseReply(reply);
      if (!pending.settled) undecided.push(pending);
    }
    for (const pending of undecided) {
      if (!pending.exposed) this.parts.giveBack(pending);
      else pending.failed(lostPrimaryship());
    }
  }

  private attempt(pending: PendingRequest, hasFetched = false): void {
    const { primary, decisions, wallMs } = this.parts;
    if (pending.settled) return;
    if (this.hasEnded) return this.parts.giveBack(pending);
    const { request } = pending;
    // What has expired is removed before a scan.
    const mayChange = isWrite(request) || request.type === 'scan';
    const isHeldUp = isWrite(request) && (primary.isFull || this.parts.shortage() !== undefined);
    if (!primary.serving || isHeldUp || (mayChange && this.draining)) return this.waitToAttempt(pending);
    switch (request.type) {
      case 'scan':
        return this.scan(pending, request, hasFetched);
      case 'count':
        return this.respond(pending, decisions.read(request, wallMs()), primary.lastIndex, false);
      case 'flush':
        return this.flush(pending, FIRST_TAG, 0, 0);
      default:
        return this.decide(pending, request);
    }
  }

  private decide(pending: PendingRequest, request: KeyedRequest): void {
    const { primary, decisions, wallMs } = this.parts;
    const needed = decisions.segmentsNeeded(request);
    if (needed.length > 0) return this.rebuild(pending, needed, () => this.attempt(pending));
    const { store } = primary;
    const nowMs = wallMs();
    const tag = store.partition.hash.keyTag(request.key, 0, request.key.length);
    if (isWrite(request)) {
      const sinceMs = pending.deadlineMs - pending.timeoutMs;
      const verdict = this.admission.admit(
        this.uploads.restOf(pending, request),
        nowMs,
        sinceMs,
        this.parts.scheduler.nowMs(),
      );
      if (verdict === 'wait') return this.wait(pending, () => this.attempt(pending));
      if (verdict !== 'now') return pending.failed(verdict);
      const run = request.type === 'set' ? this.uploads.wholeRunOf(pending) : undefined;
      if (run === undefined && this.uploads.maybeBegin(pending)) return;
      const { result, index } = this.change(() => {
        store.tick(nowMs, 0);
        return run === undefined ? decisions.write(request) : this.uploads.finish(pending, run);
      });
      if (index > 0) pending.exposed = true;
      return this.respond(pending, result, Math.max(index, primary.uncommittedIndexOf(tag)), index > 0);
    }
    // I2: the miss is answered once the removal is committed.
    const isOver = store.values.expiringBytes > 0 && store.lookUp(request.key, nowMs) === 'expired';
    if (isOver && this.draining) return this.waitToAttempt(pending);
    const index = isOver ? this.change(() => decisions.removeIfOver(request.key, nowMs)).index : 0;
    const reply = decisions.read(request, nowMs);
    this.respond(pending, reply, Math.max(index, primary.uncommittedIndexOf(tag)), index > 0);
  }

  /** @param hasFetched what the page needs was fetched once: now it may be a short one. */
  private scan(pending: PendingRequest, request: ScanRequest, hasFetched = false): void {
    const { primary, decisions, wallMs } = this.parts;
    this.upkeep(); // what is over and left out must be gone for a later primary as well (I2)
    try {
      const needed = decisions.segmentsNeeded(hasFetched ? { ...request, limit: 1 } : request);
      if (needed.length > 0) return this.rebuild(pending, needed, () => this.attempt(pending, true));
      this.respond(pending, decisions.read(request, wallMs()), primary.lastIndex, false);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      pending.failed(new DcacheError('INVALID_ARGUMENT', error.message, { cause: error }));
    }
  }

  /** Removes the keys from `fromTag` on, a chunk a turn. `removed` are gone by the entries up to `index`. */
  private flush(pending: PendingRequest, fromTag: number, removed: number, index: number): void {
    const { primary, wallMs, scheduler } = this.parts;
    if (pending.settled) return;
    if (this.hasEnded) return this.endFlush(pending);
    const goOn = (tag: number, total: number, last: number) => (): void => this.flush(pending, tag, total, last);
    const isHeldUp = primary.isFull || (this.draining && !pending.exposed);
    if (!primary.serving || isHeldUp) return this.wait(pending, goOn(fromTag, removed, index));
    const { store } = primary;
    const { result, index: last } = this.change(() => {
      const step = removeKeys(store, fromTag, FLUSH_KEYS);
      store.tick(wallMs(), FLUSH_CLEANING_BYTES);
      return step;
    });
    if (last > 0 && !pending.exposed) {
      pending.exposed = true;
      this.flushes.push(pending);
    }
    const total = removed + result.removed;
    const lastIndex = Math.max(index, last);
    const { nextTag, missing } = result;
    if (nextTag === undefined) {
      return this.respond(
        pending,
        { type: 'flush', removed: total },
        primary.lastIndex,
        lastIndex === primary.lastIndex,
      );
    }
    if (missing.length > 0) this.rebuild(pending, missing, goOn(nextTag, total, lastIndex));
    else scheduler.nextTurn(goOn(nextTag, total, lastIndex));
  }

  private waitToAttempt(pending: PendingRequest): void {
    this.wait(pending, () => this.attempt(pending));
  }

  private endFlush(pending: PendingRequest): void {
    if (!pending.exposed) this.parts.giveBack(pending);
    else pending.failed(lostPrimaryship());
  }

  private change<Result>(work: () => Result): { readonly result: Result; readonly index: number } {
    const { cleaner, evictor } = this.parts.primary.store;
    const [moved, evicted] = [cleaner.movedBytes, evictor.evicted];
    const changed = this.parts.primary.change(work);
    if (cleaner.movedBytes > moved || evictor.evicted > evicted) {
      this.parts.onMadeRoom(cleaner.movedBytes - moved, evictor.evicted - evicted);
    }
    if (changed.index > 0) this.parts.onChanged();
    return changed;
  }

  private respond(pending: PendingRequest, reply: KvReply, index: number, hasCommand: boolean): void {
    const answer = { pending, reply, index, hasCommand };
    if (index <= this.parts.primary.commitIndex) this.answer(answer);
    else this.awaited.add(answer);
  }

  private answerAwaited(): void {
    for (const answer of this.awaited.takeUpTo(this.parts.primary.commitIndex)) this.answer(answer);
  }

  /** All that the answer rests on is committed. What is not in the log is decided again if it cannot be answered now. */
  private answer(answer: AwaitedAnswer): void {
    const { primary, lease } = this.parts;
    const { pending, reply, hasCommand } = answer;
    if (pending.settled) return releaseReply(reply);
    const needsLease = !hasCommand || primary.isAlone;
    if (!primary.serving || (needsLease && !lease.isHeld)) {
      if (!pending.exposed) releaseReply(reply);
      this.wait(pending, pending.exposed ? () => this.answer(answer) : () => this.attempt(pending));
    } else if (reply.type === 'rejected') pending.failed(new DcacheError(reply.code, reply.message));
    else pending.done(reply);
  }

  private rebuild(pending: PendingRequest, numbers: readonly number[], resume: () => void): void {
    const { rebuilder, position } = this.parts;
    rebuilder.rebuild(position, numbers).then(
      () => {
        if (!pending.settled) resume();
      },
      (error: unknown) => {
        const { message } = asDcacheError(error);
        pending.failed(
          pending.exposed ? new DcacheError('OUTCOME_UNKNOWN', message, { cause: error }) : asDcacheError(error),
        );
      },
    );
  }

  /** Until `onProgress`, unless that is of no use. What has an entry in the log waits in any case. */
  private wait(pending: PendingRequest, resume: () => void): void {
    const shortage = pending.exposed ? undefined : this.parts.shortage();
    if (shortage !== undefined) pending.failed(shortage);
    else this.waiting.push({ pending, resume });
  }
}

function lostPrimaryship(): DcacheError {
  const message = 'the primary of the key changed while the write was under way; it may or may not be done';
  return new DcacheError('OUTCOME_UNKNOWN', message);
}
