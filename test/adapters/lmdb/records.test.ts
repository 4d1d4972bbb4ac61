import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DamagedRecord,
  decodeBase,
  decodeEntry,
  decodeHardState,
  decodeIdentity,
  decodeSnapshot,
  encodeBase,
  encodeEntry,
  encodeHardState,
  encodeIdentity,
  encodeSnapshot,
  entryKey,
  indexOfEntryKey,
  KEYS,
} from '../../../src/adapters/lmdb/records.js';
import type { ClusterId, NodeId, RaftId } from '../../../src/base/ids.js';
import type { Entry, EntryType } from '../../../src/raft/types.js';

const integer = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));
const ids = fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 4 });
const entry: fc.Arbitrary<Entry> = fc.record({
  index: integer,
  term: integer,
  type: fc.constantFrom<EntryType>('normal', 'conf-change', 'conf-change-v2'),
  data: fc.uint8Array({ maxLength: 100 }),
});
const snapshot = fc.record({
  metadata: fc.record({
    index: integer,
    term: integer,
    confState: fc.record({
      voters: ids,
      votersOutgoing: ids,
      learners: ids,
      learnersNext: ids,
      autoLeave: fc.boolean(),
    }),
  }),
  data: fc.uint8Array({ maxLength: 30 }),
});

describe('what is encoded is decoded', () => {
  test('of entries', () => {
    fc.assert(
      fc.property(entry, (it) => {
        const key = entryKey(it.index);
        const decoded = decodeEntry(key, encodeEntry(key, it));
        expect({ ...decoded, data: Uint8Array.from(decoded.data) }).toEqual(it);
      }),
    );
  });

  test('of hard state and beginning', () => {
    fc.assert(
      fc.property(integer, integer, integer, (term, vote, commit) => {
        expect(decodeHardState(encodeHardState({ term, vote, commit }))).toEqual({ term, vote, commit });
        expect(decodeBase(encodeBase({ index: vote, term }))).toEqual({ index: vote, term });
      }),
    );
  });

  test('of snapshots', () => {
    fc.assert(
      fc.property(snapshot, (it) => {
        const decoded = decodeSnapshot(encodeSnapshot(it));
        expect({ ...decoded, data: Uint8Array.from(decoded.data) }).toEqual(it);
      }),
    );
  });

  test('of identities, with and without a cluster', () => {
    for (const clusterId of [undefined, '0f'.repeat(16) as ClusterId]) {
      const identity = { nodeId: 'n1' as NodeId, raftId: 7 as RaftId, mode: 'ecc' as const, clusterId };
      expect(decodeIdentity(encodeIdentity(identity))).toEqual(identity);
    }
  });
});

test('keys sort by index, all entries between their bounds and nothing else', () => {
  fc.assert(
    fc.property(integer, integer, (a, b) => {
      expect(Math.sign(Buffer.compare(entryKey(a), entryKey(b)))).toBe(Math.sign(a - b));
      expect(indexOfEntryKey(entryKey(a))).toBe(a);
      expect(Buffer.compare(entryKey(a), KEYS.entriesStart)).toBe(1);
      expect(Buffer.compare(entryKey(a), KEYS.entriesEnd)).toBe(-1);
    }),
  );
  const { entriesStart, entriesEnd, ...others } = KEYS;
  for (const key of Object.values(others)) {
    expect(Buffer.compare(key, entriesStart) === 1 && Buffer.compare(key, entriesEnd) === -1).toBe(false);
  }
});

test('any flipped bit, missing byte or foreign key of an entry is found', () => {
  fc.assert(
    fc.property(entry, fc.nat(), fc.nat(7), (it, position, bit) => {
      const key = entryKey(it.index);
      const value = encodeEntry(key, it);
      const flipped = Buffer.from(value);
      const at = position % value.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      expect(() => decodeEntry(key, flipped)).toThrow(DamagedRecord);
      expect(() => decodeEntry(key, value.subarray(0, at))).toThrow(DamagedRecord);
      expect(() => decodeEntry(entryKey(it.index === 0 ? 1 : it.index - 1), value)).toThrow(DamagedRecord);
    }),
  );
});
