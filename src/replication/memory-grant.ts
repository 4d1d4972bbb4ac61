/**
 * What a member of a partition has granted its primary: entries of so much cost may come without another word (entry-cost.ts).
 * A grant is a place on the scale of the log's costs, told from an index that was acknowledged. It is never taken back while its
 * epoch lasts: the primary may be using it at this very moment. In a new epoch, another primary may send again what the last one
 * was granted and did not get everywhere; so a grant outlives its epoch until it is renewed, and may become smaller then.
 */
import type { NodeMemory } from './node-memory.js';
import type { PartitionLog } from './partition-log.js';

export class MemoryGrant {
  private readonly memory: NodeMemory;
  /** Entries may come up to here. */
  private limit = 0;
  private mayShrink = true;

  constructor(memory: NodeMemory) {
    this.memory = memory;
  }

  /** What may still come. */
  outstanding(log: PartitionLog): number {
    return Math.max(0, this.limit - log.costAt(log.lastIndex));
  }

  onNewEpoch(): void {
    this.mayShrink = true;
  }

  /**
   * Renews the grant and tells it: what entries behind `index` may cost.
   * @param askedBytes that the primary needs at once, if that is more than what it is granted usually.
   */
  renew(log: PartitionLog, index: number, askedBytes: number): number {
    if (!this.memory.isLimited) return Number.MAX_SAFE_INTEGER;
    const outstanding = this.outstanding(log);
    const granted = this.memory.grantableBytes(askedBytes, outstanding);
    this.limit = log.costAt(log.lastIndex) + (this.mayShrink ? granted : Math.max(granted, outstanding));
    this.mayShrink = false;
    return Math.max(0, Math.floor(this.limit - log.costAt(index)));
  }
}
