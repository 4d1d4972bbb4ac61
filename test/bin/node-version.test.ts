import { expect, test } from 'vitest';
import { satisfies } from '../../bin/node-version.mjs';

test.each([
  ['20.19.0', true],
  ['20.20.1', true],
  ['22.0.0', true],
  ['100.1.0', true],
  ['20.18.3', false],
  ['18.99.0', false],
])('Node %s satisfies >=20.19: %s', (version, expected) => {
  expect(satisfies(version, '>=20.19')).toBe(expected);
});

test('a range of another form is refused rather than misread', () => {
  expect(() => satisfies('20.19.0', '^20.19')).toThrow('engines.node must look like');
});
