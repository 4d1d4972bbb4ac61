import { expect, test } from 'vitest';
import { lossInWords } from '../../../src/cli/recover/loss-words.js';
import { reportMap } from '../../../src/cluster/map-report.js';
import { newMap } from '../../cluster/some-maps.js';

const MAP = reportMap(newMap(3, 2), 7);
const LOSS = { epoch: 1, over: ['n1', 'n3'], silent: ['n4'], survivors: ['n2', 'n5'], missing: [] };

test('says of each group who is gone and what becomes of its partitions, and what that is of the whole', () => {
  const text = lossInWords(
    [
      { ...LOSS, group: 0, fates: ['decoded', 'kept', 'decoded'] },
      { ...LOSS, group: 4, fates: ['kept', 'emptied', 'kept'] },
    ],
    MAP,
  );
  const [, first, second] = text.split('\n').map((line) => line.trim().split(/ {2,}/));
  expect(first).toEqual(['0', 'n1, n3', 'n4', 'n2, n5', 'in part', 'kept', 'in part']);
  expect(second).toEqual(['4', 'n1, n3', 'n4', 'n2, n5', 'kept', 'lost', 'kept']);
  expect(text).toContain('Of the 15 partitions of the cluster, each with 7% of the slots:');
  expect(text).toMatch(/ {2}1 \(7%\) begin empty/);
  expect(text).toMatch(/ {2}2 \(13%\) keep their newest writes/);
  expect(text).toMatch(/ {2}3 \(20%\) lose nothing/);
  expect(text).toContain('If n4 came back first, less would be lost');
});

test('says nothing of who is silent when nobody is', () => {
  const text = lossInWords([{ ...LOSS, silent: [], group: 0, fates: ['decoded', 'kept', 'decoded'] }], MAP);
  expect(text).not.toContain('came back first');
});
