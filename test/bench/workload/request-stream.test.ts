import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeySpace, MAX_RANGE, RequestStream } from '../../../src/bench/workload/request-stream.js';
import { workloadNamed, WORKLOADS } from '../../../src/bench/workload/workloads.js';

const DRAWS = 10_000;

describe('a stream of requests', () => {
  it.each(WORKLOADS)('of $name has the kinds of requests in their proportion', (workload) => {
    const keys = new KeySpace(100);
    const stream = new RequestStream(workload, keys, 7);
    const counts: Record<string, number> = {};
    let beyond = 0;
    let longest = 0;
    for (let i = 0; i < DRAWS; i++) {
      const { type, key, count } = stream.next();
      counts[type] = (counts[type] ?? 0) + 1;
      if (type === 'insert') keys.settle(key);
      else if (key + count > keys.size) beyond++;
      longest = Math.max(longest, count);
    }
    expect(beyond).toBe(0);
    expect(longest).toBeLessThanOrEqual('scan' in workload.mix ? MAX_RANGE : 1);
    expect(Object.keys(counts).sort()).toEqual(Object.keys(workload.mix).sort());
    for (const [type, percent] of Object.entries(workload.mix))
      expect(Math.abs((counts[type] ?? 0) / DRAWS - percent / 100)).toBeLessThan(0.02);
  });

  it('is the same for the same seed', () => {
    const draw = (seed: number): unknown[] => {
      const stream = new RequestStream(workloadNamed('ycsb-a'), new KeySpace(1000), seed);
      return Array.from({ length: 100 }, () => stream.next());
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});

describe('the keys that there are', () => {
  it('are those below the first one whose insert is under way, in whatever order inserts end', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          Array.from({ length: 20 }, (_, i) => i),
          { minLength: 0 },
        ),
        (ended) => {
          const keys = new KeySpace(5);
          const reserved = Array.from({ length: 20 }, () => keys.reserve());
          for (const i of ended) keys.settle(reserved[i] ?? -1);
          const missing = reserved.find((_, i) => !ended.includes(i));
          expect(keys.size).toBe(missing ?? 25);
          expect(keys.reserved).toBe(25);
        },
      ),
    );
  });
});

describe('a workload', () => {
  it('that nobody knows is refused with the names that there are', () => {
    expect(() => workloadNamed('ycsb-z')).toThrow(/there is no workload "ycsb-z"; it is one of forerunner-a, .*ycsb-f/);
    expect(workloadNamed('YCSB-A').name).toBe('ycsb-a');
  });
});
