/**
 * Rebuilds the segments of a holder that stays away, on the acting primary, before anybody asks for them (DESIGN.md section 7,
 * "Degraded read"): most absences are restarts, so it begins after a delay, goes on one segment at a time while no request waits for one,
 * and stops where the memory for it ends. It is given up with the primaryship, when the holder is back. One for each group.
 */
import { asDcacheError } from '../../base/errors.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { DegradedReads } from './degraded-reads.js';
import type { Replica } from './replica.js';

export interface BackgroundRebuildParts {
  readonly group: number;
  /** Data positions. */
  readonly k: number;
  /** How long a holder has to be away; 0: nothing is rebuilt before it is asked for. */
  readonly delayMs: number;
  readonly replica: Pick<Replica, 'primary' | 'state' | 'parity'>;
  readonly reads: Pick<DegradedReads, 'rebuild' | 'isBusy' | 'mayKeep'>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** After a segment that could not be rebuilt, or for which there was no memory. */
const AGAIN_MS = 5_000;

export class BackgroundRebuild {
  private readonly parts: BackgroundRebuildParts;
  /** By position: since when this node acts for its holder. */
  private readonly actingSinceMs = new Map<number, number>();
  /** By position: segments up to this number have been looked at. */
  private readonly looked = new Map<number, number>();
  private pausedUntilMs = 0;
  private isRunning = false;

  constructor(parts: BackgroundRebuildParts) {
    this.parts = parts;
  }

  /** Whether this node acts for a holder that has been away for long: then it may use what memory is free. */
  get isUnderWay(): boolean {
    const { scheduler, delayMs } = this.parts;
    const nowMs = scheduler.nowMs();
    return delayMs > 0 && [...this.actingSinceMs.values()].some((sinceMs) => nowMs - sinceMs >= delayMs);
  }

  /** Every few milliseconds. */
  tick(): void {
    const { replica, k, scheduler } = this.parts;
    const nowMs = scheduler.nowMs();
    for (let position = 0; position < k; position++) {
      const isActing = replica.parity !== undefined && replica.primary(position)?.serving === true;
      if (!isActing) {
        this.actingSinceMs.delete(position);
        this.looked.delete(position);
      } else if (!this.actingSinceMs.has(position)) this.actingSinceMs.set(position, nowMs);
    }
    if (!this.isRunning && this.isUnderWay && nowMs >= this.pausedUntilMs) this.goOn();
  }

  private goOn(): void {
    const { reads, scheduler, logger, group } = this.parts;
    const next = reads.isBusy ? undefined : this.next();
    if (next === undefined) return;
    const { position, number } = next;
    if (!reads.mayKeep(next.bytes)) {
      this.pauseBefore(position, number);
      return;
    }
    this.isRunning = true;
    reads.rebuild(position, [number], 'patient').then(
      () => {
        this.isRunning = false;
        scheduler.nextTurn(() => this.tick());
      },
      (error: unknown) => {
        this.isRunning = false;
        this.pauseBefore(position, number);
        logger.warn({ group, position, number, ...errorFields(asDcacheError(error)) }, 'a segment is not rebuilt yet');
      },
    );
  }

  private pauseBefore(position: number, number: number): void {
    this.pausedUntilMs = this.parts.scheduler.nowMs() + AGAIN_MS;
    if (this.looked.get(position) === number) this.looked.set(position, number - 1);
  }

  /** The next segment that is not here, of a holder that has been away for long. */
  private next(): { readonly position: number; readonly number: number; readonly bytes: number } | undefined {
    const { replica, scheduler, delayMs } = this.parts;
    for (const [position, sinceMs] of this.actingSinceMs) {
      const table = replica.state(position)?.store.table;
      if (table === undefined || scheduler.nowMs() - sinceMs < delayMs || table.droppedCount === 0) continue;
      for (let number = (this.looked.get(position) ?? 0) + 1; number < table.limit; number++) {
        this.looked.set(position, number);
        const segment = table.maybe(number);
        if (segment?.state === 'sealed' && !segment.isRaw) return { position, number, bytes: segment.sizeBytes };
      }
    }
    return undefined;
  }
}
