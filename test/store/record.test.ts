import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_48_BITS,
  RECORD_FRAGMENT,
  RECORD_HEAD,
  RECORD_VALUE,
  RecordView,
  largestValueBytes,
  recordBytes,
  writeRecord,
} from '../../src/store/record.js';
import { patterned } from './store-fixture.js';

const kind = fc.constantFrom(RECORD_VALUE, RECORD_HEAD, RECORD_FRAGMENT);
const length = fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(127, 128, 16_383, 16_384, 40_000));
const number48 = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 16, 2 ** 32 - 1, 2 ** 32, MAX_48_BITS));

describe('a record', () => {
  it('reads back as it was written, whatever its lengths, and takes the bytes that were planned', () => {
    fc.assert(
      fc.property(kind, length, length, number48, number48, fc.nat(), fc.nat({ max: 30 }), (...fields) => {
        const [kind, keyBytes, valueBytes, version, expiresAtMs, number, at] = fields;
        const key = patterned(keyBytes + 1, 1);
        const value = patterned(valueBytes, 2);
        const start = at * 4;
        const size = recordBytes(kind, key.length, value.length, expiresAtMs > 0);
        const target = new Uint8Array(start + size);
        expect(writeRecord(target, start, kind, key, value, version, expiresAtMs, number)).toBe(size);
        const view = new RecordView();
        view.read(target, start);
        expect({ ...view, bytes: undefined }).toMatchObject({
          kind,
          version,
          expiresAtMs,
          sizeBytes: size,
          number: kind === RECORD_FRAGMENT ? number : 0,
        });
        expect(Buffer.compare(view.key(), key)).toBe(0);
        expect(Buffer.compare(view.value(), value)).toBe(0);
        expect(view.keyEquals(key, 0, key.length)).toBe(true);
        expect(size % 4).toBe(0);
        expect(size).toBeGreaterThanOrEqual(16);
      }),
      { numRuns: 500 },
    );
  });

  it('has at most 12 bytes of header without expiry for keys below 16 KiB and values below 2 MiB', () => {
    const keyBytes = 16 * 1024 - 1;
    const valueBytes = 2 * 1024 * 1024 - 1;
    // The padding to 4 bytes comes on top.
    expect(recordBytes(RECORD_VALUE, keyBytes, valueBytes, false)).toBeLessThanOrEqual(keyBytes + valueBytes + 12 + 3);
    expect(recordBytes(RECORD_VALUE, 8, 9, false)).toBe(28);
  });

  it('fits the room that its largest value was computed for, and wastes a few bytes of it at most', () => {
    fc.assert(
      fc.property(kind, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 600, max: 300_000 }), (kind, key, room) => {
        const valueBytes = largestValueBytes(kind, key, room, false);
        const size = recordBytes(kind, key, valueBytes, false);
        expect(size).toBeLessThanOrEqual(room);
        expect(size).toBeGreaterThan(room - 12);
      }),
    );
  });

  it('differs from a key that is longer, shorter or one bit away', () => {
    const target = new Uint8Array(64);
    writeRecord(target, 0, RECORD_VALUE, Uint8Array.of(1, 2, 3), Uint8Array.of(9), 1, 0, 0);
    const view = new RecordView();
    view.read(target, 0);
    for (const other of [[1, 2], [1, 2, 3, 9], [1, 2, 2], []]) {
      expect(view.keyEquals(Uint8Array.from(other), 0, other.length)).toBe(false);
    }
  });
});
