/** The clever computations of quorum.ts against plain ones that count every case. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { majorityIndex, majorityVote, quorumIndex, quorumVote } from '../../src/raft/quorum.js';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 7 });
const indexes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 10, maxLength: 10 });
const votes = fc.array(fc.constantFrom(true, false, undefined), { minLength: 10, maxLength: 10 });
const lookup =
  <T>(list: readonly T[], fallback: T) =>
  (id: number): T =>
    list[id] ?? fallback;

/** The largest candidate that more than half of the voters have reached. */
function plainMajorityIndex(voters: readonly number[], acknowledged: (id: number) => number): number {
  if (voters.length === 0) return Infinity;
  const reached = (index: number): boolean =>
    voters.filter((id) => acknowledged(id) >= index).length * 2 > voters.length;
  return Math.max(0, ...voters.map(acknowledged).filter(reached));
}

/** Won if it is won however the missing votes turn out, lost if it is lost however they do. */
function plainMajorityVote(voters: readonly number[], vote: (id: number) => boolean | undefined): string {
  if (voters.length === 0) return 'won';
  const worst = voters.filter((id) => vote(id) === true).length * 2 > voters.length;
  const best = voters.filter((id) => vote(id) !== false).length * 2 > voters.length;
  if (worst) return 'won';
  return best ? 'pending' : 'lost';
}

describe('a majority', () => {
  it('has the index that the plain count has', () => {
    fc.assert(
      fc.property(ids, indexes, (voters, list) => {
        const index = lookup(list, 0);
        expect(majorityIndex(voters, index)).toBe(plainMajorityIndex(voters, index));
      }),
    );
  });

  it('has the result that the plain count has', () => {
    fc.assert(
      fc.property(ids, votes, (voters, list) => {
        const vote = lookup(list, undefined);
        expect(majorityVote(voters, vote)).toBe(plainMajorityVote(voters, vote));
      }),
    );
  });
});

describe('a joint quorum', () => {
  it('has what both halves have, in either order', () => {
    fc.assert(
      fc.property(ids, ids, indexes, (voters, votersOutgoing, list) => {
        const index = lookup(list, 0);
        const expected = Math.min(plainMajorityIndex(voters, index), plainMajorityIndex(votersOutgoing, index));
        expect(quorumIndex({ voters, votersOutgoing }, index)).toBe(expected);
        expect(quorumIndex({ voters: votersOutgoing, votersOutgoing: voters }, index)).toBe(expected);
      }),
    );
  });

  it('is won by both halves and lost by one', () => {
    fc.assert(
      fc.property(ids, ids, votes, (voters, votersOutgoing, list) => {
        const vote = lookup(list, undefined);
        const halves = [plainMajorityVote(voters, vote), plainMajorityVote(votersOutgoing, vote)];
        const expected = halves.includes('lost') ? 'lost' : halves.includes('pending') ? 'pending' : 'won';
        expect(quorumVote({ voters, votersOutgoing }, vote)).toBe(expected);
      }),
    );
  });

  it('with an empty half is the other half', () => {
    fc.assert(
      fc.property(ids, indexes, (voters, list) => {
        const index = lookup(list, 0);
        expect(quorumIndex({ voters, votersOutgoing: [] }, index)).toBe(majorityIndex(voters, index));
      }),
    );
  });
});
