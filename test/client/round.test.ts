import { expect, test } from 'vitest';
import { DcacheError, type ErrorCode } from '../../src/base/errors.js';
import { Round } from '../../src/client/round.js';

function roundOf(...codes: ErrorCode[]): Round {
  const round = new Round();
  codes.forEach((code, i) => round.add(`n${i + 1}:1`, new DcacheError(code, `${code} of n${i + 1}`)));
  return round;
}

test('is final when every node lacks others or does not answer', () => {
  expect(roundOf('UNREACHABLE', 'NOT_ENOUGH_NODES').isFinal).toBe(true);
  expect(roundOf('UNREACHABLE', 'NO_LEADER', 'UNREACHABLE').isFinal).toBe(false);
  expect(roundOf('SHUTTING_DOWN').isFinal).toBe(false);
});

test('tells what a node said, not that another one is silent', () => {
  expect(roundOf('NOT_ENOUGH_NODES', 'UNREACHABLE').verdict().message).toBe('NOT_ENOUGH_NODES of n1');
  expect(roundOf('NO_LEADER', 'NOT_ENOUGH_NODES', 'UNREACHABLE').verdict().message).toBe('NOT_ENOUGH_NODES of n2');
});

test('when nobody answers, names all who were asked', () => {
  expect(roundOf('UNREACHABLE').verdict().message).toBe('UNREACHABLE of n1');
  const verdict = roundOf('UNREACHABLE', 'UNREACHABLE').verdict();
  expect([verdict.code, verdict.message]).toEqual(['UNREACHABLE', 'none of 2 nodes answers: n1:1, n2:1']);
});
