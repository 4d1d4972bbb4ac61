/** Elections beyond the paper's basics: who is elected, who votes, and who may not campaign. */
import { describe, expect, it } from 'vitest';
import { encodeConfChange } from '../../src/raft/conf-change.js';
import { Network } from './network.js';
import { autoChange, ELECTION_TICKS, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const voteRequest = (from: number, term: number, last: { readonly index: number; readonly term: number }) =>
  ({ type: 'vote', from, term, lastIndex: last.index, lastTerm: last.term, transfer: false }) as const;
const heartbeat = (from: number, term: number) =>
  ({ type: 'heartbeat', from, term, commit: 0, readCounter: 0 }) as const;

describe.each([false, true])('with pre-vote %s', (preVote) => {
  it('one of three campaigns and is elected', () => {
    const network = Network.of(3, { preVote });
    network.campaign(1);
    expect(network.leaders).toEqual([1]);
  });

  it('a candidate without a majority is not elected', () => {
    const network = Network.of(3, { preVote });
    network.isolate(1);
    network.campaign(1);
    expect(network.leaders).toEqual([]);
    expect(network.node(1).role).toBe(preVote ? 'pre-candidate' : 'candidate');
  });

  it('leadership can go round', () => {
    const network = Network.of(3, { preVote });
    for (const id of VOTERS) {
      network.campaign(id);
      expect(network.leaders).toEqual([id]);
    }
  });

  it('a new leader overwrites entries with a higher index, and of a later term, that were not committed', () => {
    // Nodes 1 and 2 have an entry of term 1; 3 led term 2 for a moment; 4 and 5 only voted in it.
    const voters = [1, 2, 3, 4, 5];
    const nodes = [
      new TestNode(1, { voters, preVote, log: [1] }),
      new TestNode(2, { voters, preVote, log: [1] }),
      new TestNode(3, { voters, preVote, log: [2] }),
      new TestNode(4, { voters, preVote, term: 2, vote: 3 }),
      new TestNode(5, { voters, preVote, term: 2, vote: 3 }),
    ];
    const network = new Network(nodes);
    // The first attempt tells node 1 of term 2, the second one succeeds.
    network.campaign(1);
    expect(network.node(1).role).toBe('follower');
    expect(network.node(1).term).toBe(2);
    network.campaign(1);
    expect(network.leaders).toEqual([1]);
    expect(network.node(1).term).toBe(3);
    for (const node of nodes) expect(node.logTerms).toEqual([1, 3]);
  });

  it('a candidate with a stale log loses, and catches up from whoever leads', () => {
    const network = Network.of(3, { preVote });
    network.isolate(1);
    network.campaign(2);
    network.propose(2, 'a');
    network.heal();
    network.campaign(1);
    expect(network.node(1).role).not.toBe('leader');
    network.tick(2, 2);
    expect(network.node(1).appliedText).toEqual(['a']);
  });
});

describe('votes', () => {
  it.each(['follower', 'candidate', 'leader'] as const)('a %s votes in a newer term and follows', (role) => {
    const node = new TestNode(1, { voters: VOTERS });
    if (role === 'leader') node.becomeLeader();
    else if (role === 'candidate') node.raw.campaign();
    node.settle();
    const responses = ofType(node.receive(voteRequest(2, 9, { index: 42, term: 8 })), 'vote-response');
    expect(responses).toMatchObject([{ to: 2, term: 9, rejected: false }]);
    expect(node.role).toBe('follower');
    expect(node.core.vote).toBe(2);
  });

  it('a follower of a leader gives its vote in that term to nobody else', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive(heartbeat(2, 1));
    expect(ofType(node.receive(voteRequest(3, 1, { index: 9, term: 1 })), 'vote-response')).toMatchObject([
      { rejected: true },
    ]);
  });

  it.each([
    ['that gives its vote', voteRequest(2, 1, { index: 0, term: 0 })],
    ['that hears from its leader', heartbeat(2, 1)],
    ['that gets entries', { type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 }],
  ] as const)('a follower %s waits a full election timeout before it campaigns', (_, message) => {
    const node = new TestNode(1, { voters: VOTERS, term: 1 });
    node.tick(ELECTION_TICKS - 1);
    node.receive(message);
    node.tick(ELECTION_TICKS - 1);
    expect(node.role).toBe('follower');
  });

  it('a follower that refuses its vote does not wait for it', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1], term: 1 });
    node.tick(ELECTION_TICKS - 1);
    node.receive(voteRequest(2, 1, { index: 0, term: 0 }));
    expect(node.core.electionElapsed).toBe(ELECTION_TICKS - 1);
  });

  it('a learner votes when it is asked: it may have become a voter without knowing', () => {
    const node = new TestNode(3, { voters: [1, 2], learners: [3] });
    expect(ofType(node.receive(voteRequest(2, 1, { index: 0, term: 0 })), 'vote-response')).toMatchObject([
      { rejected: false },
    ]);
  });

  it('a voter counts once, and cannot change its mind', () => {
    const node = new TestNode(1, { voters: [1, 2, 3, 4, 5] });
    node.raw.campaign();
    node.settle();
    for (let i = 0; i < 3; i++) node.receive({ type: 'vote-response', from: 2, term: 1, rejected: false });
    expect(node.role).toBe('candidate');
    node.receive({ type: 'vote-response', from: 3, term: 1, rejected: true });
    node.receive({ type: 'vote-response', from: 3, term: 1, rejected: false });
    expect(node.role).toBe('candidate');
  });

  it('neither a learner nor a node outside the group campaigns', () => {
    const learner = new TestNode(3, { voters: [1, 2], learners: [3] });
    const outsider = new TestNode(4, { voters: VOTERS });
    for (const node of [learner, outsider]) {
      node.tick(10 * ELECTION_TICKS);
      expect(node.raw.campaign()).toBe('not-promotable');
      expect(node.settle()).toEqual([]);
      expect(node.term).toBe(0);
    }
  });

  it('answers to a pre-vote do not count in the election that follows it', () => {
    const node = new TestNode(1, { voters: [1, 2, 3, 4, 5], preVote: true });
    node.raw.campaign();
    node.settle();
    for (const from of [2, 3]) node.receive({ type: 'pre-vote-response', from, term: 1, rejected: false });
    expect(node.role).toBe('candidate');
    expect(node.step({ type: 'pre-vote-response', from: 4, term: 1, rejected: false })).toBe('wrong-role');
    expect(node.role).toBe('candidate');
  });
});

describe('membership changes and elections', () => {
  const data = encodeConfChange(autoChange({ type: 'add-voter', id: 4 }));
  const entries = [{ ...entry(1, 1), type: 'conf-change-v2', data }] as const;

  it('a committed but unapplied membership change blocks campaigning, by tick, by wish and by transfer', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.step({ type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 1 });
    expect(node.raw.campaign()).toBe('unapplied-conf-change');
    expect(node.step({ type: 'timeout-now', from: 2, term: 1 })).toBe('cannot-campaign');
    node.tick(3 * ELECTION_TICKS);
    expect(node.role).toBe('follower');
    node.settle();
    expect(node.raw.campaign()).toBeUndefined();
  });

  it('an uncommitted one does not', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive({ type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 0 });
    expect(node.raw.campaign()).toBeUndefined();
  });
});
