/** What the data side reads: entries of both modes' logs, snapshots, cursors, and the records of the data folder. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as records from '../../../src/adapters/lmdb/records.js';
import { MalformedBytes } from '../../../src/base/byte-reader.js';
import { concatBytes } from '../../../src/base/bytes.js';
import { crc32c } from '../../../src/base/crc32c.js';
import { openCursor, sealCursor } from '../../../src/node/scan-cursor.js';
import { EntryWriter, visitEntry, type EntryVisitor } from '../../../src/replication/entry-codec.js';
import { hashBytes } from '../../../src/store/byte-hash.js';
import { decodeWriteBatch, encodeWriteBatch } from '../../../src/store/command-codec.js';
import { decodeInteger, encodeInteger } from '../../../src/store/integer-value.js';
import { SipKeyHash } from '../../../src/store/key-hash.js';
import { SPAN_BYTES } from '../../../src/store/layout.js';
import type { LoggedWrite } from '../../../src/store/logged-writes.js';
import { RecordRefs } from '../../../src/store/record-refs.js';
import { decodePosition, encodePosition } from '../../../src/store/scan-cursor.js';
import { copyOfSegment } from '../../../src/store/segment-image.js';
import type { SegmentStore } from '../../../src/store/segment-store.js';
import { cutSnapshot, SnapshotLoader } from '../../../src/store/snapshot.js';
import { decodeFrame, encodeHeader, encodeSegment, type StoreFrame } from '../../../src/store/snapshot-frames.js';
import { CLUSTER } from '../../cluster/some-members.js';
import { entry, snapshotAt } from '../../raft/raft-log-contract.js';
import { patterned, SEED, SMALL_LAYOUT, smallStore } from '../../store/store-fixture.js';
import { someKey, someValue, someWrite } from '../../support/request-arbitraries.js';
import type { Target } from '../target.js';
import { formatTarget, isError, isMalformed } from './formats.js';

const HASH = new SipKeyHash(SEED);

const upload = fc.nat();
const totalBytes = fc.nat();
const someLoggedWrite: fc.Arbitrary<LoggedWrite> = fc.oneof(
  someWrite,
  fc.record({ type: fc.constant('piece' as const), upload, totalBytes, at: fc.nat(), key: someKey, bytes: someValue }),
  fc.record({ type: fc.constant('drop' as const), upload }),
  fc
    .tuple(upload, totalBytes, someKey, someValue)
    .map(([name, total, key, value]): LoggedWrite => ({ type: 'finish', upload: name, totalBytes: total, write: { type: 'append', key, value } })), // prettier-ignore
);
const someBatch = fc.record({
  timeMs: fc.nat(),
  memoryRules: fc.constantFrom(undefined, { maxBytes: 1_000_000, policy: 'lru' as const }, { maxBytes: Infinity, policy: 'noeviction' as const }), // prettier-ignore
  readMarks: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 4 }).map((tags) => tags.map((tag) => tag & 0x7fffffff)), // prettier-ignore
  writes: fc.array(someLoggedWrite, { maxLength: 5 }),
});

/** Everything a visitor is told, in its order and copied. */
function tellings(bytes: Uint8Array): unknown[] {
  const told: unknown[] = [];
  const copy = (value: unknown): unknown => {
    if (value instanceof RecordRefs)
      return Array.from({ length: value.count }, (_, i) => [value.tag(i), value.location(i), value.sizeBytes(i)]);
    return value instanceof Uint8Array ? value.slice() : value;
  };
  const tell =
    (name: string) =>
    (...args: readonly unknown[]): void =>
      void told.push([name, ...args.map(copy)]);
  const visitor: EntryVisitor = {
    open: tell('open'),
    put: tell('put'),
    move: tell('move'),
    remove: tell('remove'),
    seal: tell('seal'),
    release: tell('release'),
    lose: tell('lose'),
  };
  told.push(visitEntry(bytes, visitor));
  return told;
}

function rewritten(bytes: Uint8Array): Uint8Array {
  const writer = new EntryWriter();
  return writer.finish(visitEntry(bytes, writer));
}

const someEntry = fc
  .array(
    fc.record({ kind: fc.nat(6), segment: fc.nat(500), word: fc.integer(), bytes: fc.uint8Array({ maxLength: 30 }) }),
    { maxLength: 5 },
  )
  .map((commands) => {
    const writer = new EntryWriter();
    const refs = new RecordRefs();
    for (const { kind, segment, word, bytes } of commands) {
      refs.clear();
      if (segment % 2 === 1) refs.add(word, word, 64);
      if (kind === 0) writer.open(segment, 'write');
      if (kind === 1) writer.put(word, word, refs, bytes, refs);
      if (kind === 2) writer.move(word, word, word, bytes);
      if (kind === 3) writer.remove(refs, 'expire', segment);
      if (kind === 4) writer.seal(segment, segment * 4, word, segment);
      if (kind === 5) writer.release(segment, word, bytes);
      if (kind === 6) writer.lose(segment, word, segment, refs);
    }
    return writer.finish({ timeMs: 1_000, keys: 5, expiringBytes: 0, largeValues: 1 });
  });

/** With values of many lengths, of which some expire. */
const STORE = ((): SegmentStore => {
  const store = smallStore({ maxBytes: 1_000_000 });
  for (let i = 0; i < 60; i++) {
    store.set(Buffer.from(`key-${i}`), patterned(i * 9, i), i + 1, 1_000, i % 3 === 0 ? 5_000 : 0);
  }
  return store;
})();
const FRAMES = [...cutSnapshot(STORE).frames()];
const IMAGE = copyOfSegment(STORE.partition.table.get(1));

/** Each frame behind its length as in a file. */
const SNAPSHOT = concatBytes(FRAMES.flatMap((frame) => [lengthOf(frame), frame]));

function lengthOf(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  return bytes;
}

function* framesIn(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 0; at + 4 <= file.length;) {
    const length = view.getUint32(at);
    yield file.slice(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

/** Puts the checksum of a frame right, where it has one. */
function resealFrame(frame: Uint8Array): void {
  const end = (frame.length & -4) - 4;
  if (end < 4) return;
  new DataView(frame.buffer, frame.byteOffset).setInt32(end, hashBytes(frame.slice(0, end), end, 1), true);
}

/** A record of the data folder under its key; the checksum stands in front. */
function recordTarget<T>(
  name: string,
  key: Uint8Array,
  value: fc.Arbitrary<T>,
  encode: (value: T) => Buffer,
  decode: (bytes: Buffer) => T,
): Target {
  return formatTarget({
    name: `record of the ${name}`,
    group: 'store',
    some: value,
    encode,
    decode: (bytes) => decode(Buffer.from(bytes)),
    reseal: (bytes) => {
      if (bytes.length < 4) return;
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, crc32c(bytes.subarray(4), crc32c(key)));
    },
    refusal: (error) => error instanceof records.DamagedRecord,
  });
}

const index = fc.nat();
const ENTRY_KEY = records.entryKey(9);

export const STORE_TARGETS: readonly Target[] = [
  formatTarget({
    name: 'write batch',
    group: 'store',
    some: someBatch,
    encode: encodeWriteBatch,
    decode: decodeWriteBatch,
  }),
  {
    name: 'partition entry',
    group: 'store',
    specimens: someEntry,
    read: (bytes) => assert.deepEqual(tellings(rewritten(bytes)), tellings(bytes)),
    isRefusal: isMalformed,
  },
  {
    name: 'snapshot',
    group: 'store',
    specimens: fc.constant(SNAPSHOT),
    read: (file) => {
      const loader = new SnapshotLoader(smallStore({ maxBytes: 1_000_000 }));
      for (const frame of framesIn(file)) loader.accept(frame);
      loader.finish();
    },
    isRefusal: isError('DATA_CORRUPT', 'WRONG_CLUSTER'),
  },
  formatTarget<StoreFrame>({
    name: 'snapshot frame',
    group: 'store',
    some: fc.constantFrom(...FRAMES).map((frame) => decodeFrame(frame, HASH)),
    encode: (frame) => (frame.type === 'header' ? encodeHeader(frame.header, HASH) : encodeSegment(frame.image)),
    decode: (frame) => decodeFrame(frame, HASH),
    reseal: resealFrame,
    refusal: isError('DATA_CORRUPT', 'WRONG_CLUSTER'),
  }),
  {
    // Of open segments, which a learner is sent without a checksum.
    name: 'records of a segment',
    group: 'store',
    specimens: fc.constant(IMAGE.bytes),
    read: (bytes) => {
      const whole = bytes.slice(0, Math.min(bytes.length & -4, SMALL_LAYOUT.sizeBytes(1)));
      // As the message that carries it is checked: no more bits than the segment has spans.
      const live = IMAGE.live.slice(0, Math.ceil(whole.length / (SPAN_BYTES * 32)) * 4);
      const image = { ...IMAGE, bytes: whole, live, touched: live };
      if (!smallStore().partition.restoreSegment(image)) throw new MalformedBytes('the segment is not taken');
    },
    isRefusal: isMalformed,
  },
  formatTarget({
    name: 'position of a scan',
    group: 'store',
    some: fc.record({ tag: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), after: someKey }),
    encode: encodePosition,
    decode: decodePosition,
  }),
  formatTarget({
    name: 'cursor',
    group: 'store',
    some: someKey,
    encode: (inner) => sealCursor(inner, CLUSTER, new Uint8Array(0)),
    decode: (cursor) => openCursor(cursor, CLUSTER, new Uint8Array(0)),
    refusal: isError('INVALID_ARGUMENT'),
  }),
  formatTarget({
    name: 'integer value',
    group: 'store',
    some: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    encode: encodeInteger,
    decode: decodeInteger,
  }),
  recordTarget('entry', ENTRY_KEY, fc.nat(30).map((bytes) => entry(9, 2, bytes)), (value) => records.encodeEntry(ENTRY_KEY, value), (bytes) => records.decodeEntry(ENTRY_KEY, bytes)), // prettier-ignore
  recordTarget('format', records.KEYS.format, fc.nat(9), records.encodeFormat, records.decodeFormat),
  recordTarget('beginning', records.KEYS.base, fc.record({ index, term: index }), records.encodeBase, records.decodeBase), // prettier-ignore
  recordTarget('journal', records.KEYS.journal, fc.record({ id: index, fileBytes: index }), records.encodeRound, records.decodeRound), // prettier-ignore
  recordTarget('hard state', records.KEYS.hardState, fc.record({ term: index, vote: index, commit: index }), records.encodeHardState, records.decodeHardState), // prettier-ignore
  recordTarget('snapshot', records.KEYS.snapshot, fc.tuple(index, index).map(([at, term]) => snapshotAt(at, term)), records.encodeSnapshot, records.decodeSnapshot), // prettier-ignore
];
