import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizability } from './check.js';
import { generateEvents, withStaleRead } from './generated-history.js';
import { kvModel } from './kv-model.js';
import type { Operation } from './operation.js';
import { layOut, type PictureOperation } from './picture-layout.js';
import { drawViolation } from './picture.js';
import { operationsOf } from './recorder.js';
import { searchLinearization } from './search.js';
import { shrinkViolation } from './shrink.js';

/** A linearizable history with the numbers of its linearization, as it would be drawn. */
function drawn(seed: number, lostPerMille: number): readonly PictureOperation[] {
  const operations = operationsOf(generateEvents({ seed, operations: 30, keys: 1, clients: 4, lostPerMille }));
  const { longest } = searchLinearization(kvModel, operations, 100_000);
  const numbers = new Map(longest.map(({ operation }, index) => [operation.id, index + 1]));
  return operations.map((operation): PictureOperation => {
    const label = kvModel.describe(operation.input, undefined);
    return { operation, label, essential: false, stuck: false, number: numbers.get(operation.id) };
  });
}

const drawings = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 300 })).map(([seed, lost]) => layOut(drawn(seed, lost)));

describe('the layout of a timeline', () => {
  it('never lets bars or labels of one lane touch', () => {
    fc.assert(
      fc.property(drawings, ({ bars }) => {
        for (const top of new Set(bars.map((bar) => bar.top))) {
          const lane = bars.filter((bar) => bar.top === top).sort((a, b) => a.left - b.left);
          for (const [index, bar] of lane.slice(1).entries()) {
            const before = lane[index];
            expect(bar.left).toBeGreaterThan(before?.right ?? 0);
            expect(bar.left).toBeGreaterThan((before?.left ?? 0) + 7 * (before?.label.length ?? 0));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('puts every point on its bar, and the points in the order of the linearization', () => {
    fc.assert(
      fc.property(drawings, ({ bars }) => {
        const numbered = bars
          .filter((bar) => bar.number !== undefined)
          .sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
        let last = 0;
        for (const { left, right, pointX } of numbered) {
          expect(pointX).toBeGreaterThan(Math.max(last, left));
          expect(pointX).toBeLessThan(right);
          last = pointX ?? 0;
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('the picture of a violation', () => {
  const events = generateEvents({ seed: 11, operations: 80, keys: 1, clients: 4, lostPerMille: 40 });
  const spoilt = (withStaleRead(operationsOf(events), 3) ?? []).map((operation) => ({ ...operation, key: '<k&>' }));
  const report = checkLinearizability(kvModel, spoilt);
  const counterexamples = report.violations.map((failure) => shrinkViolation(kvModel, failure));
  const page = drawViolation(kvModel, counterexamples, {
    title: 'a <b>.jsonl',
    operationCount: report.operationCount,
    keyCount: report.keyCount,
    violatedKeyCount: 3,
  });
  const label = ({ input, outcome }: Operation<Parameters<typeof kvModel.describe>[0], unknown>): string =>
    outcome.type === 'done' ? input.type : '?';

  it('names what contradicts and what is stuck', () => {
    const [counterexample] = counterexamples;
    expect(counterexample?.essential.map(label)).toContain('get');
    for (const { input, outcome } of counterexample?.essential ?? []) {
      if (outcome.type === 'done') expect(page).toContain(kvModel.describe(input, outcome.result));
    }
    expect(page).toContain('does not fit');
    expect(page).toContain('class="cross"');
  });

  it('says when it shows only some of the keys', () => {
    expect(page).toContain('; the first 1 are shown');
  });

  it('escapes what comes from the history', () => {
    expect(page).toContain('a &lt;b&gt;.jsonl');
    expect(page).toContain('&lt;k&amp;&gt;');
    expect(page).not.toContain('<b>');
  });

  it('needs nothing from the network and runs no script', () => {
    expect(page).not.toMatch(/https?:|<script|<link|<img|@import|url\(/);
  });
});
