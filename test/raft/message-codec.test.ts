import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedBytes } from '../../src/base/byte-reader.js';
import { decodePeerMessage, encodePeerMessage } from '../../src/raft/message-codec.js';
import type { PeerMessage } from '../../src/raft/messages.js';
import { PEER_MESSAGES } from '../support/peer-message-arbitraries.js';

describe.each(Object.entries<fc.Arbitrary<PeerMessage>>(PEER_MESSAGES))('%s', (_, someMessage) => {
  test('what was encoded is decoded', () => {
    fc.assert(
      fc.property(someMessage, (message) => {
        expect(decodePeerMessage(encodePeerMessage(message))).toEqual(message);
      }),
    );
  });

  test('a message that was cut short, or goes on, is refused', () => {
    fc.assert(
      fc.property(someMessage, (message) => {
        const bytes = encodePeerMessage(message);
        for (let length = 0; length < bytes.length; length++) {
          expect(() => decodePeerMessage(bytes.subarray(0, length)), `first ${length} bytes`).toThrow(MalformedBytes);
        }
        expect(() => decodePeerMessage(Uint8Array.of(...bytes, 0))).toThrow(MalformedBytes);
      }),
      { numRuns: 20 },
    );
  });
});

test('any bytes at all are a message or refused, never another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decodePeerMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedBytes);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a kind of message or entry of a later version is refused', () => {
  expect(() => decodePeerMessage(Uint8Array.of(99, 1, 2, 3))).toThrow('Raft message of unknown kind');
  const propose = encodePeerMessage({
    type: 'propose',
    to: 1,
    from: 2,
    term: 0,
    proposals: [{ type: 'normal', data: Uint8Array.of(1) }],
  });
  propose[5] = 9;
  expect(() => decodePeerMessage(propose)).toThrow('entry of unknown type');
});

test('a list that claims more than there are bytes costs no memory', () => {
  const bytes = encodePeerMessage({ type: 'propose', to: 1, from: 2, term: 0, proposals: [] });
  const claiming = Uint8Array.of(...bytes.subarray(0, -1), 0xff, 0xff, 0xff, 0xff, 0x7f);
  expect(() => decodePeerMessage(claiming)).toThrow(/list of \d+ in 0 bytes/);
});

test('entries are decoded as views of the message, also when that is a Buffer', () => {
  const data = new Uint8Array(1_000).fill(7);
  const entries = [{ term: 1, index: 1, type: 'normal', data }] as const;
  const bytes = Buffer.from(
    encodePeerMessage({ type: 'append', to: 1, from: 2, term: 1, prevIndex: 0, prevTerm: 0, commit: 0, entries }),
  );
  const decoded = decodePeerMessage(bytes);
  if (decoded.type !== 'append') throw new Error('an append is decoded as one');
  expect(decoded.entries[0]?.data.buffer).toBe(bytes.buffer);
  expect(decoded.entries[0]?.data).not.toBeInstanceOf(Buffer);
});
