/** Frames put together from pieces that a socket cut anywhere. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME_HEADER_BYTES, LinkFault, sealFrame } from '../../../src/adapters/data-link/frame.js';
import { FrameReader } from '../../../src/adapters/data-link/frame-reader.js';
import { framesOf, messagesIn, sized } from '../../../src/adapters/data-link/message-frames.js';
import { concatBytes } from '../../../src/base/bytes.js';
import { LIMITS } from '../../../src/base/limits.js';
import { ANY_DATA_MESSAGE } from '../../support/data-message-arbitraries.js';
import { append } from './link-peer.js';

const MAX_PAYLOAD = 1_000;

/** A frame with a payload of so many times 8 bytes. */
function frameOf(units: number, fill: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + units * 8).fill(fill);
  sealFrame('messages', frame);
  return frame;
}

/** Pieces of their own memory, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
}

test('frames come out as they went in, wherever they were cut, and lie at multiples of 8', () => {
  const units = fc.array(fc.nat(MAX_PAYLOAD / 8), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(units, fc.array(fc.nat(), { maxLength: 12 }), (sizes, places) => {
      const frames = sizes.map((size, i) => frameOf(size, i));
      const reader = new FrameReader(MAX_PAYLOAD);
      const read = cut(concatBytes(frames), places).flatMap((piece) => reader.take(piece));
      expect(read.map(({ payload }) => new Uint8Array(payload))).toEqual(
        frames.map((frame) => frame.slice(FRAME_HEADER_BYTES)),
      );
      for (const { payload } of read) expect(payload.byteOffset % 8).toBe(0);
    }),
  );
});

test('a frame that lies whole in an aligned piece is not copied', () => {
  const piece = concatBytes([frameOf(3, 1), frameOf(5, 2)]);
  const read = new FrameReader(MAX_PAYLOAD).take(piece);
  expect(read.map(({ payload }) => payload.buffer)).toEqual([piece.buffer, piece.buffer]);
});

test('any flipped bit is noticed as soon as the part that it lies in is there', () => {
  fc.assert(
    fc.property(fc.nat(10), fc.nat(), fc.array(fc.nat(), { maxLength: 4 }), (units, draw, places) => {
      const frame = frameOf(units, 9);
      const bit = draw % (frame.length * 8);
      frame[bit >>> 3] = (frame[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      const reader = new FrameReader(MAX_PAYLOAD);
      expect(() => cut(frame, places).map((piece) => reader.take(piece))).toThrow(LinkFault);
    }),
  );
});

test('a length above the bound is refused before memory is taken for it', () => {
  const reader = new FrameReader(MAX_PAYLOAD);
  expect(() => reader.take(frameOf(MAX_PAYLOAD / 8 + 1, 0).subarray(0, FRAME_HEADER_BYTES))).toThrow(
    /a frame of 1008 bytes, where 1000 are allowed/,
  );
  reader.maxPayloadBytes = 2_000;
  expect(new FrameReader(2_000).take(frameOf(MAX_PAYLOAD / 8 + 1, 0))).toHaveLength(1);
});

test('random bytes are a fault or the beginning of a frame, never another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        expect(new FrameReader(MAX_PAYLOAD).take(bytes)).toEqual([]);
      } catch (error) {
        expect(error).toBeInstanceOf(LinkFault);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('messages of every kind travel in one frame', () => {
  fc.assert(
    fc.property(fc.array(ANY_DATA_MESSAGE, { minLength: 1, maxLength: 8 }), (messages) => {
      const frames = [...framesOf(messages.map(sized))];
      expect(frames).toHaveLength(1);
      expect(messagesIn((frames[0] ?? new Uint8Array(0)).subarray(FRAME_HEADER_BYTES))).toEqual(messages);
    }),
  );
});

test('frames are cut at their bound, and hold one message at least', () => {
  const large = new Uint8Array(LIMITS.maxDataFrameBytes + 1);
  const half = new Uint8Array(LIMITS.maxDataFrameBytes / 2);
  const messages = [append(1), append(2, large), append(3), append(4, half), append(5, half), append(6)];
  const counts = [...framesOf(messages.map(sized))].map(
    (frame) => messagesIn(frame.subarray(FRAME_HEADER_BYTES)).length,
  );
  expect(counts).toEqual([1, 1, 2, 2]);
});

test('a frame with bytes after its messages is malformed', () => {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + 16);
  frame[FRAME_HEADER_BYTES + 9] = 1;
  expect(() => messagesIn(frame.subarray(FRAME_HEADER_BYTES))).toThrow(LinkFault);
});
