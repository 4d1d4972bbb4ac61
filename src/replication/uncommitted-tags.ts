/**
 * Which keys, by tag, have changes that are not committed yet, and up to which index (DESIGN.md, I7). Two keys of one tag share an
 * entry: the answer about one then waits for the other, which does no harm.
 */
export class UncommittedTags {
  private readonly byTag = new Map<number, number>();
  /** In order of index. */
  private queue: { readonly index: number; readonly tags: readonly number[] }[] = [];
  /** The queue before this is done with. */
  private head = 0;

  /** Entries up to `index` that are not committed yet change what is under these tags. */
  add(index: number, tags: readonly number[]): void {
    if (tags.length === 0) return;
    for (const tag of tags) this.byTag.set(tag, index);
    this.queue.push({ index, tags });
  }

  /** 0: nothing under this tag is uncommitted. */
  indexOf(tag: number): number {
    return this.byTag.get(tag) ?? 0;
  }

  onCommitted(index: number): void {
    for (;;) {
      const oldest = this.queue[this.head];
      if (oldest === undefined || oldest.index > index) break;
      for (const tag of oldest.tags) if (this.byTag.get(tag) === oldest.index) this.byTag.delete(tag);
      this.head++;
    }
    if (this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }
}
