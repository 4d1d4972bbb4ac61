/**
 * Ways to spoil bytes that were well-formed: what disks, wires and wrong programs do, and what formats are weak against (lengths,
 * counts, nesting). Plain data, so that a failing input shrinks to the few changes that matter.
 */
import fc from 'fast-check';
import { concatBytes } from '../../src/base/bytes.js';
import { ByteWriter } from '../../src/base/byte-writer.js';

/** Every `at` is a place in the bytes as they are by then, taken modulo their length. */
export type Mutation =
  | { readonly type: 'cut'; readonly at: number }
  | { readonly type: 'flip'; readonly at: number; readonly bit: number }
  | { readonly type: 'overwrite'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'remove'; readonly at: number; readonly count: number }
  /** `times` more of the `count` bytes. */
  | { readonly type: 'repeat'; readonly at: number; readonly count: number; readonly times: number }
  /** Goes on as the other specimen does from `from` on. */
  | { readonly type: 'splice'; readonly at: number; readonly from: number };

/** Nothing grows beyond this. */
const MAX_BYTES = 128 * 1024;
const MANY = 20_000;

/** Bounds of the integer types, and their neighbours. */
const NUMBERS = [
  0,
  1,
  2,
  127,
  128,
  255,
  256,
  2 ** 15,
  2 ** 16 - 1,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
];
const LARGE_NUMBERS = [2 ** 40, 2 ** 48, Number.MAX_SAFE_INTEGER];

const asVarint = (value: number): Uint8Array => new ByteWriter().varint(value).finish();

function asWord(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

function asLong(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), littleEndian);
  return bytes;
}

const anyNumber = fc.constantFrom(...NUMBERS, ...LARGE_NUMBERS);
const someNumber: fc.Arbitrary<Uint8Array> = fc.oneof(
  anyNumber.map(asVarint),
  // Beyond what any reader takes for an integer.
  fc.constantFrom(
    Uint8Array.from({ length: 10 }, (_, i) => (i < 9 ? 0xff : 1)),
    new Uint8Array(12).fill(0xff),
  ),
  fc.tuple(fc.constantFrom(...NUMBERS), fc.boolean()).map(([value, little]) => asWord(value % 2 ** 32, little)),
  fc.tuple(anyNumber, fc.boolean()).map(([value, little]) => asLong(value, little)),
);

/** @param words of the format: names of fields, separators, marks */
export function someMutation(words: readonly Uint8Array[] = []): fc.Arbitrary<Mutation> {
  const at = fc.nat();
  const bytes = fc.oneof(
    { weight: 2, arbitrary: someNumber },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 8 }) },
    { weight: words.length === 0 ? 0 : 3, arbitrary: fc.constantFrom(...words, Uint8Array.of(0)) },
  );
  const count = fc.integer({ min: 1, max: 12 });
  const times = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constant(MANY) }); // prettier-ignore
  return fc.oneof(
    fc.record({ type: fc.constant('flip' as const), at, bit: fc.nat(7) }),
    fc.record({ type: fc.constant('overwrite' as const), at, bytes }),
    fc.record({ type: fc.constant('insert' as const), at, bytes }),
    fc.record({ type: fc.constant('remove' as const), at, count }),
    fc.record({ type: fc.constant('cut' as const), at }),
    fc.record({ type: fc.constant('repeat' as const), at, count, times }),
    fc.record({ type: fc.constant('splice' as const), at, from: at }),
  );
}

/** New bytes. @param other what a splice goes on with */
export function mutate(original: Uint8Array, mutations: readonly Mutation[], other: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (const mutation of mutations) bytes = Uint8Array.from(mutateOnce(bytes, mutation, other)).subarray(0, MAX_BYTES);
  return bytes;
}

function mutateOnce(bytes: Uint8Array, mutation: Mutation, other: Uint8Array): Uint8Array {
  const at = mutation.at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (mutation.type) {
    case 'cut':
      return before;
    case 'flip':
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << mutation.bit) : byte));
    case 'overwrite':
      return concatBytes([before, mutation.bytes, after.subarray(mutation.bytes.length)]);
    case 'insert':
      return concatBytes([before, mutation.bytes, after]);
    case 'remove':
      return concatBytes([before, after.subarray(mutation.count)]);
    case 'repeat': {
      const part = after.subarray(0, mutation.count);
      const times = part.length === 0 ? 0 : Math.min(mutation.times, Math.floor(MAX_BYTES / part.length));
      return concatBytes([before, ...Array.from({ length: times }, () => part), after]);
    }
    case 'splice':
      return concatBytes([before, other.subarray(mutation.from % (other.length + 1))]);
  }
}
