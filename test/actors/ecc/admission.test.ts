/** Which writes are let through, wait or are refused, by what the members have told of their memory. */
import { beforeEach, expect, test } from 'vitest';
import { Admission } from '../../../src/actors/ecc/admission.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { KeyWrite } from '../../../src/store/kv-decisions.js';
import { ALWAYS, FOREVER } from '../../../src/store/requests.js';
import { FakePartition } from './fake-partition.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const SET: KeyWrite = {
  type: 'set',
  key: bytes('k'),
  value: bytes('value'),
  lifetime: FOREVER,
  condition: ALWAYS,
  returnOld: false,
};
const DELETE: KeyWrite = { type: 'delete', key: bytes('k'), condition: ALWAYS };
const LARGEST_BYTES = 10_000;
/** Longer than any write waits for memory. */
const LONG_MS = 60_000;

let primary: FakePartition;
let admission: Admission;

beforeEach(() => {
  primary = new FakePartition();
  admission = new Admission({
    primary,
    largestWriteBytes: LARGEST_BYTES,
    onRefused: () => undefined,
    onWaiting: () => undefined,
  });
});

const admit = (write: KeyWrite, nowMs: number): unknown => {
  const verdict = admission.admit(write, 0, 0, nowMs);
  return verdict instanceof DcacheError ? verdict.code : verdict;
};

test('everything is let through where nobody has a cap', () => {
  expect(admit(SET, 0)).toBe('now');
});

test('without room a write waits as long as some may come, and no longer than its patience', () => {
  primary.memory.allowanceBytes = 0;
  primary.memory.pressure = 'relieving';
  primary.memory.heardAtMs = 100;
  expect(admit(SET, 100)).toBe('wait');
  primary.memory.heardAtMs = LONG_MS;
  expect(admit(SET, LONG_MS)).toBe('STORE_FULL');
});

test('full is who has said so a moment ago', () => {
  primary.memory.allowanceBytes = 0;
  primary.memory.pressure = 'full';
  primary.memory.heardAtMs = 0;
  expect(admit(SET, 200)).toBe('wait');
  primary.memory.heardAtMs = 190;
  expect(admit(SET, 200)).toBe('STORE_FULL');
});

test('a member that has told nothing yet is not full: the write waits, however long', () => {
  primary.memory.allowanceBytes = 0;
  primary.memory.heardAtMs = -Infinity;
  expect(admit(SET, LONG_MS)).toBe('wait');
});

test('what makes the data no larger is let through under any pressure', () => {
  primary.memory.allowanceBytes = 5_000;
  primary.memory.pressure = 'full';
  expect(admit(DELETE, LONG_MS)).toBe('now');
});

test('a write that the cap could never hold is refused at once', () => {
  primary.memory.allowanceBytes = 0;
  expect(admit({ ...SET, value: new Uint8Array(2 * LARGEST_BYTES) }, 0)).toBe('STORE_FULL');
});
