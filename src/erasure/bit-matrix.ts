/** A dense matrix over GF(2), 32 columns a word. Rows are the equations or outputs, columns the packets they sum. */
import { assert } from '../base/assert.js';

export class BitMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Words of one row. Bits at and above `columns` in the last word stay zero. */
  private readonly stride: number;
  private readonly words: Uint32Array;

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    this.stride = Math.ceil(columns / 32);
    this.words = new Uint32Array(rows * this.stride);
  }

  get(row: number, column: number): boolean {
    return (this.word(row, column) & (1 << (column & 31))) !== 0;
  }

  /** Adds 1 at (row, column). */
  flip(row: number, column: number): void {
    const index = this.indexOf(row, column);
    this.words[index] = this.word(row, column) ^ (1 << (column & 31));
  }

  /** Adds row `source` of `other` to row `target` of this matrix. Both have the same columns. */
  addRow(target: number, other: BitMatrix, source: number): void {
    assert(other.columns === this.columns, 'added rows have the same length');
    for (let word = 0; word < this.stride; word++) {
      const at = target * this.stride + word;
      this.words[at] = (this.words[at] ?? 0) ^ (other.words[source * other.stride + word] ?? 0);
    }
  }

  swapRows(a: number, b: number): void {
    if (a === b) return;
    this.addRow(a, this, b);
    this.addRow(b, this, a);
    this.addRow(a, this, b);
  }

  /** Columns of the ones of a row, ascending. */
  ones(row: number): number[] {
    const columns: number[] = [];
    for (let word = 0; word < this.stride; word++) {
      let bits = this.words[row * this.stride + word] ?? 0;
      while (bits !== 0) {
        columns.push(word * 32 + 31 - Math.clz32(bits & -bits));
        bits &= bits - 1;
      }
    }
    return columns;
  }

  private indexOf(row: number, column: number): number {
    return row * this.stride + (column >>> 5);
  }

  private word(row: number, column: number): number {
    return this.words[this.indexOf(row, column)] ?? 0;
  }
}
