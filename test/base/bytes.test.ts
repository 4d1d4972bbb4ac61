import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_BYTES, bytesEqual, concatBytes, toHex } from '../../src/base/bytes.js';

const bytes = fc.uint8Array({ maxLength: 40 });

describe('bytesEqual', () => {
  test('agrees with Buffer.equals', () => {
    const nearby = fc.tuple(bytes, bytes, fc.boolean()).map(([a, b, same]) => [a, same ? a.slice() : b] as const);
    fc.assert(fc.property(nearby, ([a, b]) => bytesEqual(a, b) === Buffer.from(a).equals(b)));
  });

  test('sees a difference in the last byte and in the length', () => {
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false);
  });
});

describe('concatBytes', () => {
  test('agrees with Buffer.concat', () => {
    fc.assert(
      fc.property(fc.array(bytes), (parts) => {
        expect(toHex(concatBytes(parts))).toBe(Buffer.concat(parts).toString('hex'));
      }),
    );
  });

  test('of nothing is empty', () => {
    expect(concatBytes([])).toEqual(EMPTY_BYTES);
  });

  test('copies: the result does not change with its parts', () => {
    const part = Uint8Array.of(1, 2, 3);
    const joined = concatBytes([part]);
    part.fill(9);
    expect(toHex(joined)).toBe('010203');
  });
});

test('toHex agrees with Buffer.toString', () => {
  fc.assert(fc.property(bytes, (input) => toHex(input) === Buffer.from(input).toString('hex')));
});
