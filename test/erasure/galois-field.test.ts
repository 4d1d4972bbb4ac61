import { describe, expect, it } from 'vitest';
import { GaloisField } from '../../src/erasure/galois-field.js';

/** Multiplication as polynomials, bit by bit, with the reduction by hand. */
function multiplyPlainly(width: number, polynomial: number, a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < width; bit++) if (b & (1 << bit)) product ^= a << bit;
  for (let bit = 2 * width - 2; bit >= width; bit--) {
    if (product & (1 << bit)) product ^= ((1 << width) | polynomial) << (bit - width);
  }
  return product;
}

describe.each([
  [2, 7],
  [4, 19],
  [8, 29],
  [8, 135],
] as const)('GF(2^%i) with polynomial %i', (width, polynomial) => {
  const field = new GaloisField(width, polynomial);
  const elements = Array.from({ length: field.order }, (_, i) => i);
  const pairs = elements.flatMap((a) => elements.map((b) => [a, b] as const));

  it('multiplies as polynomials do', () => {
    const wrong = pairs.filter(([a, b]) => field.multiply(a, b) !== multiplyPlainly(width, polynomial, a, b));
    expect(wrong).toEqual([]);
  });

  it('divides as the inverse of multiplying', () => {
    const wrong = pairs.filter(([a, b]) => b !== 0 && field.multiply(field.divide(a, b), b) !== a);
    expect(wrong).toEqual([]);
  });

  it('weighs multiplying by one as the identity', () => {
    expect(field.weight(1)).toBe(width);
    expect(field.elementsByWeight()[0]).toBe(1);
  });
});

describe('a Galois field', () => {
  it('refuses a polynomial that is not primitive', () => {
    // x^4 + x^3 + x^2 + x + 1 divides x^5 - 1, so the powers of 2 come round after five.
    expect(() => new GaloisField(4, 31)).toThrowError(/primitive/);
  });
});
