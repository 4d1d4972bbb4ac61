import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseKernel } from '../../../src/adapters/codec-pool/xor-kernels.js';
import { Prng } from '../../../src/base/prng.js';
import { blockOf, loopKernel } from '../../../src/erasure/xor-kernel.js';
import { randomBytes } from '../../erasure/shards.js';

describe('the addon kernel', () => {
  const { kernel } = chooseKernel();
  const offsets = fc.nat(40);

  it('XORs and copies as a plain loop does, at any offset and address', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(2000), offsets, offsets, offsets, (seed, sizeBytes, from, to, address) => {
        const prng = new Prng(seed);
        const source = randomBytes(prng, sizeBytes + 40);
        const target = randomBytes(prng, sizeBytes + 80).subarray(address % 8);
        for (const [operation, combine] of [
          ['xor', (a: number, b: number) => a ^ b],
          ['copy', (_: number, b: number) => b],
        ] as const) {
          const expected = target.map((byte, i) =>
            i >= to && i < to + sizeBytes ? combine(byte, source[from + i - to] ?? 0) : byte,
          );
          for (const tested of [kernel, loopKernel]) {
            const actual = new Uint8Array(new SharedArrayBuffer(target.length + 8), address % 8, target.length);
            actual.set(target);
            tested[operation](blockOf(source), from, blockOf(actual), to, sizeBytes);
            expect(Buffer.compare(actual, expected)).toBe(0);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('without a working addon the loop is chosen, and the reason kept for the log', () => {
  it.each([
    [
      'is not installed',
      () => {
        throw new Error("Cannot find module '@ronomon/reed-solomon'");
      },
      /Cannot find module/,
    ],
    ['is something else', () => ({ encode: () => undefined }), /no XOR function/],
    ['XORs wrongly', () => ({ XOR: () => undefined }), /XORs wrongly/],
  ])('when it %s', (_, load, reason) => {
    const { kernel, addonProblem } = chooseKernel(load);
    expect(kernel.name).toBe('loop');
    expect(addonProblem).toMatch(reason);
  });
});
