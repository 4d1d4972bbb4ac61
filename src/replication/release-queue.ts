/** Segments that a primary has released in its log and keeps until every member has applied that (DESIGN.md, I9). */
import type { PartitionStore } from '../store/partition-store.js';

export class ReleaseQueue {
  private readonly store: PartitionStore;
  /** In order of index. */
  private waiting: { readonly number: number; readonly index: number; readonly bytes: number }[] = [];
  private waitingBytes = 0;

  constructor(store: PartitionStore) {
    this.store = store;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Memory of the segments that wait. */
  get bytes(): number {
    return this.waitingBytes;
  }

  /** The entry at `index` released these segments. */
  add(index: number, numbers: readonly number[]): void {
    for (const number of numbers) {
      const bytes = this.store.table.get(number).heldBytes;
      this.waiting.push({ number, index, bytes });
      this.waitingBytes += bytes;
    }
  }

  /** Every member has applied the log up to `index`: bytes are freed, numbers may be used again. */
  free(index: number): void {
    while (this.waiting[0] !== undefined && this.waiting[0].index <= index) {
      const [{ number, bytes } = { number: 0, bytes: 0 }] = this.waiting.splice(0, 1);
      this.waitingBytes -= bytes;
      this.store.finishRelease(number);
    }
  }
}
