/**
 * The numbers 0..count-1 in order, from which some are taken out for a while: a doubly linked list in two arrays. What was
 * taken out last is put back first, and finds its neighbours as it left them (Knuth's dancing links).
 */
export class OpenList {
  readonly count: number;
  /** Node `count` is head and end. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.next = Int32Array.from({ length: count + 1 }, (_, index) => (index === count ? 0 : index + 1));
    this.previous = Int32Array.from({ length: count + 1 }, (_, index) => (index === 0 ? count : index - 1));
  }

  /** The first number left; `count` when none is. */
  first(): number {
    return this.after(this.count);
  }

  /** The number left after this one; `count` when none is. */
  after(number: number): number {
    return this.next[number] ?? this.count;
  }

  take(number: number): void {
    const next = this.after(number);
    const previous = this.previous[number] ?? this.count;
    this.next[previous] = next;
    this.previous[next] = previous;
  }

  putBack(number: number): void {
    this.next[this.previous[number] ?? this.count] = number;
    this.previous[this.after(number)] = number;
  }
}
