/** Followers that need what the leader's log no longer has (Raft paper, section 7). */
import { describe, expect, it } from 'vitest';
import type { ConfState, Snapshot } from '../../src/raft/types.js';
import { Network } from './network.js';
import { accepted, ELECTION_TICKS, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const conf = (voters: readonly number[], learners: readonly number[] = []): ConfState => ({
  voters,
  votersOutgoing: [],
  learners,
  learnersNext: [],
  autoLeave: false,
});
const snapshotAt = (index: number, term: number, confState = conf(VOTERS)): Snapshot => ({
  metadata: { index, term, confState },
  data: Buffer.from('state'),
});
const send = (snapshot: Snapshot, term = 5) => ({ type: 'snapshot', from: 2, term, snapshot }) as const;

/** A leader that follower 2, which has nothing, needs a snapshot of. */
function leaderWithSnapshotUnderWay(): TestNode {
  const leader = new TestNode(1, { voters: [1, 2, 3], log: [1, 1, 1], commit: 3 }).becomeLeader({ commit: false });
  leader.receive(accepted(3, 2, 4));
  leader.compact();
  leader.propose('after');
  const rejection = { type: 'append-response', from: 2, term: 2, index: 3, rejected: true, hintIndex: 0, hintTerm: 0 };
  leader.receive({ ...rejection, type: 'append-response' });
  return leader;
}

const follower = (leader: TestNode) => leader.raw.status().peers.find(({ id }) => id === 2);
const heartbeatAnswer = { type: 'heartbeat-response', from: 2, term: 2, readCounter: 0 } as const;

describe('a follower', () => {
  it('takes log and membership from the snapshot and acknowledges it with the write', () => {
    const node = new TestNode(1, { voters: [1, 2] });
    node.step(send(snapshotAt(11, 4)));
    const ready = node.handleReady();
    expect(ready.snapshot?.metadata.index).toBe(11);
    expect(ready.messages).toMatchObject([{ type: 'append-response', index: 11, rejected: false }]);
    expect(node.core.tracker.conf.voters).toEqual(VOTERS);
    expect(node.core.log.lastEntryId()).toEqual({ index: 11, term: 4 });
    expect(node.raw.status()).toMatchObject({ applied: 11, firstIndex: 12 });
  });

  it('ignores one that is not newer than its commit index, and says how far it is', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 3 });
    expect(node.step(send(snapshotAt(2, 1)))).toBe('obsolete-snapshot');
    expect(ofType(node.settle(), 'append-response')).toMatchObject([{ index: 3 }]);
    expect(node.logTerms).toEqual([1, 1, 1]);
  });

  it('keeps its log, and only commits, if that has everything already', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1, 1], commit: 1 });
    expect(node.step(send(snapshotAt(3, 1)))).toBe('obsolete-snapshot');
    node.settle();
    expect(node.committed).toBe(3);
    expect(node.logTerms).toEqual([1, 1, 1, 1]);
  });

  it('throws away a log that contradicts the snapshot', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 2, 2, 2, 2] });
    node.receive(send(snapshotAt(3, 4)));
    expect(node.logTerms).toEqual([]);
    expect(node.lastIndex).toBe(3);
    expect(node.core.log.term(3)).toBe(4);
  });

  it('goes on with entries after it', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.step(send(snapshotAt(3, 4)));
    const next = { type: 'append', from: 2, term: 5, prevIndex: 3, prevTerm: 4 } as const;
    node.receive({ ...next, entries: [entry(4, 5, 'next')], commit: 4 });
    expect(node.appliedText).toEqual(['next']);
  });

  it('does not campaign before it is stored: it may say that this node is no voter', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.step(send(snapshotAt(3, 4)));
    expect(node.raw.campaign()).toBe('not-promotable');
    node.tick(3 * ELECTION_TICKS);
    expect(node.role).toBe('follower');
    node.settle();
    expect(node.raw.campaign()).toBeUndefined();
  });

  it('becomes what the snapshot says: learner, voter in a joint configuration', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive(send(snapshotAt(3, 4, conf([2, 3], [1]))));
    expect(node.raw.campaign()).toBe('not-promotable');
    const joint = { voters: [2], votersOutgoing: [1, 2], learners: [], learnersNext: [1], autoLeave: true };
    node.receive(send(snapshotAt(9, 4, joint)));
    expect(node.raw.campaign()).toBeUndefined();
  });

  it('takes one in which it is not a member yet: it may have been added later', () => {
    const node = new TestNode(4);
    node.receive(send(snapshotAt(3, 4)));
    expect(node.lastIndex).toBe(3);
  });

  it('restarts from it', () => {
    const node = new TestNode(1);
    node.receive(send(snapshotAt(3, 4)));
    node.restart();
    expect(node.raw.status()).toMatchObject({ applied: 3, lastIndex: 3, confState: conf(VOTERS) });
  });
});

describe('a leader', () => {
  it('sends a snapshot when the log does not reach back, and nothing else until it has arrived', () => {
    const leader = leaderWithSnapshotUnderWay();
    expect(follower(leader)).toMatchObject({ state: 'snapshot', pendingSnapshot: 4, next: 5, paused: true });
    leader.propose('more');
    expect(ofType(leader.settle(), 'append').map(({ to }) => to)).toEqual([3]);
    expect(ofType(leader.receive(heartbeatAnswer), 'append')).toEqual([]);
  });

  it('goes on when the follower acknowledges it', () => {
    const leader = leaderWithSnapshotUnderWay();
    const sent = ofType(leader.receive(accepted(2, 2, 4)), 'append');
    expect(sent.map(({ prevIndex, entries }) => [prevIndex, entries.length])).toContainEqual([4, 1]);
    expect(follower(leader)?.state).toBe('replicate');
  });

  it('goes on as well when the follower got another snapshot that the log continues', () => {
    const leader = leaderWithSnapshotUnderWay();
    leader.receive(accepted(3, 2, 5));
    leader.receive(accepted(2, 2, 5));
    expect(follower(leader)?.state).toBe('replicate');
  });

  it('told that it has arrived, waits for a word of the follower and probes from there', () => {
    const leader = leaderWithSnapshotUnderWay();
    leader.raw.reportSnapshot(2, true);
    expect(follower(leader)).toMatchObject({ state: 'probe', next: 5, paused: true, pendingSnapshot: 0 });
    expect(ofType(leader.receive(heartbeatAnswer), 'append')).toMatchObject([{ prevIndex: 4 }]);
  });

  it('told that it failed, tries again from what it knows', () => {
    const leader = leaderWithSnapshotUnderWay();
    leader.raw.reportSnapshot(2, false);
    expect(follower(leader)).toMatchObject({ state: 'probe', next: 1, paused: true });
    expect(ofType(leader.receive(heartbeatAnswer), 'snapshot')).toHaveLength(1);
  });

  it('ignores a report for a follower that needs no snapshot', () => {
    const leader = leaderWithSnapshotUnderWay();
    leader.raw.reportSnapshot(3, true);
    leader.raw.reportSnapshot(9, true);
    expect(leader.raw.status().peers.find(({ id }) => id === 3)?.state).toBe('replicate');
  });

  it('sends none to a follower that it has not heard from', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 3 }).becomeLeader({ commit: false });
    leader.receive(accepted(3, 2, 4));
    leader.compact();
    leader.raw.core.tracker.of(2)?.maybeDecrease(3, 0);
    leader.propose('x');
    expect(ofType(leader.settle(), 'snapshot')).toEqual([]);
  });

  it('waits for a snapshot that is still being made', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 3 }).becomeLeader({ commit: false });
    leader.receive(accepted(3, 2, 4));
    leader.compact();
    const made = leader.storage.snapshot();
    leader.storage.snapshot = () => 'unavailable';
    const rejection = { type: 'append-response', from: 2, term: 2, index: 3, rejected: true } as const;
    expect(leader.receive({ ...rejection, hintIndex: 0, hintTerm: 0 })).toEqual([]);
    leader.storage.snapshot = () => made;
    expect(ofType(leader.receive(heartbeatAnswer), 'snapshot')).toHaveLength(1);
  });
});

describe('a group', () => {
  it('brings a member up to date that missed what was compacted', () => {
    const network = Network.of(3);
    network.campaign(1);
    network.isolate(3);
    for (let i = 0; i < 5; i++) network.propose(1, `${i}`);
    network.node(1).compact();
    network.heal();
    network.propose(1, 'after');
    network.tick(1, 2);
    expect(network.node(3).appliedText).toEqual(['after']);
    expect(network.node(3).raw.status().applied).toBe(network.node(1).raw.status().applied);
  });

  it('brings up a new member with a snapshot from before it was added', () => {
    const voters = [1, 2];
    const network = new Network([
      new TestNode(1, { voters }),
      new TestNode(2, { voters }),
      // Knows nobody yet.
      new TestNode(3),
    ]);
    network.campaign(1);
    network.propose(1, 'before');
    network.node(1).compact();
    network.node(1).proposeChanges({ type: 'add-voter', id: 3 });
    network.settle();
    network.tick(1, 2);
    expect(network.node(3).conf.voters).toEqual([1, 2, 3]);
    expect(network.node(3).raw.status().applied).toBe(network.node(1).raw.status().applied);
  });
});
