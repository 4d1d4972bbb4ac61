/** The log in memory. */
import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { entryBytes } from '../../src/raft/entry-size.js';
import { MemoryStorage } from '../../src/raft/memory-storage.js';
import { EMPTY_CONF_STATE } from '../../src/raft/types.js';
import { entry } from './test-node.js';

const ALL = Number.MAX_SAFE_INTEGER;
/** Entries 4, 5, 6 of terms 4, 5, 6; what came before is compacted. */
function storage(): MemoryStorage {
  const memory = new MemoryStorage();
  memory.append([1, 2, 3, 4, 5, 6].map((index) => entry(index, index)));
  memory.compact(3);
  return memory;
}

describe('a log in memory', () => {
  it.each([
    [2, 'compacted'],
    [3, 3],
    [4, 4],
    [6, 6],
    [7, 'unavailable'],
  ])('knows the term at %i: %s', (index, term) => {
    expect(storage().term(index)).toBe(term);
  });

  it.each([
    { low: 3, high: 5, maxBytes: ALL, gives: 'compacted' },
    { low: 4, high: 8, maxBytes: ALL, gives: 'unavailable' },
    { low: 4, high: 5, maxBytes: ALL, gives: [4] },
    { low: 4, high: 7, maxBytes: ALL, gives: [4, 5, 6] },
    { low: 4, high: 7, maxBytes: 0, gives: [4] },
    { low: 4, high: 7, maxBytes: 2 * entryBytes(entry(4, 4)), gives: [4, 5] },
    { low: 4, high: 7, maxBytes: 3 * entryBytes(entry(4, 4)) - 1, gives: [4, 5] },
  ])('gives entries $low..$high within $maxBytes bytes: $gives', ({ low, high, maxBytes, gives }) => {
    const entries = storage().entries(low, high, maxBytes);
    expect(typeof entries === 'string' ? entries : entries.map(({ index }) => index)).toEqual(gives);
  });

  it.each([
    ['after the end', [entry(7, 6)], [4, 5, 6, 6]],
    ['over a part of the log', [entry(5, 7), entry(6, 7)], [4, 7, 7]],
    ['with a shorter end', [entry(4, 7)], [7]],
    ['in part before the first index', [entry(3, 3), entry(4, 9)], [9]],
    ['wholly before the first index', [entry(2, 2), entry(3, 3)], [4, 5, 6]],
  ])('appends %s', (_, entries, terms) => {
    const memory = storage();
    memory.append(entries);
    const stored = memory.entries(4, memory.lastIndex() + 1, ALL);
    expect(typeof stored === 'string' ? stored : stored.map(({ term }) => term)).toEqual(terms);
  });

  it('takes no entries that leave a gap', () => {
    expect(() => storage().append([entry(9, 9)])).toThrow('entries continue the stored log');
  });

  it('is replaced by a newer snapshot, and not by an older one', () => {
    const memory = storage();
    const at = (index: number) => ({ metadata: { index, term: 9, confState: EMPTY_CONF_STATE }, data: EMPTY_BYTES });
    memory.applySnapshot(at(20));
    memory.applySnapshot(at(10));
    expect([memory.firstIndex(), memory.lastIndex(), memory.term(20)]).toEqual([21, 20, 9]);
  });

  it('keeps what it lent out unchanged', () => {
    const memory = storage();
    const lent = memory.entries(4, 7, ALL);
    memory.append([entry(5, 9)]);
    memory.compact(4);
    expect(typeof lent === 'string' ? lent : lent.map(({ term }) => term)).toEqual([4, 5, 6]);
  });
});
