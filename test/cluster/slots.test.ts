import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc16, partitionOfSlot, SLOT_COUNT, slotOf, slotRange } from '../../src/cluster/slots.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** CRC-16/XMODEM a bit at a time, without a table. */
function plainCrc16(input: Uint8Array): number {
  let crc = 0;
  for (const byte of input) {
    for (let bit = 7; bit >= 0; bit--) {
      const carry = ((crc >>> 15) & 1) !== ((byte >>> bit) & 1);
      crc = ((crc << 1) & 0xffff) ^ (carry ? 0x1021 : 0);
    }
  }
  return crc;
}

test('the check value of CRC-16/XMODEM', () => {
  expect(crc16(bytes('123456789'))).toBe(0x31c3);
});

test('the table gives what the polynomial gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
      expect(crc16(input)).toBe(plainCrc16(input));
    }),
  );
});

test.each([
  ['foo', 12_182],
  ['bar', 5_061],
  ['hello', 866],
  ['', 0],
])('CLUSTER KEYSLOT %s is %d', (key, slot) => {
  expect(slotOf(bytes(key))).toBe(slot);
});

test.each([
  ['{user1000}.following', 'user1000'],
  ['{user1000}.followers', 'user1000'],
  ['foo{{bar}}zap', '{bar'],
  ['foo{bar}{zap}', 'bar'],
])('%s goes where %s goes', (key, tag) => {
  expect(slotOf(bytes(key))).toBe(slotOf(bytes(tag)));
});

test.each(['foo{}{bar}', 'foo{bar', 'foo}bar{', '{}'])('%s has no tag: the whole key counts', (key) => {
  expect(slotOf(bytes(key))).toBe(plainCrc16(bytes(key)) % SLOT_COUNT);
});

test('slots are split evenly and in order, and the range of a partition is what is mapped to it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 24 }), (groups, k) => {
      let next = 0;
      for (let group = 0; group < groups; group++) {
        for (let position = 0; position < k; position++) {
          const { first, last } = slotRange({ group, position }, groups, k);
          expect(first).toBe(next);
          expect(Math.abs(last - first + 1 - SLOT_COUNT / (groups * k))).toBeLessThan(1);
          expect(partitionOfSlot(first, groups, k)).toEqual({ group, position });
          expect(partitionOfSlot(last, groups, k)).toEqual({ group, position });
          next = last + 1;
        }
      }
      expect(next).toBe(SLOT_COUNT);
    }),
    { numRuns: 30 },
  );
});
