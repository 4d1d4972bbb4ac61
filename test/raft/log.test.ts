/** The log, half on disk and half in memory, against one plain list. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryBytes, limitEntries, totalEntryBytes } from '../../src/raft/entry-size.js';
import { RaftLog } from '../../src/raft/log.js';
import { MemoryStorage } from '../../src/raft/memory-storage.js';
import type { Entry } from '../../src/raft/types.js';
import { Unstable } from '../../src/raft/unstable.js';
import { entry } from './test-node.js';

const ALL = Number.MAX_SAFE_INTEGER;

/** What the log should be: all its entries since the beginning, and how much of them is compacted. */
interface Model {
  entries: Entry[];
  compacted: number;
}

const step = fc.oneof(
  // Cuts off up to `back` uncommitted entries and appends some of the next term.
  fc.record({
    type: fc.constant('append' as const),
    back: fc.nat(3),
    texts: fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('hand-out' as const) }),
  fc.record({ type: fc.constant('write' as const) }),
  fc.record({ type: fc.constant('commit' as const), count: fc.nat(4) }),
  fc.record({ type: fc.constant('compact' as const), count: fc.nat(4) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Subject {
  readonly storage = new MemoryStorage();
  readonly log = new RaftLog(this.storage, ALL);
  readonly model: Model = { entries: [], compacted: 0 };
  private writes: Entry[][] = [];
  private term = 1;

  take(each: Step): void {
    const { log, model } = this;
    switch (each.type) {
      case 'append': {
        const kept = Math.max(log.committed, model.entries.length - each.back);
        // A log is replaced from some point on only by another leader, in a later term.
        this.term++;
        const added = each.texts.map((text, i) => entry(kept + 1 + i, this.term, text));
        log.append(added);
        model.entries = [...model.entries.slice(0, kept), ...added];
        return;
      }
      case 'hand-out':
        this.writes.push([...log.unstable.nextEntries()]);
        log.unstable.acceptInProgress();
        return;
      case 'write': {
        const entries = this.writes.shift() ?? [];
        this.storage.append(entries);
        // In the order of the writes, and only for the last one is it certain that nothing else is on its way.
        const last = entries.at(-1);
        if (last && this.writes.length === 0) log.unstable.stableTo(last.index, last.term);
        return;
      }
      case 'commit':
        log.commitTo(Math.min(log.committed + each.count, model.entries.length));
        return;
      case 'compact': {
        const stored = Math.min(log.unstable.offset - 1, log.committed, model.compacted + each.count);
        if (this.writes.length > 0 || stored > this.storage.lastIndex()) return;
        this.storage.compact(stored);
        model.compacted = Math.max(stored, model.compacted);
      }
    }
  }
}

describe('a log of which a part is being written', () => {
  it('reads as one list whatever is on disk already', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(200), (steps, maxBytes) => {
        const subject = new Subject();
        const { log, model } = subject;
        for (const each of steps) {
          subject.take(each);
          expect(log.firstIndex()).toBe(model.compacted + 1);
          expect(log.lastIndex()).toBe(model.entries.length);
          for (let low = model.compacted + 1; low <= model.entries.length; low++) {
            expect(log.entriesFrom(low, ALL)).toEqual(model.entries.slice(low - 1));
            expect(log.entriesFrom(low, maxBytes)).toEqual(limitEntries(model.entries.slice(low - 1), maxBytes));
            expect(log.term(low)).toBe(model.entries[low - 1]?.term);
          }
          expect(log.term(model.entries.length + 1)).toBe('unavailable');
          if (model.compacted > 0) expect(log.entriesFrom(model.compacted, ALL)).toBe('compacted');
        }
      }),
    );
  });
});

describe('where another log may match', () => {
  const log = new RaftLog(compactedAt(3, [1, 1, 2, 2, 2, 4, 4, 7]), ALL);
  it.each([
    [8, 9, { index: 8, term: 7 }],
    [8, 6, { index: 7, term: 4 }],
    [8, 3, { index: 5, term: 2 }],
    [7, 4, { index: 7, term: 4 }],
    [3, 2, { index: 3, term: 2 }],
    // What is compacted may match: nobody knows.
    [8, 1, { index: 2, term: 0 }],
    [2, 1, { index: 2, term: 0 }],
    [12, 1, { index: 12, term: 0 }],
    [0, 1, { index: 0, term: 0 }],
  ])('index %i, term %i', (index, term, expected) => {
    expect(log.findConflictByTerm(index, term)).toEqual(expected);
  });

  function compactedAt(index: number, terms: readonly number[]): MemoryStorage {
    const storage = new MemoryStorage();
    storage.append(terms.map((term, i) => entry(i + 1, term)));
    storage.compact(index);
    return storage;
  }
});

describe('what is written', () => {
  it('is let go of only if it is still what the log says', () => {
    const unstable = new Unstable(1);
    unstable.truncateAndAppend([entry(1, 1), entry(2, 1)]);
    unstable.acceptInProgress();
    unstable.truncateAndAppend([entry(2, 2)]);
    unstable.stableTo(2, 1);
    expect(unstable.slice(1, 3).map(({ term }) => term)).toEqual([1, 2]);
    unstable.stableTo(1, 1);
    expect(unstable.slice(2, 3).map(({ term }) => term)).toEqual([2]);
  });

  it('is handed out again when it is replaced, from there on', () => {
    const unstable = new Unstable(5);
    unstable.truncateAndAppend([entry(5, 1), entry(6, 1), entry(7, 1)]);
    unstable.acceptInProgress();
    expect(unstable.nextEntries()).toEqual([]);
    unstable.truncateAndAppend([entry(6, 2)]);
    expect(unstable.nextEntries()).toEqual([entry(6, 2)]);
    unstable.truncateAndAppend([entry(3, 3)]);
    expect(unstable.nextEntries()).toEqual([entry(3, 3)]);
  });
});

describe('a committed membership change', () => {
  const change = { ...entry(2, 1), type: 'conf-change' } as const;

  it('waits until it is applied', () => {
    const storage = new MemoryStorage();
    storage.append([entry(1, 1), change, entry(3, 1)]);
    const log = new RaftLog(storage, ALL);
    expect(log.hasUnappliedConfChange()).toBe(false);
    log.commitTo(3);
    expect(log.hasUnappliedConfChange()).toBe(true);
    log.appliedTo(2, 0);
    expect(log.hasUnappliedConfChange()).toBe(false);
  });

  it('that has been compacted was applied, though the log has not been told yet', () => {
    const storage = new MemoryStorage();
    storage.append([entry(1, 1), change, entry(3, 1)]);
    const log = new RaftLog(storage, ALL);
    log.commitTo(3);
    storage.compact(2);
    expect(log.hasUnappliedConfChange()).toBe(false);
  });
});

describe('a limit in bytes', () => {
  const entries = [entry(1, 1, 'a'), entry(2, 1, 'bb'), entry(3, 1, 'ccc')];
  it.each([
    [0, 1],
    [totalEntryBytes(entries.slice(0, 2)) - 1, 1],
    [totalEntryBytes(entries.slice(0, 2)), 2],
    [totalEntryBytes(entries), 3],
  ])('of %i lets %i entries pass', (maxBytes, count) => {
    expect(limitEntries(entries, maxBytes)).toEqual(entries.slice(0, count));
  });

  it('counts an empty entry as well', () => {
    expect(entryBytes(entry(1, 1))).toBeGreaterThan(0);
  });
});
