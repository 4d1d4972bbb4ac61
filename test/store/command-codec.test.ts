import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MalformedBytes } from '../../src/base/byte-reader.js';
import { ENTRY_KIND } from '../../src/base/entry-kind.js';
import { decodeWriteBatch, encodeWriteBatch, WRITE_OVERHEAD_BYTES } from '../../src/store/command-codec.js';
import { POLICIES } from '../../src/store/memory-cap.js';
import { requestBytes } from '../../src/store/requests.js';
import { headerAt } from '../support/batch-header.js';
import { someWrite } from '../support/request-arbitraries.js';

const someBatch = fc.record({
  timeMs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  memoryRules: fc.option(
    fc.record({
      maxBytes: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 2 ** 40 })),
      policy: fc.constantFrom(...POLICIES),
    }),
    { nil: undefined },
  ),
  readMarks: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 6 }),
  writes: fc.array(someWrite, { maxLength: 6 }),
});

test('what was encoded is decoded', () => {
  fc.assert(
    fc.property(someBatch, (batch) => {
      expect(decodeWriteBatch(encodeWriteBatch(batch))).toEqual(batch);
    }),
  );
});

test('a batch without writes only carries the time', () => {
  expect(decodeWriteBatch(encodeWriteBatch({ ...headerAt(1_700_000_000_000), writes: [] }))).toEqual({
    ...headerAt(1_700_000_000_000),
    writes: [],
  });
});

test('every batch that was cut short is refused', () => {
  fc.assert(
    fc.property(someBatch, (batch) => {
      const bytes = encodeWriteBatch(batch);
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeWriteBatch(bytes.subarray(0, length)), `first ${length} bytes`).toThrow(MalformedBytes);
      }
    }),
    { numRuns: 30 },
  );
});

test('bytes behind the batch are refused', () => {
  const bytes = encodeWriteBatch({ ...headerAt(1), writes: [{ type: 'flush' }] });
  expect(() => decodeWriteBatch(Uint8Array.of(...bytes, 0))).toThrow(new MalformedBytes('1 bytes too many'));
});

test('a format, kind, policy, lifetime or condition of a later version is refused by name', () => {
  const batch = (...bytes: number[]): Uint8Array => Uint8Array.of(ENTRY_KIND.writes, ...bytes);
  expect(() => decodeWriteBatch(batch(4, 0, 0))).toThrow('write batch of format 4, this version reads 2 to 3');
  expect(() => decodeWriteBatch(batch(2, 0, 1, 5, 9))).toThrow('eviction policy of unknown kind 9');
  expect(() => decodeWriteBatch(batch(2, 0, 0, 0, 1, 99))).toThrow('write of unknown kind 99');
  expect(() => decodeWriteBatch(batch(2, 0, 0, 0, 1, 3, 1, 65, 9))).toThrow('lifetime of unknown kind 9');
  expect(() => decodeWriteBatch(batch(2, 0, 0, 0, 1, 2, 1, 65, 9))).toThrow('condition of unknown kind 9');
});

test('a finish that finishes a finish is refused, however deep', () => {
  const head = encodeWriteBatch({ ...headerAt(1), writes: [] });
  const finish = [8, 1, 1];
  const nested = Array.from({ length: 50_000 }, () => finish).flat();
  expect(() => decodeWriteBatch(Uint8Array.of(...head.subarray(0, -1), 1, ...finish, ...finish))).toThrow(
    MalformedBytes,
  );
  const deep = Uint8Array.from([...head.subarray(0, -1), 1, ...nested]);
  expect(() => decodeWriteBatch(deep)).toThrow(MalformedBytes);
});

test('the entry of somebody else is refused', () => {
  expect(() => decodeWriteBatch(Uint8Array.of(ENTRY_KIND.members, 1, 0, 0))).toThrow('not a write batch');
});

test('a write adds no more to a batch than is reckoned with when batches are cut', () => {
  const empty = encodeWriteBatch({ ...headerAt(0), writes: [] }).length;
  fc.assert(
    fc.property(someWrite, (write) => {
      const added = encodeWriteBatch({ ...headerAt(0), writes: [write] }).length - empty;
      expect(added).toBeLessThanOrEqual(requestBytes(write) + WRITE_OVERHEAD_BYTES);
    }),
  );
});

test('decoded keys and values are views of the entry, also when that is a Buffer', () => {
  const value = new Uint8Array(1_000).fill(7);
  const entry = Buffer.from(
    encodeWriteBatch({ ...headerAt(0), writes: [{ type: 'append', key: Uint8Array.of(1), value }] }),
  );
  const [write] = decodeWriteBatch(entry).writes;
  expect(write).toMatchObject({ type: 'append' });
  if (write?.type === 'append') expect(write.value.buffer).toBe(entry.buffer);
});
