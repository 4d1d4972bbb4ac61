import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteBudget } from '../../../src/adapters/grpc/byte-budget.js';

test('who asks first is served first, and nobody is served beyond the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constant('give back' as const))), (steps) => {
      const budget = new ByteBudget(10);
      const served: number[] = [];
      const open: { name: number; bytes: number; giveBack: () => void }[] = [];
      let asked = 0;
      for (const step of steps) {
        if (step === 'give back') {
          const first = open.shift();
          first?.giveBack();
          first?.giveBack(); // once is enough
        } else {
          const name = asked++;
          open.push({ name, bytes: step, giveBack: budget.take(step, () => served.push(name)) });
        }
        const using = open.filter(({ name }) => served.includes(name));
        const used = using.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(budget.usedBytes).toBe(used);
        expect(used).toBeLessThanOrEqual(10);
        const next = open.find(({ name }) => !served.includes(name));
        if (next !== undefined) expect(used + next.bytes).toBeGreaterThan(10);
      }
      expect(served).toEqual([...served].sort((a, b) => a - b));
    }),
  );
});

test('one that no longer waits lets the next one through', () => {
  const budget = new ByteBudget(10);
  const served: string[] = [];
  budget.take(6, () => served.push('first'));
  const cancel = budget.take(9, () => served.push('large'));
  budget.take(4, () => served.push('small'));
  expect(served).toEqual(['first']);
  cancel();
  expect(served).toEqual(['first', 'small']);
  expect(budget.usedBytes).toBe(10);
});
