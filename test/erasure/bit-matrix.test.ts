import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitMatrix } from '../../src/erasure/bit-matrix.js';

const shapes = fc.record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 100 }) });

/** Both forms of the same random matrix. */
function matrices(rows: number, columns: number, bits: readonly boolean[]): [BitMatrix, boolean[][]] {
  const matrix = new BitMatrix(rows, columns);
  const plain = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (__, c) => bits[(r * columns + c) % bits.length] ?? false),
  );
  plain.forEach((row, r) => row.forEach((bit, c) => bit && matrix.flip(r, c)));
  return [matrix, plain];
}

function toPlain(matrix: BitMatrix): boolean[][] {
  return Array.from({ length: matrix.rows }, (_, r) =>
    Array.from({ length: matrix.columns }, (__, c) => matrix.get(r, c)),
  );
}

describe('a bit-matrix', () => {
  it('adds and swaps rows as a matrix of booleans does', () => {
    const bits = fc.array(fc.boolean(), { minLength: 1, maxLength: 97 });
    fc.assert(
      fc.property(shapes, bits, fc.nat(), fc.nat(), ({ rows, columns }, values, a, b) => {
        const [matrix, plain] = matrices(rows, columns, values);
        const [i, j] = [a % rows, b % rows];
        matrix.swapRows(i, j);
        [plain[i], plain[j]] = [plain[j] ?? [], plain[i] ?? []];
        if (i !== j) {
          matrix.addRow(i, matrix, j);
          plain[i] = (plain[i] ?? []).map((bit, c) => bit !== (plain[j]?.[c] ?? false));
        }
        expect(toPlain(matrix)).toEqual(plain);
      }),
    );
  });

  it('lists the columns of the ones of a row in order', () => {
    const matrix = new BitMatrix(2, 70);
    for (const column of [69, 0, 31, 32]) matrix.flip(1, column);
    expect(matrix.ones(1)).toEqual([0, 31, 32, 69]);
    expect(matrix.ones(0)).toEqual([]);
  });
});
