import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryTail } from '../../../src/adapters/lmdb/entry-tail.js';
import { entryBytes, totalEntryBytes } from '../../../src/raft/entry-size.js';
import type { Entry } from '../../../src/raft/types.js';
import { entry } from '../../raft/raft-log-contract.js';

type Step =
  | { readonly type: 'append'; readonly bytes: number }
  | { readonly type: 'replace'; readonly back: number }
  | { readonly type: 'drop'; readonly ahead: number }
  | { readonly type: 'clear' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('append'), bytes: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('replace'), back: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('drop'), ahead: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear') }) },
);

const MAX_BYTES = 600;

test('holds the newest entries that fit its bound, whatever is appended, replaced and dropped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const tail = new EntryTail(MAX_BYTES);
      let model: Entry[] = [];
      let last = 0;
      const push = (added: Entry): void => {
        tail.push(added);
        model = [...model.filter(({ index }) => index < added.index), added];
        while (model.length > 1 && totalEntryBytes(model) > MAX_BYTES) model.shift();
        last = added.index;
      };
      for (const it of steps) {
        const first = model[0]?.index ?? last + 1;
        if (it.type === 'append') push(entry(last + 1, 1, it.bytes));
        else if (it.type === 'replace') push(entry(Math.max(first, last - it.back), 2));
        else if (it.type === 'drop') {
          tail.dropThrough(first + it.ahead);
          model = model.filter(({ index }) => index > first + it.ahead);
        } else {
          tail.clear();
          model = [];
        }
        expect(tail.firstIndex()).toBe(model[0]?.index);
        for (let index = first - 1; index <= last + 1; index++) {
          expect(tail.get(index)).toBe(model.find((kept) => kept.index === index));
        }
      }
    }),
  );
});

test('keeps its last entry even when that alone passes the bound', () => {
  const tail = new EntryTail(10);
  const large = entry(1, 1, 1_000);
  tail.push(large);
  expect(entryBytes(large)).toBeGreaterThan(10);
  expect(tail.get(1)).toBe(large);
});

test('stays correct over many more entries than it holds', () => {
  const tail = new EntryTail(10_000);
  for (let index = 1; index <= 20_000; index++) tail.push(entry(index, 1, 10));
  const first = tail.firstIndex() ?? 0;
  expect(20_000 - first + 1).toBe(Math.floor(10_000 / entryBytes(entry(1, 1, 10))));
  for (let index = first; index <= 20_000; index++) expect(tail.get(index)?.index).toBe(index);
});
