/** The entries that are in the journal and not in the database yet: contiguous, up to the last entry of the log. */

export class JournaledEntries {
  /** As they are in the journal and will be in the database. */
  private values: Buffer[] = [];
  private first = 0;

  valueOf(index: number): Buffer | undefined {
    return index < this.first ? undefined : this.values[index - this.first];
  }

  /** Adds entries, the first with this index, in place of all from there on. They follow the log as it is then. */
  replaceFrom(firstIndex: number, values: readonly Buffer[]): void {
    if (values.length === 0) return;
    if (this.values.length === 0 || firstIndex < this.first) {
      this.first = firstIndex;
      this.values = [];
    }
    this.values.length = firstIndex - this.first;
    for (const value of values) this.values.push(value);
  }

  /** Those with an index from `start` on and below `end`. */
  *between(start: number, end: number): IterableIterator<{ readonly index: number; readonly value: Buffer }> {
    for (const [i, value] of this.values.entries()) {
      const index = this.first + i;
      if (index >= start && index < end) yield { index, value };
    }
  }

  get count(): number {
    return this.values.length;
  }

  clear(): void {
    this.values = [];
  }
}
