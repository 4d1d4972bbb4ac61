import { expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { describeFault, drawFault, FAULT_KINDS, kindsFor, type FaultKind } from './faults.js';

const NODES = ['n1', 'n2', 'n3'];

function drawMany(seed: number, kinds: readonly FaultKind[], suffering: readonly string[] = []): string[] {
  const prng = new Prng(seed);
  return Array.from({ length: 500 }, () => describeFault(drawFault(prng, kinds, { nodes: NODES, suffering })));
}

test('the same seed draws the same faults', () => {
  expect(drawMany(7, FAULT_KINDS)).toEqual(drawMany(7, FAULT_KINDS));
  expect(drawMany(7, FAULT_KINDS)).not.toEqual(drawMany(8, FAULT_KINDS));
});

test('every kind is drawn, and no other than asked for', () => {
  const drawn = (kinds: readonly FaultKind[]): string[] => [
    ...new Set(drawMany(1, kinds).map((text) => text.split(' ')[0] ?? '')),
  ];
  expect(drawn(FAULT_KINDS).sort()).toEqual([...FAULT_KINDS].sort());
  expect(drawn(['pause'])).toEqual(['pause']);
});

test('the two ends of a link are different nodes', () => {
  for (const text of drawMany(1, ['cut', 'reset'], ['n2'])) {
    const [, one, other] = / (n\d)>(n\d)/.exec(text) ?? [];
    expect(one).toMatch(/^n/);
    expect(one).not.toBe(other);
  }
});

test('those who suffer are hit more often', () => {
  const hitsOf = (texts: string[]): number => texts.filter((text) => text.includes('n3')).length;
  expect(hitsOf(drawMany(1, ['kill'], ['n3']))).toBeGreaterThan(1.2 * hitsOf(drawMany(1, ['kill'])));
});

test('all nodes are killed at once only in raft mode and only when asked for', () => {
  expect(kindsFor('raft', true)).toContain('crash-all');
  expect(kindsFor('raft', false)).not.toContain('crash-all');
  expect(kindsFor('ecc', true)).not.toContain('crash-all');
});
