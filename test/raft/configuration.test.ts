/** What membership changes make of a configuration. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { LEAVE_JOINT, type ConfChange, type Transition } from '../../src/raft/conf-change.js';
import { changeConfiguration, isJoint, isValidConfiguration } from '../../src/raft/configuration.js';
import { EMPTY_CONF_STATE, type ConfState } from '../../src/raft/types.js';

const base: ConfState = { ...EMPTY_CONF_STATE, voters: [1, 2, 3], learners: [4] };
const change = (transition: Transition, ...changes: readonly ConfChange[]) => ({
  transition,
  changes,
  context: EMPTY_BYTES,
});

function changed(conf: ConfState, transition: Transition, ...changes: readonly ConfChange[]): ConfState {
  const outcome = changeConfiguration(conf, change(transition, ...changes));
  if (outcome.type === 'impossible') throw new Error(outcome.problem);
  return outcome.conf;
}

describe('a single change', () => {
  it.each([
    ['adds a voter', { type: 'add-voter', id: 5 }, { voters: [1, 2, 3, 5] }],
    ['makes a voter of a learner', { type: 'add-voter', id: 4 }, { voters: [1, 2, 3, 4], learners: [] }],
    ['makes a learner of a voter', { type: 'add-learner', id: 3 }, { voters: [1, 2], learners: [3, 4] }],
    ['adds a learner', { type: 'add-learner', id: 5 }, { learners: [4, 5] }],
    ['removes a voter', { type: 'remove', id: 1 }, { voters: [2, 3] }],
    ['removes a learner', { type: 'remove', id: 4 }, { learners: [] }],
    ['removes nobody who is not there', { type: 'remove', id: 9 }, {}],
    ['updates nothing in the configuration', { type: 'update', id: 2 }, {}],
  ] as const)('%s', (_, single, expected) => {
    expect(changed(base, 'auto', single)).toEqual({ ...base, ...expected });
  });
});

describe('a joint change', () => {
  it('keeps the old voters as the outgoing half and leaves them when it is over', () => {
    const joint = changed(base, 'auto', { type: 'add-voter', id: 5 }, { type: 'remove', id: 1 });
    expect(joint).toEqual({ ...base, voters: [2, 3, 5], votersOutgoing: [1, 2, 3], autoLeave: true });
    expect(changed(joint, 'auto')).toEqual({ ...base, voters: [2, 3, 5] });
  });

  it('makes a voter a learner only when it is left: until then it votes', () => {
    const joint = changed(base, 'joint-explicit', { type: 'add-learner', id: 3 });
    expect(joint).toMatchObject({ votersOutgoing: [1, 2, 3], learners: [4], learnersNext: [3], autoLeave: false });
    expect(changed(joint, 'auto')).toEqual({ ...base, voters: [1, 2], learners: [3, 4] });
  });

  it('is used for one change if that is asked for', () => {
    expect(isJoint(changed(base, 'auto', { type: 'add-voter', id: 5 }))).toBe(false);
    expect(changed(base, 'joint-implicit', { type: 'add-voter', id: 5 }).autoLeave).toBe(true);
  });
});

describe('what cannot be', () => {
  const joint = changed(base, 'joint-explicit', { type: 'add-voter', id: 5 });
  it.each([
    ['a second change while the first is joint', joint, change('auto', { type: 'add-voter', id: 6 }), 'already-joint'],
    ['leaving what is not joint', base, LEAVE_JOINT, 'not-joint'],
    ['a group without voters', { ...base, voters: [1] }, change('auto', { type: 'remove', id: 1 }), 'no-voters-left'],
    [
      'a joint change in a group that has no voters yet',
      EMPTY_CONF_STATE,
      change('joint-implicit', { type: 'add-voter', id: 1 }),
      'no-voters-left',
    ],
  ] as const)('%s', (_, conf, wanted, problem) => {
    expect(changeConfiguration(conf, wanted)).toEqual({ type: 'impossible', problem });
  });
});

describe('any series of changes', () => {
  const single = fc.record({
    type: fc.constantFrom<ConfChange['type']>('add-voter', 'add-learner', 'remove', 'update'),
    // Voter 1 stays, so that there always is one.
    id: fc.integer({ min: 2, max: 7 }),
  });
  const series = fc.array(single, { minLength: 1, maxLength: 8 });

  it('made at once through a joint configuration ends where the changes one by one end', () => {
    fc.assert(
      fc.property(series, series, (before, changes) => {
        const start = before.reduce((conf, each) => changed(conf, 'auto', each), base);
        const oneByOne = changes.reduce((conf, each) => changed(conf, 'auto', each), start);
        expect(changed(changed(start, 'joint-explicit', ...changes), 'auto')).toEqual(oneByOne);
      }),
    );
  });

  it('keeps the rules of a configuration at every step', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 5 }), (rounds) => {
        let conf = base;
        for (const changes of rounds) {
          for (const next of [change('joint-implicit', ...changes), LEAVE_JOINT]) {
            const outcome = changeConfiguration(conf, next);
            if (outcome.type === 'changed') conf = outcome.conf;
            expect(isValidConfiguration(conf)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('a configuration from outside', () => {
  it.each([
    ['ids out of order', { voters: [2, 1] }],
    ['an id twice', { voters: [1, 1] }],
    ['an id that is none', { voters: [0] }],
    ['a voter that is a learner', { learners: [1] }],
    ['an outgoing voter that is a learner', { votersOutgoing: [4] }],
    ['a learner-to-be that is not going out', { votersOutgoing: [1], learnersNext: [5] }],
    ['a learner-to-be that stays a voter', { votersOutgoing: [1], learnersNext: [1] }],
    ['a learner-to-be without a joint configuration', { learnersNext: [1] }],
    ['nothing to leave by itself', { autoLeave: true }],
  ])('is not accepted with %s', (_, wrong) => {
    expect(isValidConfiguration(base)).toBe(true);
    expect(isValidConfiguration({ ...base, ...wrong })).toBe(false);
  });
});
