/** What every format of the cluster room must keep: round trips, and MalformedBytes for anything else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedBytes } from '../../src/base/byte-reader.js';

interface Format<T> {
  readonly some: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

export function describeFormat<T>(name: string, { some, encode, decode }: Format<T>): void {
  /** True if the bytes are read as something; anything but MalformedBytes fails the test. */
  const isRead = (bytes: Uint8Array): boolean => {
    try {
      decode(bytes);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedBytes);
      return false;
    }
  };

  describe(name, () => {
    test('is decoded as it was encoded', () => {
      fc.assert(
        fc.property(some, (value) => {
          expect(decode(encode(value))).toEqual(value);
        }),
      );
    });

    test('is refused when it was cut short or goes on', () => {
      fc.assert(
        fc.property(some, (value) => {
          const bytes = encode(value);
          for (let length = 0; length < bytes.length; length++) expect(isRead(bytes.subarray(0, length))).toBe(false);
          expect(isRead(Uint8Array.of(...bytes, 0))).toBe(false);
        }),
        { numRuns: 20 },
      );
    });

    test('of another format is refused', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
          expect(isRead(Uint8Array.of(0xee, ...bytes))).toBe(false);
        }),
      );
    });

    test('with changed bytes is read as something else or refused as malformed', () => {
      fc.assert(
        fc.property(some, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, flipped) => {
          const bytes = Uint8Array.from(encode(value));
          const at = place % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ flipped;
          isRead(bytes);
        }),
        { numRuns: 500 },
      );
    });
  });
}
