/** The window of messages under way against a plain list. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inflights } from '../../src/raft/inflights.js';

describe('the window', () => {
  it('counts and frees as a plain list does', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), gap: fc.integer({ min: 1, max: 3 }), bytes: fc.nat(50) }),
      fc.record({ type: fc.constant('free' as const), behind: fc.nat(6) }),
      fc.record({ type: fc.constant('reset' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const window = new Inflights(100, 1000);
        let plain: { readonly lastIndex: number; readonly bytes: number }[] = [];
        let last = 0;
        for (const each of steps) {
          const isFull = plain.length >= 100 || plain.reduce((sum, { bytes }) => sum + bytes, 0) >= 1000;
          expect(window.full).toBe(isFull);
          if (each.type === 'add' && !isFull) {
            last += each.gap;
            window.add(last, each.bytes);
            plain.push({ lastIndex: last, bytes: each.bytes });
          } else if (each.type === 'free') {
            window.freeUpTo(last - each.behind);
            plain = plain.filter(({ lastIndex }) => lastIndex > last - each.behind);
          } else if (each.type === 'reset') {
            window.reset();
            plain = [];
          }
          expect(window.count).toBe(plain.length);
        }
      }),
    );
  });

  it('is not added to while it is full', () => {
    const window = new Inflights(1, 1000);
    window.add(1, 1);
    expect(() => window.add(2, 1)).toThrow('a message is sent only while the window is open');
  });
});
