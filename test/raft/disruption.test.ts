/** What keeps nodes that come back from a network split from disturbing the others: check quorum, leases, pre-vote. */
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';
import { ELECTION_TICKS, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const voteRequest = (from: number, term: number, last: { readonly index: number; readonly term: number }) =>
  ({ type: 'vote', from, term, lastIndex: last.index, lastTerm: last.term, transfer: false }) as const;
const heartbeat = (from: number, term: number) =>
  ({ type: 'heartbeat', from, term, commit: 0, readCounter: 0 }) as const;

describe('check quorum', () => {
  it('a leader that hears from a majority stays leader', () => {
    const network = Network.of(3, { checkQuorum: true });
    network.campaign(1);
    network.tick(1, 5 * ELECTION_TICKS);
    expect(network.leaders).toEqual([1]);
  });

  it('a leader that does not steps down within two election timeouts', () => {
    const leader = new TestNode(1, { voters: VOTERS, checkQuorum: true }).becomeLeader();
    leader.tick(2 * ELECTION_TICKS);
    expect(leader.role).toBe('follower');
    expect(leader.term).toBe(1);
  });

  it('a follower keeps to a leader that it has heard from within the election timeout', () => {
    const node = new TestNode(1, { voters: VOTERS, checkQuorum: true });
    node.receive(heartbeat(2, 1));
    node.tick(ELECTION_TICKS - 1);
    expect(node.step(voteRequest(3, 2, { index: 9, term: 1 }))).toBe('leader-lease');
    expect(node.term).toBe(1);
    node.tick(1);
    node.settle();
    node.step(voteRequest(3, node.term + 1, { index: 9, term: 1 }));
    expect(node.core.vote).toBe(3);
  });

  it('a candidate stuck in a higher term, cut off and back, is freed by an answer to the leader', () => {
    const network = Network.of(3, { checkQuorum: true });
    network.campaign(1);
    network.isolate(3);
    network.campaign(3);
    network.campaign(3);
    network.heal();
    expect(network.node(3).term).toBeGreaterThan(network.node(1).term);
    // Its own requests are ignored while the others hear the leader.
    network.node(3).raw.campaign();
    network.settle();
    expect(network.leaders).toEqual([1]);
    // The leader's next heartbeat is answered with the higher term: it steps down, and a new election joins all in one term.
    network.tick(1, 1);
    expect(network.leaders).toEqual([]);
    network.node(2).tick(2 * ELECTION_TICKS);
    network.settle();
    network.campaign(1);
    const terms = VOTERS.map((id) => network.node(id).term);
    expect(new Set(terms).size).toBe(1);
    expect(network.leaders).toHaveLength(1);
  });

  it('without pre-vote a follower that misses heartbeats disrupts, with it it does not', () => {
    const roleAfterSplit = (preVote: boolean): string => {
      const network = Network.of(3, { checkQuorum: true, preVote });
      network.campaign(1);
      network.isolate(3);
      network.tick(3, 2 * ELECTION_TICKS);
      network.heal();
      network.tick(1, 1);
      return network.node(1).role;
    };
    expect(roleAfterSplit(false)).toBe('follower');
    expect(roleAfterSplit(true)).toBe('leader');
  });
});

describe('pre-vote', () => {
  it('does not raise the term before a majority has promised its votes', () => {
    const network = Network.of(3, { preVote: true });
    network.isolate(1);
    network.tick(1, 5 * ELECTION_TICKS);
    expect(network.node(1).term).toBe(0);
    expect(network.node(1).role).toBe('pre-candidate');
  });

  it('a promise is no vote: the same node may promise to two candidates', () => {
    const node = new TestNode(1, { voters: VOTERS, preVote: true });
    for (const from of [2, 3]) {
      const request = { type: 'pre-vote', from, term: 1, lastIndex: 0, lastTerm: 0, transfer: false } as const;
      expect(ofType(node.receive(request), 'pre-vote-response')).toMatchObject([{ term: 1, rejected: false }]);
    }
    expect(node.core.vote).toBe(0);
    expect(node.term).toBe(0);
  });

  it('a rejection brings a candidate to the term of the node that knows better', () => {
    const network = Network.of(2, { preVote: true });
    const [ahead, behind] = [network.node(1), network.node(2)];
    ahead.receive(heartbeat(2, 5));
    ahead.tick(2 * ELECTION_TICKS);
    behind.raw.campaign();
    network.settle();
    expect(behind.term).toBeGreaterThanOrEqual(5);
  });

  describe('switched on in a running group, one node at a time', () => {
    function migrating(): Network {
      const network = new Network(VOTERS.map((id) => new TestNode(id, { voters: VOTERS, preVote: id !== 3 })));
      network.campaign(1);
      // Node 3, still without pre-vote, raises its term alone; then it restarts with pre-vote and a shorter log.
      network.isolate(3);
      network.campaign(3);
      network.campaign(3);
      network.propose(1, 'some data');
      return new Network([network.node(1), network.node(2), withPreVote(network.node(3))]);
    }

    function withPreVote(node: TestNode): TestNode {
      const { term, vote, commit } = node.core.hardState;
      return new TestNode(3, { voters: VOTERS, preVote: true, log: node.logTerms, term, vote, commit });
    }

    it('a node with a newer term and a shorter log can elect nobody alone, and is elected by nobody', () => {
      const network = migrating();
      network.campaign(3);
      network.campaign(2);
      expect(network.leaders).not.toContain(3);
    });

    it('does not deadlock: the others find the newer term and one of them leads in it', () => {
      const network = migrating();
      network.isolate(1);
      network.campaign(3);
      network.campaign(2);
      network.campaign(3);
      network.campaign(2);
      expect(network.node(2).role).toBe('leader');
      expect(network.node(3).appliedText).toEqual(['some data']);
    });

    it('a leader with an old term hears of the newer one from the answer to its heartbeat', () => {
      const network = migrating();
      const before = network.node(1).term;
      network.tick(1, 1);
      expect(network.node(1).role).toBe('follower');
      expect(network.node(1).term).toBeGreaterThan(before);
    });
  });
});

describe('forgetting the leader', () => {
  it('frees a follower to vote at once', () => {
    const node = new TestNode(1, { voters: VOTERS, checkQuorum: true });
    node.receive(heartbeat(2, 1));
    node.raw.forgetLeader();
    expect(node.step(voteRequest(3, 2, { index: 0, term: 0 }))).toBeUndefined();
    expect(node.core.vote).toBe(3);
  });

  it('does nothing where reads rely on the lease, nor on a leader', () => {
    const follower = new TestNode(1, { voters: VOTERS, checkQuorum: true, readOnlyMode: 'lease-based' });
    follower.receive(heartbeat(2, 1));
    follower.raw.forgetLeader();
    expect(follower.core.leader).toBe(2);
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    leader.raw.forgetLeader();
    expect(leader.core.leader).toBe(1);
  });

  it('lasts until the leader is heard from again', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive(heartbeat(2, 1));
    node.raw.forgetLeader();
    node.receive(heartbeat(2, 1));
    expect(node.core.leader).toBe(2);
  });
});
