/**
 * Majorities, and pairs of them while a joint configuration is in force (Raft thesis, 4.3: both must agree). A quorum is
 * given as one or two lists of voter ids; the second is empty when the configuration is not joint.
 *
 * An empty majority agrees to everything. It never stands alone in a group that is up; as the absent half of a joint
 * quorum it has to give way to the other half.
 */

/** The voters of a configuration: those coming in and, in a joint configuration, those going out. */
export interface Quorum {
  readonly voters: readonly number[];
  readonly votersOutgoing: readonly number[];
}

export type VoteResult = 'pending' | 'lost' | 'won';

/** The largest index that a majority has acknowledged, Infinity for no voters. `acknowledged` is 0 when not known. */
export function majorityIndex(voters: readonly number[], acknowledged: (id: number) => number): number {
  if (voters.length === 0) return Infinity;
  const ascending = voters.map(acknowledged).sort((a, b) => a - b);
  const majority = Math.floor(voters.length / 2) + 1;
  return ascending[voters.length - majority] ?? 0;
}

/** The largest index that both majorities have acknowledged. */
export function quorumIndex(quorum: Quorum, acknowledged: (id: number) => number): number {
  return Math.min(majorityIndex(quorum.voters, acknowledged), majorityIndex(quorum.votersOutgoing, acknowledged));
}

/** The state of an election among `voters`. `vote` is undefined while the voter has not answered. */
export function majorityVote(voters: readonly number[], vote: (id: number) => boolean | undefined): VoteResult {
  if (voters.length === 0) return 'won';
  let granted = 0;
  let missing = 0;
  for (const id of voters) {
    const answer = vote(id);
    if (answer === undefined) missing++;
    else if (answer) granted++;
  }
  const majority = Math.floor(voters.length / 2) + 1;
  if (granted >= majority) return 'won';
  return granted + missing >= majority ? 'pending' : 'lost';
}

/** Won if both majorities are, lost as soon as one of them is. */
export function quorumVote(quorum: Quorum, vote: (id: number) => boolean | undefined): VoteResult {
  const incoming = majorityVote(quorum.voters, vote);
  const outgoing = majorityVote(quorum.votersOutgoing, vote);
  if (incoming === outgoing) return incoming;
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending';
}
