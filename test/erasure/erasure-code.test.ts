import { describe, expect, it } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import { concatBytes } from '../../src/base/bytes.js';
import { checksum } from '../../src/erasure/checksum.js';
import { contextBytes, erasureCode } from '../../src/erasure/erasure-code.js';

function allCodes() {
  return Array.from({ length: 24 * 6 }, (_, i) => erasureCode(1 + Math.floor(i / 6), 1 + (i % 6)));
}

/** Checksum of the contexts that @ronomon/reed-solomon 6.0.0 creates for k = 1..24 and m = 1..6, in this order. */
const GOLDEN = 7708956778217009;

describe('the erasure code', () => {
  it('has the same matrices on every machine and in every version', () => {
    expect(checksum(concatBytes(allCodes().map(contextBytes)))).toBe(GOLDEN);
  });

  it('begins with a row of ones, so that the first parity shard is the XOR of the data', () => {
    for (const code of allCodes()) expect(code.coefficients[0]).toEqual(new Array(code.k).fill(1));
  });

  it('has no zero coefficient, so that every parity shard depends on every data shard', () => {
    for (const code of allCodes()) expect(code.coefficients.flat()).not.toContain(0);
  });

  it('has no rows without parity positions', () => {
    const code = erasureCode(3, 0);
    expect(code.matrix.rows).toBe(0);
    expect(code.coefficients).toEqual([]);
  });

  it.each([
    [0, 1],
    [25, 1],
    [1.5, 1],
    [NaN, 1],
    [3, -1],
    [3, 7],
    [3, 0.5],
  ])('refuses k = %s, m = %s', (k, m) => {
    expect(() => erasureCode(k, m)).toThrowError(DcacheError);
    expect(() => erasureCode(k, m)).toThrowError(/must be an integer from/);
  });
});
