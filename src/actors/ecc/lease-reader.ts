/**
 * The main thread's view of the lease that the control thread holds for this node (DESIGN.md, I4). A grant comes with a map
 * index and counts from when this thread has itself applied the map that far; one that does not count yet does not end an
 * earlier one.
 */

/** As the control thread publishes it (control/lease-memory.ts). */
export interface PublishedGrant {
  readonly leaseEndMs: number;
  /** The grant counts from when the map is applied up to here. */
  readonly leaseMapIndex: number;
}

export interface LeaseReaderParts {
  /** The newest. */
  readonly readGrant: () => PublishedGrant;
  /** The clock that `leaseEndMs` is on. */
  readonly nowMs: () => number;
}

export class LeaseReader {
  private readonly parts: LeaseReaderParts;
  private mapIndex = 0;
  /** The latest end among the grants that have become usable. Never goes back: a grant is not taken back. */
  private endMs = 0;

  constructor(parts: LeaseReaderParts) {
    this.parts = parts;
  }

  /**
   * Whether this node may answer now for what it leads. Reads the clock, so it is asked after the value has been taken (I4 e).
   */
  get isHeld(): boolean {
    return this.leftMs > 0;
  }

  /** 0: no lease. */
  get leftMs(): number {
    this.look();
    return Math.max(0, this.endMs - this.parts.nowMs());
  }

  /** The map has been applied up to `index`. */
  onMapApplied(index: number): void {
    this.mapIndex = Math.max(this.mapIndex, index);
    this.look();
  }

  /**
   * Notes the newest grant, if it counts. To be called more often than grants come: a node that is asked for nothing yet would miss those
   * that count, and find, when a change of the map makes it a primary, only one that names the change after.
   */
  look(): void {
    const { leaseEndMs, leaseMapIndex } = this.parts.readGrant();
    if (leaseMapIndex <= this.mapIndex && leaseEndMs > this.endMs) this.endMs = leaseEndMs;
  }
}
