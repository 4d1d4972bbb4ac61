/** What comes over data links, cut into pieces anywhere, and what the journal in front of lmdb holds. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  FRAME_HEADER_BYTES,
  LinkFault,
  PAYLOAD_UNIT_BYTES,
  emptyFrame,
} from '../../../src/adapters/data-link/frame.js';
import { FrameReader } from '../../../src/adapters/data-link/frame-reader.js';
import { greetingFrame, readGreeting, readRefusal, refusalFrame } from '../../../src/adapters/data-link/greeting.js';
import { framesOf, MAX_PAYLOAD_BYTES, messagesIn, sized } from '../../../src/adapters/data-link/message-frames.js';
import { decodeFrame, encodeFrame } from '../../../src/adapters/lmdb/journal-frame.js';
import { encodeEntry, entryKey } from '../../../src/adapters/lmdb/records.js';
import { concatBytes } from '../../../src/base/bytes.js';
import { crc32c } from '../../../src/base/crc32c.js';
import { life, node } from '../../cluster/some-maps.js';
import { CLUSTER } from '../../cluster/some-members.js';
import { entriesOf } from '../../raft/raft-log-contract.js';
import { ANY_DATA_MESSAGE } from '../../support/data-message-arbitraries.js';
import type { Target } from '../target.js';

const isFault = (error: unknown): boolean => error instanceof LinkFault;
const payloadOf = (frame: Uint8Array): Uint8Array => frame.slice(FRAME_HEADER_BYTES);

const someFrame = fc
  .array(ANY_DATA_MESSAGE, { minLength: 1, maxLength: 4 })
  .map((messages) => concatBytes([...framesOf(messages.map(sized))]));
const someGreeting = fc
  .record({ self: fc.integer({ min: 1, max: 9 }), founded: fc.boolean(), k: fc.nat(20), m: fc.nat(10) })
  .map(({ self, founded, k, m }) =>
    greetingFrame({ ...life(self), clusterId: () => (founded ? CLUSTER : ''), k, m }, node(2)),
  );
const someRefusal = fc.string({ maxLength: 60 }).map((message) => refusalFrame({ reason: 'cluster', message }));

/** Sums up header and payload of every frame as far as there are whole ones. */
function resealLink(input: Uint8Array): void {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  for (let at = 0; at + FRAME_HEADER_BYTES <= input.length;) {
    const length = view.getUint32(at + 4, true);
    const end = Math.min(at + FRAME_HEADER_BYTES + length, input.length);
    view.setUint32(at + 8, crc32(input.subarray(at + FRAME_HEADER_BYTES, end)), true);
    view.setUint32(at + 12, crc32(input.subarray(at, at + 12)), true);
    at = end;
  }
}

/** In pieces of a length that follows from the input; what is behind the last whole frame is waited for. */
function readLink(input: Uint8Array): void {
  const reader = new FrameReader(MAX_PAYLOAD_BYTES);
  const step = 1 + ((input[5] ?? 0) % 64);
  let frames = 0;
  for (let at = 0; at < input.length; at += step) {
    for (const { type, payload } of reader.take(input.slice(at, at + step))) {
      frames++;
      assert.equal(payload.length % PAYLOAD_UNIT_BYTES, 0);
      if (type === 'greeting') readGreeting(payload);
      if (type === 'refusal') readRefusal(payload);
      if (type === 'messages') readMessages(payload);
    }
  }
  if (frames === 0) throw new LinkFault('garbage', 'no frame was whole');
}

function readMessages(payload: Uint8Array): void {
  const messages = messagesIn(payload);
  const again = [...framesOf(messages.map(sized))].flatMap((frame) => messagesIn(payloadOf(frame)));
  assert.deepEqual(again, messages);
}

const someJournal = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }).map((counts) =>
  concatBytes(
    counts.map((count, sequence) => {
      const records = entriesOf(1, 1 + count, 2, 30).map((entry) => {
        const key = entryKey(entry.index);
        return { key, value: encodeEntry(key, entry) };
      });
      return encodeFrame({ id: 7, sequence, firstReplaced: 1, records });
    }),
  ),
);

const HEAD_BYTES = 32;

/** The checksum of the first head and its directory, as long as its count says. */
function resealJournal(input: Uint8Array): void {
  if (input.length < HEAD_BYTES) return;
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const end = HEAD_BYTES + 8 * view.getUint32(24);
  if (end <= input.length) view.setUint32(0, crc32c(input.subarray(4, end)));
}

export const FRAME_TARGETS: readonly Target[] = [
  {
    name: 'data link',
    group: 'frames',
    specimens: fc
      .array(fc.oneof(someFrame, someGreeting, someRefusal, fc.constant(emptyFrame('ping'))), {
        minLength: 1,
        maxLength: 3,
      })
      .map((frames) => concatBytes(frames)),
    reseal: resealLink,
    read: readLink,
    isRefusal: isFault,
  },
  {
    name: 'data messages',
    group: 'frames',
    specimens: someFrame.map(payloadOf),
    read: readMessages,
    isRefusal: isFault,
  },
  {
    name: 'greeting',
    group: 'frames',
    specimens: someGreeting.map(payloadOf),
    read: (payload) => void readGreeting(payload),
    isRefusal: isFault,
  },
  {
    name: 'refusal',
    group: 'frames',
    specimens: someRefusal.map(payloadOf),
    read: (payload) => void readRefusal(payload),
    isRefusal: isFault,
  },
  {
    name: 'journal frame',
    group: 'frames',
    specimens: someJournal,
    reseal: resealJournal,
    read: (input) => {
      const journal = Buffer.from(input);
      let at = 0;
      for (let frame = decodeFrame(journal, at); frame !== undefined; frame = decodeFrame(journal, at)) {
        const { bytes, ...whole } = frame;
        const again = decodeFrame(encodeFrame(whole), 0);
        assert.deepEqual({ ...again, bytes }, frame);
        at += bytes;
      }
      if (at === 0) throw new LinkFault('garbage', 'no frame');
    },
    isRefusal: isFault,
  },
];
