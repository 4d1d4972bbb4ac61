import { describe, expect, test } from 'vitest';
import {
  MAX_VOTERS,
  planAdmission,
  planPromotion,
  planRemoval,
  type LearnerProgress,
  type MembershipObservation,
} from '../../src/cluster/membership-plan.js';
import { member, membersOf } from './some-members.js';

const caughtUp = (raftId: number, changed: Partial<LearnerProgress> = {}): LearnerProgress => ({
  raftId,
  match: 1_000,
  recentlyActive: true,
  ...changed,
});
const observed = (changed: Partial<MembershipObservation> = {}): MembershipObservation => ({
  voters: [1, 2, 3],
  learners: [4],
  joint: false,
  commit: 1_000,
  progress: [caughtUp(4)],
  ...changed,
});
const four = membersOf([member(1), member(2), member(3), member(4)]);

describe('promotion', () => {
  test('makes a voter of a learner that has caught up', () => {
    expect(planPromotion(four, observed())).toEqual({ changes: [{ type: 'add-voter', id: 4 }], added: [] });
  });

  test('takes out the raft ids that the node had before in the same change', () => {
    const replacing = membersOf([member(1), member(2), member(3), member(4, 'n2')]);
    expect(planPromotion(replacing, observed())?.changes).toEqual([
      { type: 'add-voter', id: 4 },
      { type: 'remove', id: 2 },
    ]);
  });

  test.each<[string, Partial<MembershipObservation>]>([
    ['another change is under way', { joint: true }],
    ['there is no learner', { learners: [] }],
    ['it lacks more than what is under way in a busy cluster', { progress: [caughtUp(4, { match: 400 })] }],
    ['nothing is known to be on its disk', { commit: 0, progress: [caughtUp(4, { match: 0 })] }],
    ['it is not heard from', { progress: [caughtUp(4, { recentlyActive: false })] }],
    ['the leader knows nothing of it', { progress: [] }],
    ['it is not listed', { learners: [9], progress: [caughtUp(9)] }],
  ])('waits while %s', (_, changed) => {
    expect(planPromotion(four, observed(changed))).toBeUndefined();
  });

  test('takes the next learner when the first cannot be promoted', () => {
    const five = membersOf([...four.list, member(5)]);
    const progress = [caughtUp(4, { recentlyActive: false }), caughtUp(5)];
    expect(planPromotion(five, observed({ learners: [4, 5], progress }))?.changes).toEqual([
      { type: 'add-voter', id: 5 },
    ]);
  });

  test('stops at the largest useful number of voters, but still replaces one of them', () => {
    const voters = Array.from({ length: MAX_VOTERS }, (_, i) => i + 1);
    const list = voters.map((raftId) => member(raftId));
    const at = observed({ voters, learners: [8], progress: [caughtUp(8)] });
    expect(planPromotion(membersOf([...list, member(8)]), at)).toBeUndefined();
    expect(planPromotion(membersOf([...list, member(8, 'n3')]), at)?.changes).toEqual([
      { type: 'add-voter', id: 8 },
      { type: 'remove', id: 3 },
    ]);
  });
});

describe('admission', () => {
  test('adds a learner with its name and addresses', () => {
    const three = membersOf([member(1), member(2), member(3)]);
    expect(planAdmission(three, [], member(4))).toEqual({
      changes: [{ type: 'add-learner', id: 4 }],
      added: [member(4)],
    });
  });

  test('leaves the voter that it will replace, so that the number of voters does not fall', () => {
    const three = membersOf([member(1), member(2), member(3)]);
    expect(planAdmission(three, [], member(4, 'n2')).changes).toEqual([{ type: 'add-learner', id: 4 }]);
  });

  test('takes out learners that were admitted under the name and never came', () => {
    const waiting = membersOf([member(1), member(2), member(3), member(4, 'n2'), member(5, 'n7')]);
    expect(planAdmission(waiting, [4, 5], member(6, 'n2')).changes).toEqual([
      { type: 'add-learner', id: 6 },
      { type: 'remove', id: 4 },
    ]);
  });
});

describe('removal', () => {
  test('takes out every raft id of the name', () => {
    const replacing = membersOf([member(1), member(2), member(3), member(4, 'n2')]);
    expect(planRemoval(replacing, [1, 2, 3], 'n2')?.changes).toEqual([
      { type: 'remove', id: 2 },
      { type: 'remove', id: 4 },
    ]);
  });

  test('leaves the last voter', () => {
    expect(planRemoval(membersOf([member(1), member(2)]), [1], 'n1')).toBeUndefined();
    expect(planRemoval(membersOf([member(1), member(2)]), [1], 'n2')?.changes).toEqual([{ type: 'remove', id: 2 }]);
  });
});
