import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, MalformedBytes } from '../../src/base/byte-reader.js';
import { ByteWriter } from '../../src/base/byte-writer.js';

test('any 64-bit float is read as it was written', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const reader = new ByteReader(new ByteWriter().uint8(1).float64(value).finish());
      reader.uint8();
      expect(reader.float64()).toBe(value);
      reader.end();
    }),
  );
});

test('padding leads to the next multiple and is none where one is reached', () => {
  for (let before = 0; before < 20; before++) {
    const writer = new ByteWriter(16).raw(new Uint8Array(before).fill(7)).align(8);
    expect(writer.length).toBe(Math.ceil(before / 8) * 8);
    const reader = new ByteReader(writer.finish());
    reader.raw(before);
    reader.align(8);
    reader.end();
  }
});

test('padding that is not zero is refused', () => {
  const reader = new ByteReader(Uint8Array.of(1, 0, 0, 9, 0, 0, 0, 0));
  reader.uint8();
  expect(() => reader.align(8)).toThrow(MalformedBytes);
});

test('a view of what was written saves the copy and leaves the writer empty', () => {
  const writer = new ByteWriter(64).varint(300).raw(Uint8Array.of(5));
  const view = writer.finishView();
  expect([...view]).toEqual([0xac, 0x02, 5]);
  expect(view.buffer.byteLength).toBe(64);
  expect(writer.length).toBe(0);
  writer.uint8(9);
  expect([...view]).toEqual([0xac, 0x02, 5]);
});
