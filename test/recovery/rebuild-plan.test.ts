/** Plans to rebuild a segment, carried out with a real code on stripes whose parity shards have folded different segments. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import {
  planRebuilds,
  positionsIn,
  type NamedSegment,
  type OfferedParity,
  type Offers,
  type RebuildPlan,
} from '../../src/recovery/rebuild-plan.js';
import { at, randomShards } from '../erasure/shards.js';

const SHARD_BYTES = 64;
const K = 3;
const M = 2;
const codec = new ErasureCodec(erasureCode(K, M), loopKernel);

/** Segment `checksum` of a position: its checksum names it, and says what its bytes are. */
const named = (position: number, checksum = position + 1): NamedSegment => ({ position, checksum });
const bytesOf = ({ position, checksum }: NamedSegment): Uint8Array =>
  at(randomShards(1_000 * position + checksum, 1, SHARD_BYTES), 0);
const parity = (index: number, ...contributions: NamedSegment[]): OfferedParity => ({ index, contributions });

function parityBytes({ index, contributions }: OfferedParity): Uint8Array {
  const bytes = new Uint8Array(SHARD_BYTES);
  for (const segment of contributions) codec.fold(segment.position, bytesOf(segment), index, bytes);
  return bytes;
}

const plansFor = (wanted: NamedSegment, offers: Offers): RebuildPlan[] => [
  ...planRebuilds(wanted, offers, (pattern) => codec.determines(pattern)),
];

/** What the codec makes of a plan. */
function carryOut(plan: RebuildPlan, wanted: NamedSegment): Uint8Array {
  if (plan.type === 'copy') return bytesOf(wanted);
  const target = new Uint8Array(SHARD_BYTES);
  const data = Array.from({ length: K }, (_, position) => {
    const found = plan.data.find((segment) => segment.position === position);
    return found === undefined ? null : bytesOf(found);
  });
  const parities = plan.parities.map((each) => ({
    index: each.index,
    contributions: positionsIn(each.contributions),
    bytes: parityBytes(each),
  }));
  codec.rebuild({ data, parities, wanted: [{ shard: { type: 'data', position: wanted.position }, target }] });
  return target;
}

const FULL = [named(0), named(1), named(2)];

describe('a plan', () => {
  test('takes the segment itself where somebody has it raw', () => {
    const [plan] = plansFor(named(0), { parities: [parity(0, ...FULL)], data: [named(0)] });
    expect(plan).toMatchObject({ type: 'copy' });
  });

  test('takes one parity shard where one is enough', () => {
    const offers = { parities: [parity(0, ...FULL), parity(1, ...FULL)], data: [named(1), named(2)] };
    const [plan] = plansFor(named(0), offers);
    expect(plan).toMatchObject({ type: 'solve', parities: [{ index: 0 }], data: [named(1), named(2)] });
  });

  test('does not count data that is not what was folded', () => {
    const offers = { parities: [parity(0, ...FULL)], data: [named(1), named(2, 99)] };
    expect(plansFor(named(0), offers)).toEqual([]);
  });

  test('takes a parity shard at its own contributions, fewer or more', () => {
    const offers = { parities: [parity(0, named(0), named(1)), parity(1, ...FULL)], data: [named(2)] };
    const plans = plansFor(named(0), offers);
    expect(plans[0]).toMatchObject({ parities: [{ index: 0 }, { index: 1 }] });
  });

  test('leaves out a parity shard that has folded another segment at a position', () => {
    const offers = {
      parities: [parity(0, ...FULL), parity(1, named(0), named(1, 50), named(2))],
      data: [named(2)],
    };
    expect(plansFor(named(0), offers)).toEqual([]);
  });

  test('is not made from a parity shard that has not folded what is wanted', () => {
    const offers = { parities: [parity(0, named(1))], data: [named(1)] };
    expect(plansFor(named(0), offers)).toEqual([]);
  });

  test('needs no parity shard of this node itself, and none that agrees with it', () => {
    const [conflicting, other] = [parity(0, named(0, 60), named(1)), parity(1, ...FULL)];
    const data = [named(1), named(2)];
    for (const parities of [[other], [conflicting, other], [other, conflicting]]) {
      expect(plansFor(named(0), { parities, data })[0]).toMatchObject({ parities: [{ index: 1 }], data });
    }
  });

  test('follows without each shard in turn, for when one is damaged', () => {
    const offers = { parities: [parity(0, ...FULL), parity(1, ...FULL)], data: [named(1), named(2)] };
    const names = plansFor(named(0), offers).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(4);
  });
});

test('every plan, whatever the parity shards have folded, gives the segment that is wanted', () => {
  const someParity = (index: number): fc.Arbitrary<OfferedParity> =>
    fc
      .tuple(...FULL.map(({ position }) => fc.constantFrom(undefined, named(position), named(position, 70 + position))))
      .map((contributions) => parity(index, ...contributions.filter((segment) => segment !== undefined)));
  const someData = fc.subarray([...FULL, named(0, 70), named(1, 71), named(2, 72)]);
  fc.assert(
    fc.property(someParity(0), fc.option(someParity(1), { nil: undefined }), someData, (reference, other, data) => {
      const offers = { parities: other === undefined ? [reference] : [reference, other], data };
      for (const wanted of [...reference.contributions, ...(other?.contributions ?? [])]) {
        for (const plan of plansFor(wanted, offers)) expect(carryOut(plan, wanted)).toEqual(bytesOf(wanted));
      }
    }),
    { numRuns: 200 },
  );
});
