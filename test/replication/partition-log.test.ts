import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../src/replication/messages.js';
import { PartitionLog } from '../../src/replication/partition-log.js';

function entry(index: number, epoch = 1, sizeBytes = 10): LogEntry {
  return { index, epoch, bytes: new Uint8Array(sizeBytes) };
}

function entries(first: number, count: number, epoch = 1): LogEntry[] {
  return Array.from({ length: count }, (_, i) => entry(first + i, epoch));
}

describe('the log of a partition', () => {
  it('begins after the entry that it was cut at, whose epoch it knows', () => {
    const log = new PartitionLog(7, 3);
    expect([log.firstIndex, log.lastIndex, log.lastEpoch]).toEqual([8, 7, 3]);
    expect([log.epochAt(6), log.epochAt(7), log.epochAt(8)]).toEqual([undefined, 3, undefined]);
    log.append([entry(8, 4)]);
    expect([log.firstIndex, log.lastIndex, log.lastEpoch, log.epochAt(7)]).toEqual([8, 8, 4, 3]);
  });

  it('takes no gap, and no epoch that goes back', () => {
    const log = new PartitionLog();
    log.append(entries(1, 2, 5));
    expect(() => log.append([entry(4, 5)])).toThrow('without gaps');
    expect(() => log.append([entry(2, 5)])).toThrow('without gaps');
    expect(() => log.append([entry(3, 4)])).toThrow('do not go back');
  });

  it('gives slices up to an index and a size, one entry at least', () => {
    const log = new PartitionLog();
    log.append(entries(1, 5));
    const indexes = (found: LogEntry[]): number[] => found.map(({ index }) => index);
    expect(indexes(log.slice(2, 4, 1000))).toEqual([2, 3, 4]);
    expect(indexes(log.slice(2, 9, 25))).toEqual([2, 3]);
    expect(indexes(log.slice(2, 9, 1))).toEqual([2]);
    expect(indexes(log.slice(6, 9, 1000))).toEqual([]);
    log.dropThrough(2);
    expect(() => log.slice(2, 4, 1000)).toThrow('dropped');
  });

  it('forgets a suffix, and what was dropped is not truncated', () => {
    const log = new PartitionLog();
    log.append([...entries(1, 3, 1), ...entries(4, 3, 2)]);
    log.truncateFrom(4);
    expect([log.lastIndex, log.lastEpoch, log.bytes]).toEqual([3, 1, 30]);
    log.append(entries(4, 1, 9));
    log.dropThrough(3);
    expect(() => log.truncateFrom(3)).toThrow('only what is held');
    log.truncateFrom(4);
    expect([log.firstIndex, log.lastIndex, log.lastEpoch, log.bytes]).toEqual([4, 3, 1, 0]);
  });

  it('agrees with a plain list through any appends, drops and truncations', () => {
    const change = fc.record({ type: fc.constantFrom('append', 'drop', 'truncate'), by: fc.nat(900) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const log = new PartitionLog();
        let plain: LogEntry[] = [];
        let base: LogEntry = entry(0, 0);
        let epoch = 1;
        for (const { type, by } of changes) {
          const last = plain.at(-1) ?? base;
          if (type === 'append') {
            const added = entries(last.index + 1, by, epoch);
            log.append(added);
            plain.push(...added);
          } else if (type === 'drop') {
            const dropped = plain.splice(0, by);
            base = dropped.at(-1) ?? base;
            log.dropThrough(base.index);
          } else {
            const from = Math.max(base.index + 1, last.index - by);
            log.truncateFrom(from);
            plain = plain.filter(({ index }) => index < from);
            epoch++;
          }
          expect(log.firstIndex).toBe(base.index + 1);
          expect(log.lastIndex).toBe((plain.at(-1) ?? base).index);
          expect(log.lastEpoch).toBe((plain.at(-1) ?? base).epoch);
          expect(log.bytes).toBe(plain.length * 10);
          expect(log.slice(log.firstIndex, Infinity, Infinity)).toEqual(plain);
          expect(log.epochAt(base.index)).toBe(base.epoch);
        }
      }),
      { numRuns: 60 },
    );
  });
});
