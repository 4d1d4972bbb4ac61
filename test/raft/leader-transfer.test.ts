/** Handing over leadership (Raft thesis, 3.10). */
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';
import { accepted, autoChange, ELECTION_TICKS, ofType, TestNode } from './test-node.js';

function group(options = {}): Network {
  const network = Network.of(3, options);
  network.campaign(1);
  return network;
}

describe('a transfer of leadership', () => {
  it('goes to an up-to-date follower at once', () => {
    const network = group();
    network.node(1).raw.transferLeader(2);
    network.settle();
    expect(network.leaders).toEqual([2]);
  });

  it('gets past the lease and the pre-vote of the others', () => {
    const network = group({ checkQuorum: true, preVote: true });
    network.node(1).raw.transferLeader(2);
    network.settle();
    expect(network.leaders).toEqual([2]);
  });

  it('to a slow follower waits until that has caught up', () => {
    const network = group();
    network.isolate(3);
    network.propose(1, 'missed');
    network.heal();
    network.node(1).raw.transferLeader(3);
    network.settle();
    expect(network.leaders).toEqual([3]);
    expect(network.node(3).appliedText).toEqual(['missed']);
  });

  it('to a follower that needs a snapshot waits for that', () => {
    const network = group();
    network.isolate(3);
    network.propose(1, 'missed');
    const leader = network.node(1);
    leader.compact();
    network.heal();
    leader.raw.transferLeader(3);
    network.settle();
    expect(network.leaders).toEqual([3]);
    expect(network.node(3).storage.firstIndex()).toBe(leader.storage.firstIndex());
  });

  it('can be asked for at a follower, which passes it on', () => {
    const network = group();
    expect(network.node(2).raw.transferLeader(3)).toBeUndefined();
    network.settle();
    expect(network.leaders).toEqual([3]);
  });

  it('cannot be asked for where no leader is known', () => {
    expect(new TestNode(2, { voters: [1, 2, 3] }).raw.transferLeader(3)).toBe('no-leader');
  });

  it('to the leader itself changes nothing', () => {
    const network = group();
    network.node(1).raw.transferLeader(1);
    network.settle();
    expect(network.leaders).toEqual([1]);
    expect(network.node(1).propose('x').type).toBe('appended');
  });

  it.each([
    ['nobody in the group', 9],
    ['a learner', 4],
  ])('to %s is refused', (_, id) => {
    const leader = new TestNode(1, { voters: [1, 2, 3], learners: [4] }).becomeLeader();
    expect(leader.raw.transferLeader(id)).toBe('unknown-peer');
    expect(leader.propose('x').type).toBe('appended');
  });

  it('refuses proposals while it is under way', () => {
    const network = group();
    network.isolate(3);
    const leader = network.node(1);
    leader.raw.transferLeader(3);
    expect(leader.propose('x')).toEqual({ type: 'dropped', reason: 'transfer-in-progress' });
  });

  it('is given up after an election timeout, and the leader takes proposals again', () => {
    const network = group();
    network.isolate(3);
    const leader = network.node(1);
    leader.raw.transferLeader(3);
    network.tick(1, ELECTION_TICKS - 1);
    expect(leader.raw.status().leadTransferee).toBe(3);
    network.tick(1, 1);
    expect(leader.raw.status().leadTransferee).toBe(0);
    expect(leader.propose('x').type).toBe('appended');
  });

  it('is given up when the chosen one is removed', () => {
    const network = group();
    const leader = network.node(1);
    network.isolate(3);
    leader.proposeChanges({ type: 'remove', id: 3 });
    leader.raw.transferLeader(3);
    network.settle();
    expect(leader.raw.status().leadTransferee).toBe(0);
  });

  it('is given up when the chosen one becomes a learner', () => {
    const network = group();
    const leader = network.node(1);
    network.isolate(3);
    leader.raw.proposeConfChange(autoChange({ type: 'add-learner', id: 3 }));
    leader.raw.transferLeader(3);
    network.settle();
    expect(leader.raw.status().leadTransferee).toBe(0);
  });

  it('ends when the leader steps down for another reason', () => {
    const leader = new TestNode(1, { voters: [1, 2, 3] }).becomeLeader();
    leader.raw.transferLeader(3);
    leader.receive({ type: 'heartbeat', from: 2, term: 5, commit: 0, readCounter: 0 });
    expect(leader.raw.status().leadTransferee).toBe(0);
  });

  it('to the same follower again does not start its timeout anew', () => {
    const network = group();
    network.isolate(3);
    const leader = network.node(1);
    leader.raw.transferLeader(3);
    network.tick(1, ELECTION_TICKS - 1);
    leader.raw.transferLeader(3);
    network.tick(1, 1);
    expect(leader.raw.status().leadTransferee).toBe(0);
  });

  it('to another follower replaces the one under way', () => {
    const network = group();
    network.isolate(3);
    const leader = network.node(1);
    leader.raw.transferLeader(3);
    leader.raw.transferLeader(2);
    network.settle();
    expect(network.leaders).toEqual([2]);
  });

  it('that the chosen one cannot finish is made good by the next election', () => {
    const network = group();
    network.drop(({ type, from }) => type === 'vote' && from === 3);
    network.node(1).raw.transferLeader(3);
    network.settle();
    expect(network.node(3).role).toBe('candidate');
    network.heal();
    network.campaign(2);
    network.campaign(2);
    expect(network.leaders).toEqual([2]);
  });

  it('sends the order to campaign as soon as the last entry is acknowledged', () => {
    const leader = new TestNode(1, { voters: [1, 2, 3] }).becomeLeader();
    leader.propose('last');
    leader.settle();
    leader.raw.transferLeader(2);
    expect(ofType(leader.settle(), 'timeout-now')).toEqual([]);
    expect(ofType(leader.receive(accepted(2, 1, 2)), 'timeout-now')).toMatchObject([{ to: 2 }]);
  });
});

describe('an order to campaign', () => {
  const order = { type: 'timeout-now', term: 1 } as const;

  it('is taken from the leader of the term only', () => {
    const node = new TestNode(1, { voters: [1, 2, 3] });
    node.receive({ type: 'heartbeat', from: 2, term: 1, commit: 0, readCounter: 0 });
    expect(node.step({ ...order, from: 3 })).toBe('not-from-leader');
    expect(node.step({ ...order, from: 2 })).toBeUndefined();
    expect(node.role).toBe('candidate');
  });

  it('is not carried out by a node that could not lead', () => {
    const removed = new TestNode(4, { voters: [1, 2, 3] });
    expect(removed.step({ ...order, from: 2 })).toBe('cannot-campaign');
    expect(removed.role).toBe('follower');
  });
});
