/**
 * Raw bytes that an acting primary could do without, having folded them: of segments that it has rebuilt, or sealed itself. Oldest
 * first, within a budget. The bytes lie in the store; a segment that gives way has them
 * dropped there. One that somebody waits for does not give way, even above the budget: a large value needs all of its segments.
 */
import type { Segment } from '../../store/segment.js';
import type { SegmentTable } from '../../store/segment-table.js';

interface Rebuilt {
  readonly table: SegmentTable;
  readonly segment: Segment;
  readonly bytes: number;
}

export class RebuiltCache {
  private readonly maxBytes: () => number;
  private readonly entries = new Map<string, Rebuilt>();
  private readonly pins = new Map<string, number>();
  private heldBytes = 0;

  /** @param maxBytes what may be held now. */
  constructor(maxBytes: () => number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** Whether `bytes` more can be kept without anything giving way. */
  hasRoomFor(bytes: number): boolean {
    return this.heldBytes + bytes <= this.maxBytes();
  }

  /** Keeps the segments of these names until the function that is returned is called. */
  pin(names: readonly string[]): () => void {
    for (const name of names) this.pins.set(name, (this.pins.get(name) ?? 0) + 1);
    return () => {
      for (const name of names) {
        const left = (this.pins.get(name) ?? 0) - 1;
        if (left > 0) this.pins.set(name, left);
        else this.pins.delete(name);
      }
      this.makeRoom();
    };
  }

  /** `segment` of `table` has its bytes, and is folded. */
  add(name: string, table: SegmentTable, segment: Segment): void {
    if (this.entries.get(name)?.segment === segment) return;
    this.remove(name);
    const bytes = segment.heldBytes;
    this.entries.set(name, { table, segment, bytes });
    this.heldBytes += bytes;
    this.makeRoom();
  }

  /** Lets go of the oldest segments beyond what may be held. */
  makeRoom(): void {
    const maxBytes = this.maxBytes();
    if (this.heldBytes <= maxBytes) return;
    for (const [name, { table, segment }] of [...this.entries]) {
      if (this.heldBytes <= maxBytes) return;
      if (this.pins.has(name)) continue;
      this.remove(name);
      // Released or emptied since, or being released: then its memory is no business of this cache any more.
      const isStillThere = table.maybe(segment.number) === segment && segment.isRaw && segment.state === 'sealed';
      if (isStillThere) table.dropBytes(segment.number);
    }
  }

  private remove(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.entries.delete(name);
    this.heldBytes -= entry.bytes;
  }
}
