import { expect, test } from 'vitest';
import { MainWatch } from '../../../src/actors/control/main-watch.js';

test('a main thread hangs when its pulse has not changed for longer than the limit', () => {
  let pulse = 1;
  const told: boolean[] = [];
  const watch = new MainWatch(
    () => pulse,
    1000,
    (hangs) => told.push(hangs),
  );
  expect(watch.hangs(0)).toBe(false);
  expect(watch.hangs(1000)).toBe(false);
  expect(watch.hangs(1001)).toBe(true);
  pulse = 2;
  expect(watch.hangs(1500)).toBe(false);
  expect(watch.hangs(2501)).toBe(true);
  expect(watch.hangs(2502)).toBe(true);
  expect(told).toEqual([true, false, true]);
});

test('this thread having been away itself does not make the other one hang', () => {
  let pulse = 1;
  const watch = new MainWatch(
    () => pulse,
    1000,
    () => undefined,
  );
  watch.hangs(0);
  pulse = 40;
  expect(watch.hangs(60_000)).toBe(false);
});
