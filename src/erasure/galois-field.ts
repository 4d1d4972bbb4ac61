/**
 * Arithmetic in GF(2^w) by logarithm tables, for w of 2, 4 or 8. Only the construction of a code's bit-matrix uses it;
 * no byte of data passes through here.
 */
import { assert } from '../base/assert.js';

/** The exponent w of GF(2^w), which is also the number of packets that a shard is cut into. */
export type FieldWidth = 2 | 4 | 8;

export class GaloisField {
  readonly width: FieldWidth;
  /** Number of elements, 2^w. */
  readonly order: number;
  /** powers[e] = 2^e for e in 0..order-2. */
  private readonly powers: Uint8Array;
  /** logarithms[2^e] = e. The logarithm of zero is not defined and never read. */
  private readonly logarithms: Uint8Array;

  /** @param polynomial primitive polynomial of degree w; its leading bit may be left out. */
  constructor(width: FieldWidth, polynomial: number) {
    this.width = width;
    this.order = 2 ** width;
    this.powers = new Uint8Array(this.order);
    this.logarithms = new Uint8Array(this.order);
    let element = 1;
    for (let exponent = 0; exponent < this.order - 1; exponent++) {
      assert(element !== 1 || exponent === 0, 'the polynomial is primitive');
      this.powers[exponent] = element;
      this.logarithms[element] = exponent;
      element <<= 1;
      if (element >= this.order) element = (element ^ polynomial) & (this.order - 1);
    }
    assert(element === 1, 'the powers of 2 run through the whole field');
  }

  multiply(a: number, b: number): number {
    if (a === 0 || b === 0) return 0;
    return this.power(this.logarithm(a) + this.logarithm(b));
  }

  /** a / b; b is not zero. */
  divide(a: number, b: number): number {
    assert(b !== 0, 'the divisor is not zero');
    if (a === 0) return 0;
    return this.power(this.logarithm(a) + this.order - 1 - this.logarithm(b));
  }

  /** Ones in the w x w bit-matrix of "multiply by `element`": the XORs that multiplying a block by it costs. */
  weight(element: number): number {
    let ones = 0;
    for (let bit = 0; bit < this.width; bit++) {
      for (let product = this.multiply(element, 1 << bit); product !== 0; product &= product - 1) ones++;
    }
    return ones;
  }

  /** Every element but zero, the cheapest (fewest ones) first, equals in numerical order. */
  elementsByWeight(): number[] {
    const elements = Array.from({ length: this.order - 1 }, (_, index) => index + 1);
    const weights = new Map(elements.map((element) => [element, this.weight(element)]));
    return elements.sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0) || a - b);
  }

  private power(exponent: number): number {
    return this.powers[exponent % (this.order - 1)] ?? 0;
  }

  private logarithm(element: number): number {
    return this.logarithms[element] ?? 0;
  }
}
