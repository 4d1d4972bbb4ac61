import { describe, expect, it } from 'vitest';
import { oneAtATime } from '../../../src/adapters/codec-pool/one-at-a-time.js';

describe('work that is done one at a time', () => {
  it('answers the first before the second begins, however early it was handed over', async () => {
    const events: string[] = [];
    const run = oneAtATime((name: string) => {
      events.push(`${name} begins`);
      return name;
    });
    await Promise.all(['a', 'b', 'c'].map(async (name) => events.push(`${await run(name)} is answered`)));
    const expected = ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} is answered`]);
    expect(events).toEqual(expected);
  });

  it('goes on after a failure, which is the answer of its own input only', async () => {
    const run = oneAtATime((value: number) => {
      if (value < 0) throw new RangeError(`${value} is negative`);
      return value;
    });
    const outcomes = await Promise.allSettled([-1, 2].map(run));
    expect(outcomes).toEqual([
      { status: 'rejected', reason: new RangeError('-1 is negative') },
      { status: 'fulfilled', value: 2 },
    ]);
  });
});
