import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, MalformedBytes } from '../../src/base/byte-reader.js';
import { ByteWriter } from '../../src/base/byte-writer.js';
import { dataMessageBytes, readDataMessage, writeDataMessage } from '../../src/replication/message-codec.js';
import type { DataMessage, ShardReply, TransferSegment } from '../../src/replication/messages.js';
import { ANY_DATA_MESSAGE, DATA_MESSAGES } from '../support/data-message-arbitraries.js';

function encode(...messages: readonly DataMessage[]): Uint8Array {
  const writer = new ByteWriter();
  for (const message of messages) writeDataMessage(writer, message);
  return writer.finish();
}

function decode(bytes: Uint8Array): DataMessage {
  const reader = new ByteReader(bytes);
  const message = readDataMessage(reader);
  reader.end();
  return message;
}

/** Whatever `bytes` are, they are a message or MalformedBytes. */
function expectMessageOrRefusal(bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedBytes);
  }
}

describe.each(Object.entries<fc.Arbitrary<DataMessage>>(DATA_MESSAGES))('%s', (_, someMessage) => {
  test('what was written is read', () => {
    fc.assert(
      fc.property(someMessage, (message) => {
        expect(decode(encode(message))).toEqual(message);
      }),
    );
  });

  test('the size is told beforehand, nearly', () => {
    fc.assert(
      fc.property(someMessage, (message) => {
        const { length } = encode(message);
        expect(dataMessageBytes(message)).toBeGreaterThanOrEqual(length);
        expect(dataMessageBytes(message)).toBeLessThan(length + 1_000);
      }),
    );
  });

  test('a message that was cut short is refused', () => {
    fc.assert(
      fc.property(someMessage, (message) => {
        const bytes = encode(message);
        for (let length = 0; length < bytes.length; length++) {
          expect(() => decode(bytes.subarray(0, length)), `first ${length} bytes`).toThrow(MalformedBytes);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('with a flipped bit it is another message or refused, never another error', () => {
    fc.assert(
      fc.property(someMessage, fc.nat(), (message, draw) => {
        const bytes = encode(message);
        const bit = draw % (bytes.length * 8);
        bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        expectMessageOrRefusal(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

test('messages follow one another without a length before them', () => {
  fc.assert(
    fc.property(fc.array(ANY_DATA_MESSAGE, { maxLength: 5 }), (messages) => {
      const reader = new ByteReader(encode(...messages));
      expect(messages.map(() => readDataMessage(reader))).toEqual(messages);
      reader.end();
    }),
  );
});

test('any bytes at all are a message or refused, never another error', () => {
  const anyKind = fc.tuple(fc.nat(22), fc.uint8Array({ maxLength: 80 }));
  fc.assert(
    fc.property(anyKind, ([kind, bytes]) => expectMessageOrRefusal(Uint8Array.of(kind, ...bytes))),
    { numRuns: 5_000 },
  );
});

const SEGMENT: TransferSegment = {
  type: 'transfer-segment',
  group: 0,
  position: 0,
  joinIndex: 1,
  index: 9,
  image: {
    number: 1,
    serial: 1,
    state: 'sealed',
    liveBytes: 512,
    stripe: 1,
    checksum: 77,
    soonestExpiryMs: Infinity,
    bytes: new Uint8Array(1024).fill(5),
    live: new Uint8Array(8),
    touched: new Uint8Array(0),
  },
};
const SHARDS: ShardReply = { type: 'shard-reply', group: 0, requestId: 1, epoch: 1, data: [], parity: null };

test.each<[string, DataMessage, RegExp]>([
  ['a position that no group has', { ...SEGMENT, position: 24 }, /data position 24/],
  ['a segment number of 0', { ...SEGMENT, image: { ...SEGMENT.image, number: 0 } }, /segment number 0/],
  ['a segment number too high', { ...SEGMENT, image: { ...SEGMENT.image, number: 65_536 } }, /segment number 65536/],
  ['more live bytes than bytes', { ...SEGMENT, image: { ...SEGMENT.image, liveBytes: 1025 } }, /1025 live bytes/],
  ['more bits than spans', { ...SEGMENT, image: { ...SEGMENT.image, touched: new Uint8Array(9) } }, /9 bytes of bits/],
  ['half a word', { ...SEGMENT, image: { ...SEGMENT.image, bytes: new Uint8Array(1026) } }, /segment of 1026 bytes/],
  ['a time that is none', { ...SEGMENT, image: { ...SEGMENT.image, soonestExpiryMs: NaN } }, /soonest expiry/],
  ['an open segment as a sealed one', { ...SEGMENT, image: { ...SEGMENT.image, state: 'open' } }, /an open segment/],
  [
    'a segment above the largest',
    { ...SEGMENT, image: { ...SEGMENT.image, bytes: new Uint8Array(256 * 1024 + 4) } },
    /not below 262145/,
  ],
  [
    'a shard twice',
    { ...SHARDS, data: [0, 1].map(() => ({ position: 3, checksum: 1, bytes: new Uint8Array(4) })) },
    /given twice/,
  ],
  [
    'a parity index that no code has',
    { ...SHARDS, parity: { index: 6, contributions: [], bytes: new Uint8Array(4) } },
    /parity index 6/,
  ],
])('%s is refused', (_, message, reason) => {
  expect(() => decode(encode(message))).toThrow(reason);
  expect(() => decode(encode(message))).toThrow(MalformedBytes);
});

test('a list that claims more than there are bytes costs no memory', () => {
  const bytes = encode({ ...SHARDS, data: [] });
  const claiming = Uint8Array.of(...bytes.subarray(0, -2), 0xff, 0xff, 0xff, 0xff, 0x7f);
  expect(() => decode(claiming)).toThrow(/list of \d+ in 0 bytes/);
});

test('segments and shards are read in place, at multiples of 8', () => {
  const shard = { position: 1, checksum: 1, bytes: new Uint8Array(12).fill(3) };
  const bytes = encode(SEGMENT, {
    ...SHARDS,
    data: [shard],
    parity: { index: 0, contributions: [], bytes: shard.bytes },
  });
  const reader = new ByteReader(bytes);
  const segment = readDataMessage(reader);
  const shards = readDataMessage(reader);
  if (segment.type !== 'transfer-segment' || shards.type !== 'shard-reply')
    throw new Error('read as they were written');
  const blocks = [segment.image.bytes, ...shards.data.map((data) => data.bytes), shards.parity?.bytes];
  for (const block of blocks) {
    expect(block?.buffer).toBe(bytes.buffer);
    expect((block?.byteOffset ?? 1) % 8).toBe(0);
  }
});
