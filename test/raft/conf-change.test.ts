/** Membership changes as bytes of the log. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeConfChange,
  encodeConfChange,
  LEAVE_JOINT,
  type ConfChange,
  type Transition,
} from '../../src/raft/conf-change.js';

const anyChange = fc.record({
  transition: fc.constantFrom<Transition>('auto', 'joint-implicit', 'joint-explicit'),
  changes: fc.array(
    fc.record({
      type: fc.constantFrom<ConfChange['type']>('add-voter', 'add-learner', 'remove', 'update'),
      id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  context: fc.uint8Array({ maxLength: 20 }),
});

describe('a membership change', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        expect(decodeConfChange(encodeConfChange(change))).toEqual(change);
      }),
    );
  });

  it('that leaves a joint configuration has no bytes, so that no limit can refuse it', () => {
    expect(encodeConfChange(LEAVE_JOINT)).toHaveLength(0);
    expect(decodeConfChange(new Uint8Array())).toEqual(LEAVE_JOINT);
  });

  it('cut short is not taken for another one', () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        const bytes = encodeConfChange({ ...change, context: new Uint8Array() });
        for (let length = 1; length < bytes.length; length++) {
          expect(decodeConfChange(bytes.subarray(0, length))).toBeUndefined();
        }
      }),
    );
  });

  it('is never a reason to throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const change = decodeConfChange(bytes);
        for (const { id } of change?.changes ?? []) expect(Number.isSafeInteger(id) && id > 0).toBe(true);
      }),
    );
  });
});
