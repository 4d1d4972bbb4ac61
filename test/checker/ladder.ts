/**
 * The order that answers tell, such as that of versions: what is taken before what.
 */
import type { Operation } from './operation.js';

/**
 * Items to be taken in ascending order of their numbers, items without a number at any time. Taking and putting back cost
 * constant time, as long as what was taken last is put back first.
 */
export class Ladder {
  /** The rung of each item, -1 for none. Rungs count the different numbers upwards. */
  private readonly rungOf: Int32Array;
  /** Items left on each rung. */
  private readonly left: Int32Array;
  /** The lowest rung with items left. */
  private lowest = 0;

  constructor(numbers: readonly (number | undefined)[]) {
    const distinct = [...new Set(numbers)].filter((number) => number !== undefined).sort((a, b) => a - b);
    const rungs = new Map(distinct.map((number, rung) => [number, rung]));
    this.rungOf = Int32Array.from(numbers, (number) => (number === undefined ? -1 : (rungs.get(number) ?? -1)));
    this.left = new Int32Array(distinct.length);
    for (const rung of this.rungOf) if (rung >= 0) this.changeLeft(rung, 1);
  }

  /** Whether no item with a lower number is left. */
  allows(item: number): boolean {
    return this.rung(item) <= this.lowest;
  }

  take(item: number): void {
    const rung = this.rung(item);
    if (rung < 0) return;
    this.changeLeft(rung, -1);
    while (this.lowest < this.left.length && this.left[this.lowest] === 0) this.lowest++;
  }

  putBack(item: number): void {
    const rung = this.rung(item);
    if (rung < 0) return;
    this.changeLeft(rung, 1);
    this.lowest = Math.min(this.lowest, rung);
  }

  private rung(item: number): number {
    return this.rungOf[item] ?? -1;
  }

  private changeLeft(rung: number, by: number): void {
    this.left[rung] = (this.left[rung] ?? 0) + by;
  }
}

/**
 * Whether an operation had returned before one with a lower order was invoked, so that no linearization can exist.
 * @param answered in the order of invocation
 */
export function orderContradictsTime(
  answered: readonly { readonly operation: Operation<unknown, unknown>; readonly order: number | undefined }[],
): boolean {
  const byReturn = [...answered].sort((a, b) => a.operation.returnedAt - b.operation.returnedAt);
  let returned = 0;
  let highest = -Infinity;
  for (const { operation, order } of answered) {
    for (let next = byReturn[returned]; next !== undefined; next = byReturn[++returned]) {
      if (next.operation.returnedAt >= operation.invokedAt) break;
      highest = Math.max(highest, next.order ?? -Infinity);
    }
    if (order !== undefined && order < highest) return true;
  }
  return false;
}
