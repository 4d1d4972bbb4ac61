/**
 * The code itself: which packets of the data shards each packet of a parity shard is the XOR of.
 *
 * A shard is cut into w packets of equal length. Parity shard j is the sum over the data positions d of C[j][d] times
 * data shard d in GF(2^w), where a product by a constant is a w x w matrix of bits (Cauchy Reed-Solomon: Blömer et al.
 * 1995; Plank and Xu 2006 on making the matrix sparse). So coding is XORs of whole packets. Row 0 of C is all ones:
 * the first parity shard is the plain XOR of the data shards.
 *
 * The matrices are, bit for bit, those of @ronomon/reed-solomon; `contextBytes` is what its `create(k, m)` returns.
 */
import { assert } from '../base/assert.js';
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import { BitMatrix } from './bit-matrix.js';
import { codeParameters, type CodeParameters } from './code-parameters.js';
import { GaloisField, type FieldWidth } from './galois-field.js';

export interface ErasureCode {
  /** Data positions, 0..k-1 of a group. */
  readonly k: number;
  /** Parity positions, k..k+m-1 of a group. */
  readonly m: number;
  /** w: packets that a shard is cut into. */
  readonly packetsPerShard: FieldWidth;
  /** C[j][d], m rows of k elements of GF(2^w), none zero. */
  readonly coefficients: readonly (readonly number[])[];
  /** (m w) x (k w): row j w + b sums the packets that make packet b of parity shard j. */
  readonly matrix: BitMatrix;
}

/**
 * The code for k data and m parity positions. Pure and deterministic: every node computes the same one.
 * @param k 1..24. @param m 0..6; 0 stores every segment once and can restore nothing.
 * @throws INVALID_ARGUMENT when k or m is not an integer in its range.
 */
export function erasureCode(k: number, m: number): ErasureCode {
  requireInRange('k (data positions)', k, 1, LIMITS.maxDataPositions);
  requireInRange('m (parity positions)', m, 0, LIMITS.maxParityPositions);
  if (m === 0) return { k, m, packetsPerShard: 2, coefficients: [], matrix: new BitMatrix(0, k * 2) };
  const parameters = codeParameters(k, m);
  const field = new GaloisField(parameters.width, parameters.polynomial);
  const coefficients = m <= 2 ? lightestRows(field, k, m) : cauchyRows(field, k, m, parameters);
  const matrix = expandToBits(field, coefficients);
  assert(countOnes(matrix) === parameters.ones, 'the bit-matrix has the ones that the table promises');
  return { k, m, packetsPerShard: field.width, coefficients, matrix };
}

/** The code as the context of @ronomon/reed-solomon: w, k, m, then the bit-matrix row by row, one byte a bit. */
export function contextBytes(code: ErasureCode): Uint8Array {
  const { matrix } = code;
  const bytes = new Uint8Array(3 + matrix.rows * matrix.columns);
  bytes.set([code.packetsPerShard, code.k, code.m]);
  for (let row = 0; row < matrix.rows; row++) {
    for (const column of matrix.ones(row)) bytes[3 + row * matrix.columns + column] = 1;
  }
  return bytes;
}

function requireInRange(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new DcacheError('INVALID_ARGUMENT', `${name} is ${value}; it must be an integer from ${low} to ${high}`);
}

/** For m <= 2: a row of ones, then the k lightest distinct elements. Any two columns are independent. */
function lightestRows(field: GaloisField, k: number, m: number): number[][] {
  const rows = [new Array<number>(k).fill(1), field.elementsByWeight().slice(0, k)];
  return rows.slice(0, m);
}

/**
 * A Cauchy matrix 1 / (y_j + x_d), every square part of which has an inverse. Scaling rows and columns keeps that, so
 * columns are scaled until row 0 is all ones, and each other row by the element of it that leaves the fewest ones.
 */
function cauchyRows(field: GaloisField, k: number, m: number, { cauchy }: CodeParameters): number[][] {
  assert(cauchy !== null, 'three and more parity rows come from a Cauchy matrix');
  const element = (j: number, d: number): number => field.divide(1, (cauchy.row + j) ^ (cauchy.column + d));
  return Array.from({ length: m }, (_, j) => {
    const row = Array.from({ length: k }, (__, d) => field.divide(element(j, d), element(0, d)));
    return j === 0 ? row : lightestMultiple(field, row);
  });
}

function lightestMultiple(field: GaloisField, row: readonly number[]): number[] {
  const weigh = (elements: readonly number[]): number => elements.reduce((sum, e) => sum + field.weight(e), 0);
  let lightest = [...row];
  for (const divisor of row) {
    const candidate = row.map((element) => field.divide(element, divisor));
    if (weigh(candidate) < weigh(lightest)) lightest = candidate;
  }
  return lightest;
}

/** Column a of the w x w matrix of an element x holds the bits of x 2^a. */
function expandToBits(field: GaloisField, coefficients: readonly (readonly number[])[]): BitMatrix {
  const w = field.width;
  const matrix = new BitMatrix(coefficients.length * w, (coefficients[0]?.length ?? 0) * w);
  coefficients.forEach((row, j) => {
    row.forEach((coefficient, d) => {
      for (let a = 0; a < w; a++) {
        const product = field.multiply(coefficient, 1 << a);
        for (let b = 0; b < w; b++) if (product & (1 << b)) matrix.flip(j * w + b, d * w + a);
      }
    });
  });
  return matrix;
}

function countOnes(matrix: BitMatrix): number {
  let ones = 0;
  for (let row = 0; row < matrix.rows; row++) ones += matrix.ones(row).length;
  return ones;
}
