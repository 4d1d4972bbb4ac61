import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addUp, inlineSingleUses, shareCommonPairs, type XorProgram } from '../../src/erasure/xor-program.js';

/** The outputs as sums of inputs, by expanding every name. */
function expandOutputs({ inputs, outputs, sums }: XorProgram): number[][] {
  const expand = (signal: number): number[] =>
    signal < inputs ? [signal] : addUp((sums[signal - inputs] ?? []).flatMap(expand));
  return Array.from({ length: outputs }, (_, output) => expand(inputs + output));
}

/** Additions of a program when every sum of n operands takes n - 1. */
function additions({ sums }: XorProgram): number {
  return sums.reduce((total, sum) => total + sum.length - 1, 0);
}

const randomPrograms = fc
  .record({ inputs: fc.integer({ min: 2, max: 20 }), outputs: fc.integer({ min: 1, max: 12 }) })
  .chain(({ inputs, outputs }) =>
    fc.record({
      inputs: fc.constant(inputs),
      outputs: fc.constant(outputs),
      sums: fc.array(fc.uniqueArray(fc.nat(inputs - 1), { minLength: 1 }), { minLength: outputs, maxLength: outputs }),
    }),
  );

describe('sharing common pairs', () => {
  it('changes no output', () => {
    fc.assert(
      fc.property(randomPrograms, (program) => {
        const { ofThree, ofTwo } = shareCommonPairs(program);
        expect(expandOutputs(ofThree)).toEqual(expandOutputs(program));
        expect(expandOutputs(ofTwo)).toEqual(expandOutputs(program));
      }),
    );
  });

  it('never adds work', () => {
    fc.assert(
      fc.property(randomPrograms, (program) => {
        const { ofThree, ofTwo } = shareCommonPairs(program);
        expect(additions(ofThree)).toBeLessThanOrEqual(additions(program));
        expect(additions(ofTwo)).toBeLessThanOrEqual(additions(ofThree));
      }),
    );
  });

  it('computes a pair that three sums contain once', () => {
    const sums = [
      [0, 1, 2],
      [0, 1, 3],
      [0, 1, 4],
    ];
    expect(additions(shareCommonPairs({ inputs: 5, outputs: 3, sums }).ofThree)).toBe(4);
  });

  it('leaves sums without a common pair alone', () => {
    const sums = [
      [0, 1],
      [2, 3],
    ];
    expect(shareCommonPairs({ inputs: 4, outputs: 2, sums }).ofTwo.sums).toEqual(sums);
  });
});

describe('inlining', () => {
  it('cancels what comes twice', () => {
    const program = {
      inputs: 3,
      outputs: 1,
      sums: [
        [0, 4],
        [0, 1, 2],
      ],
    };
    expect(inlineSingleUses(program).sums).toEqual([[1, 2]]);
  });
});
