/**
 * A planned hand-over of what this node leads in one group (cluster/planned-hand-over.ts): drains the partitions, then lets go of
 * them. Reads are answered until then; what would change something waits in its service and, once another node leads, goes there.
 *
 * When draining takes too long, because a backup hangs say, the partitions are served again until the leader asks anew, which it
 * does with its next reply: a plan is no reason to stop.
 */
import type { Logger } from '../../base/log.js';
import type { PartitionService } from './partition-service.js';
import type { Replica } from './replica.js';

/** Several round trips between nodes that are busy. */
const PATIENCE_MS = 500;

export interface HandOverParts {
  readonly group: number;
  readonly replica: Pick<Replica, 'epoch' | 'letGo'>;
  readonly logger: Logger;
  /** Of the partitions that are led here. */
  services(): Iterable<Pick<PartitionService, 'drain' | 'resume' | 'isDrained'>>;
}

export class HandOver {
  private readonly parts: HandOverParts;
  /** Epoch in which the group is being handed over; 0: it is not. */
  private epoch = 0;
  private sinceMs = 0;
  private hasLetGo = false;

  constructor(parts: HandOverParts) {
    this.parts = parts;
  }

  begin(epoch: number, nowMs: number): void {
    const isOfAnotherEpoch = epoch !== this.parts.replica.epoch;
    if (isOfAnotherEpoch) return;
    const hasBegun = epoch === this.epoch;
    if (hasBegun) return;
    this.epoch = epoch;
    this.sinceMs = nowMs;
    this.hasLetGo = false;
    for (const service of this.parts.services()) service.drain();
  }

  /** To be called when something is committed, when the map has changed, and every few milliseconds. @returns whether it has let go now. */
  step(nowMs: number): boolean {
    if (this.epoch === 0) return false;
    const { group, replica, logger } = this.parts;
    const { epoch } = this;
    const drainMs = Math.round(nowMs - this.sinceMs);
    const isOver = replica.epoch !== this.epoch;
    if (isOver) return this.end();
    if (this.hasLetGo) return false;
    if ([...this.parts.services()].every(({ isDrained }) => isDrained)) {
      this.hasLetGo = true;
      replica.letGo(epoch);
      logger.info({ group, epoch, drainMs }, 'let go of a group as planned');
      return true;
    }
    if (drainMs < PATIENCE_MS) return false;
    logger.warn(
      { group, epoch, drainMs },
      'a planned hand-over takes too long: the group is served until it is asked for again',
    );
    return this.end();
  }

  private end(): false {
    this.epoch = 0;
    for (const service of this.parts.services()) service.resume();
    return false;
  }
}
