/**
 * The upkeep of a partition of which segments are elsewhere: at a stand-in, which has folded and dropped them, or where they were found
 * damaged. Cleaning, expiry and eviction say which segment they want next; it is rebuilt for them, one at a time, and used in the turn in
 * which it is there, since it may be dropped again right afterwards.
 *
 * Cleaning goes on as long as it wants something. What has expired is not read by anybody, so it is fetched at a pace at which the
 * rebuilding does not matter; when memory is short (`relieve`), whatever frees some is, as fast as it goes.
 */
import { errorFields, type Logger } from '../../base/log.js';
import type { WantedSegment } from '../../store/relief.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { SegmentRebuilder } from './ports.js';
import type { LedPartition } from './replica.js';

/** Work on one segment in one go: a pause of a few milliseconds. */
const SEGMENT_WORK_BYTES = 512 * 1024;
/** Bytes a second of segments that are rebuilt because something in them has expired. */
const EXPIRY_BYTES_PER_MS = 256;
/** A segment that could not be had, or with which nothing could be done, is tried again after this, or when something else was done. */
const AGAIN_MS = 1_000;

export interface UpkeepElsewhereParts {
  readonly position: number;
  readonly primary: LedPartition;
  readonly rebuilder: SegmentRebuilder;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly wallMs: () => number;
  /** Whether the partition may be changed now, by work that nobody has asked for. */
  mayChange(): boolean;
  /** Lets `work` change the partition; `index` is 0 if it has not. */
  change(work: () => void): { readonly index: number };
}

export class UpkeepElsewhere {
  private readonly parts: UpkeepElsewhereParts;
  private isFetching = false;
  /** On the scheduler's clock. */
  private nextExpiryMs = 0;
  /** What has just been tried in vain, as `nameOf` names it. */
  private readonly fruitless = new Set<string>();
  private fruitlessUntilMs = 0;

  constructor(parts: UpkeepElsewhereParts) {
    this.parts = parts;
  }

  /** To be called often. */
  step(): void {
    if (this.isFetching || !this.parts.mayChange()) return;
    if (!this.clean()) this.expire();
  }

  /** Memory is short. False if nothing is to be gained by fetching a segment. */
  relieve(isLastResort: boolean): boolean {
    if (this.isFetching) return true;
    const { primary, scheduler, wallMs } = this.parts;
    if (scheduler.nowMs() >= this.fruitlessUntilMs) this.fruitless.clear();
    const { store } = primary;
    let wanted = store.reliefElsewhere(wallMs(), isLastResort);
    // What cannot be moved for want of room can be ended, perhaps.
    if (this.isFruitless(wanted)) wanted = store.reliefElsewhere(wallMs(), isLastResort, false);
    if (wanted === undefined || this.isFruitless(wanted)) return false;
    const { number } = wanted;
    const name = nameOf(wanted);
    this.fetch(
      number,
      () => store.relieveIn(wanted, wallMs()),
      () => undefined,
      name,
    );
    return true;
  }

  private isFruitless(wanted: WantedSegment | undefined): boolean {
    return wanted !== undefined && this.fruitless.has(nameOf(wanted));
  }

  private onFruitless(name: string | undefined): void {
    if (name === undefined) return;
    this.fruitless.add(name);
    this.fruitlessUntilMs = this.parts.scheduler.nowMs() + AGAIN_MS;
  }

  private clean(): boolean {
    const { primary, scheduler } = this.parts;
    const number = primary.store.cleaner.wantedElsewhere;
    if (number === 0) return false;
    this.fetch(
      number,
      () => this.tick(),
      () => scheduler.nextTurn(() => this.step()),
    );
    return true;
  }

  private expire(): void {
    const { primary, scheduler, wallMs } = this.parts;
    const nowMs = scheduler.nowMs();
    if (nowMs < this.nextExpiryMs) return;
    const { expirer, partition } = primary.store;
    const number = expirer.wantedElsewhere(wallMs(), () => true);
    if (number === 0) return;
    this.nextExpiryMs = nowMs + partition.table.get(number).sizeBytes / EXPIRY_BYTES_PER_MS;
    this.fetch(number, () => this.tick());
  }

  private tick(): void {
    this.parts.primary.store.tick(this.parts.wallMs(), SEGMENT_WORK_BYTES);
  }

  private fetch(number: number, work: () => void, goOn: () => void = () => undefined, name?: string): void {
    const { rebuilder, position, logger } = this.parts;
    this.isFetching = true;
    rebuilder.rebuild(position, [number]).then(
      () => {
        this.isFetching = false;
        if (!this.parts.mayChange()) return;
        if (this.parts.change(work).index > 0) this.fruitless.clear();
        else this.onFruitless(name);
        goOn();
      },
      (error: unknown) => {
        this.isFetching = false;
        this.onFruitless(name);
        logger.warn({ position, number, ...errorFields(error) }, 'no upkeep of a segment that is elsewhere now');
      },
    );
  }
}

function nameOf(wanted: WantedSegment): string {
  return `${wanted.for} ${wanted.number}`;
}
