/** A group that changes its members (Raft thesis, 4). */
import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { LEAVE_JOINT, type ConfChange, type Transition } from '../../src/raft/conf-change.js';
import type { PeerMessage } from '../../src/raft/messages.js';
import { Network } from './network.js';
import { accepted, autoChange, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const change = (transition: Transition, ...changes: readonly ConfChange[]) => ({
  transition,
  changes,
  context: EMPTY_BYTES,
});

function leaderOf(voters: readonly number[], options = {}): TestNode {
  return new TestNode(1, { voters, ...options }).becomeLeader();
}

/** Commits what has been proposed with the help of `followers`. */
function commitWith(leader: TestNode, ...followers: readonly number[]): void {
  leader.settle();
  for (const from of followers) leader.receive(accepted(from, leader.term, leader.lastIndex));
}

describe('a membership change', () => {
  it('takes effect when it is applied, not when it is appended', () => {
    const leader = leaderOf(VOTERS);
    leader.proposeChanges({ type: 'add-voter', id: 4 });
    leader.settle();
    expect(leader.conf.voters).toEqual(VOTERS);
    commitWith(leader, 2);
    expect(leader.conf.voters).toEqual([1, 2, 3, 4]);
  });

  it('has an old form of entry for single changes, with the same effect', () => {
    const leader = leaderOf([1]);
    leader.raw.proposeSingleConfChange({ type: 'add-learner', id: 2 }, Buffer.from('address'));
    leader.settle();
    expect(leader.entries.at(-1)?.type).toBe('conf-change');
    expect(leader.conf.learners).toEqual([2]);
  });

  it('is refused while an earlier one may not be applied, and an empty entry takes its place', () => {
    const leader = leaderOf(VOTERS);
    leader.proposeChanges({ type: 'add-voter', id: 4 });
    const refused = leader.proposeChanges({ type: 'add-voter', id: 5 });
    expect(refused).toEqual({ type: 'conf-change-refused', reason: 'earlier-change-pending' });
    expect(leader.entries.at(-1)).toEqual(entry(3, 1));
    commitWith(leader, 2);
    expect(leader.conf.voters).toEqual([1, 2, 3, 4]);
  });

  it('is refused by a new leader until its log is applied: there may be one in it', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 1] }).becomeLeader({ commit: false });
    expect(leader.proposeChanges({ type: 'add-voter', id: 4 })).toMatchObject({ type: 'conf-change-refused' });
    commitWith(leader, 2);
    expect(leader.proposeChanges({ type: 'add-voter', id: 4 })).toMatchObject({ type: 'appended' });
  });

  it.each([
    ['leaving what is not joint', LEAVE_JOINT, 'not-joint'],
    ['removing the last voter', autoChange({ type: 'remove', id: 1 }), 'no-voters-left'],
  ] as const)('is refused when it is impossible: %s', (_, wanted, reason) => {
    const leader = leaderOf([1]);
    expect(leader.raw.proposeConfChange(wanted)).toEqual({ type: 'conf-change-refused', reason });
    leader.settle();
    expect(leader.conf.voters).toEqual([1]);
  });

  it('that is impossible and comes through all the same changes nothing', () => {
    const leader = leaderOf([1], { disableConfChangeValidation: true });
    leader.proposeChanges({ type: 'remove', id: 1 });
    leader.settle();
    expect(leader.conf.voters).toEqual([1]);
    expect(leader.role).toBe('leader');
  });

  it('without validation may follow one that is not applied yet', () => {
    const leader = leaderOf([1], { disableConfChangeValidation: true });
    leader.raw.proposeConfChange(change('joint-explicit', { type: 'add-learner', id: 2 }));
    leader.raw.proposeConfChange(LEAVE_JOINT);
    leader.settle();
    expect(leader.conf).toMatchObject({ voters: [1], votersOutgoing: [], learners: [2] });
  });

  it('applied again after a restart leads to the same configuration', () => {
    const node = leaderOf([1]);
    node.proposeChanges({ type: 'add-learner', id: 2 });
    node.settle();
    node.proposeChanges({ type: 'add-learner', id: 3 });
    node.settle();
    const before = node.conf;
    node.restart();
    node.settle();
    expect(node.conf).toEqual(before);
  });
});

describe('a joint configuration', () => {
  it('commits by both majorities', () => {
    const leader = leaderOf([1, 2, 3]);
    leader.raw.proposeConfChange(change('joint-explicit', { type: 'add-voter', id: 4 }, { type: 'add-voter', id: 5 }));
    commitWith(leader, 2);
    const { committed } = leader;
    leader.propose('x');
    // Three of the five incoming ones, but of the outgoing ones the leader alone.
    commitWith(leader, 4, 5);
    expect(leader.committed).toBe(committed);
    commitWith(leader, 2);
    expect(leader.committed).toBe(committed + 1);
  });

  it('elects by both majorities', () => {
    const node = new TestNode(1, { voters: [1, 2, 3] });
    const joint = { voters: [1, 4, 5], votersOutgoing: [1, 2, 3], learners: [], learnersNext: [], autoLeave: false };
    const snapshot = { metadata: { index: 3, term: 1, confState: joint }, data: EMPTY_BYTES };
    node.receive({ type: 'snapshot', from: 2, term: 1, snapshot });
    node.raw.campaign();
    expect(ofType(node.settle(), 'vote').map(({ to }) => to)).toEqual([2, 3, 4, 5]);
    node.receive({ type: 'vote-response', from: 4, term: 2, rejected: false });
    expect(node.role).toBe('candidate');
    node.receive({ type: 'vote-response', from: 2, term: 2, rejected: false });
    expect(node.role).toBe('leader');
  });

  it('is left by itself when that was asked for', () => {
    const network = Network.of(3);
    network.campaign(1);
    network.node(1).proposeChanges({ type: 'remove', id: 3 }, { type: 'add-learner', id: 2 });
    network.settle();
    expect(network.node(1).conf).toMatchObject({ voters: [1], votersOutgoing: [], learners: [2] });
    expect(network.node(2).conf).toEqual(network.node(1).conf);
  });

  it('is left by the next leader if the first one dies in it', () => {
    const network = Network.of(5);
    network.campaign(1);
    const leavesIt = (message: PeerMessage): boolean =>
      message.type === 'append' && message.entries.some(({ type, data }) => type !== 'normal' && data.length === 0);
    network.drop(leavesIt);
    network.node(1).proposeChanges({ type: 'remove', id: 5 }, { type: 'add-learner', id: 6 });
    network.settle();
    network.tick(1, 1);
    expect(network.node(2).conf.autoLeave).toBe(true);
    network.heal();
    network.isolate(1);
    network.campaign(2);
    expect(network.node(2).conf).toMatchObject({ voters: [1, 2, 3, 4], votersOutgoing: [], learners: [6] });
  });

  it('is left on request when that was asked for, and takes no other change before', () => {
    const leader = leaderOf([1]);
    leader.raw.proposeConfChange(change('joint-explicit', { type: 'add-learner', id: 2 }));
    leader.settle();
    expect(leader.conf.votersOutgoing).toEqual([1]);
    const refused = leader.proposeChanges({ type: 'add-learner', id: 3 });
    expect(refused).toEqual({ type: 'conf-change-refused', reason: 'already-joint' });
    leader.settle();
    leader.raw.proposeConfChange(LEAVE_JOINT);
    leader.settle();
    expect(leader.conf).toMatchObject({ voters: [1], votersOutgoing: [], learners: [2] });
  });
});

describe('a new member', () => {
  it('is sent something at once, and counts as active until it had a chance to answer', () => {
    const leader = leaderOf([1], { checkQuorum: true });
    leader.proposeChanges({ type: 'add-voter', id: 2 });
    const sent = ofType(leader.settle(), 'append');
    expect(sent.map(({ to }) => to)).toEqual([2]);
    leader.tick(10);
    expect(leader.role).toBe('leader');
  });

  it('as a learner gets the log and does not count', () => {
    const network = new Network([1, 2, 3].map((id) => new TestNode(id, { voters: [1, 2], learners: [3] })));
    network.campaign(1);
    network.cut(1, 2);
    network.propose(1, 'a');
    expect(network.node(1).appliedText).toEqual([]);
    expect(network.node(3).lastIndex).toBe(network.node(1).lastIndex);
  });

  it('that replaces a node which lost its log joins under a new id; under its old one it is found out', () => {
    const network = Network.of(3);
    network.campaign(1);
    network.propose(1, 'a');
    const forgetful = new TestNode(3, { voters: VOTERS });
    const refusal = forgetful.step({ type: 'heartbeat', from: 1, term: 1, commit: 2, readCounter: 0 });
    expect(refusal).toBe('beyond-log');
    // The first members of this group stand in no entry; a new one hears of them from a snapshot.
    network.node(1).compact();
    const successor = new TestNode(4);
    const next = new Network([network.node(1), network.node(2), successor]);
    next.node(1).proposeChanges({ type: 'remove', id: 3 }, { type: 'add-learner', id: 4 });
    next.settle();
    next.tick(1, 2);
    expect(successor.conf).toMatchObject({ voters: [1, 2], learners: [4] });
    expect(successor.raw.status().applied).toBe(next.node(1).raw.status().applied);
    expect(successor.raw.campaign()).toBe('not-promotable');
  });
});

describe('a member that leaves', () => {
  it('may take the missing acknowledgement with it: what the smaller group has is committed', () => {
    const leader = leaderOf([1, 2]);
    leader.proposeChanges({ type: 'remove', id: 2 });
    leader.propose('x');
    leader.settle();
    leader.receive(accepted(2, 1, 2));
    expect(leader.appliedText).toEqual(['x']);
  });

  it('is not heard any more when it answers', () => {
    const leader = leaderOf([1, 2]);
    leader.proposeChanges({ type: 'remove', id: 2 });
    commitWith(leader, 2);
    expect(leader.step(accepted(2, 1, leader.lastIndex))).toBe('unknown-peer');
  });

  it('and leads: it goes on without counting itself, and takes no more proposals', () => {
    const leader = leaderOf([1, 2, 3]);
    leader.proposeChanges({ type: 'remove', id: 1 });
    commitWith(leader, 2);
    expect(leader.role).toBe('leader');
    expect(leader.propose('x')).toEqual({ type: 'dropped', reason: 'leader-removed' });
  });

  it.each([
    ['removed', { type: 'remove', id: 1 }],
    ['made a learner', { type: 'add-learner', id: 1 }],
  ] as const)('and leads, is %s and steps down if that is configured', (_, single) => {
    const leader = leaderOf([1, 2, 3], { stepDownOnRemoval: true });
    leader.proposeChanges(single);
    commitWith(leader, 2);
    expect(leader.role).toBe('follower');
    expect(leader.raw.campaign()).toBe('not-promotable');
  });
});
