/** Bringing logs together: reordered, repeated and lost messages, conflicts, and what is safe to commit. */
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';
import { accepted, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const append = (prevIndex: number, prevTerm: number, terms: readonly number[], commit = 0, term = 5) =>
  ({
    type: 'append',
    from: 2,
    term,
    prevIndex,
    prevTerm,
    entries: terms.map((entryTerm, i) => entry(prevIndex + 1 + i, entryTerm)),
    commit,
  }) as const;
const rejected = (from: number, term: number, index: number, hintIndex: number, hintTerm: number) =>
  ({ type: 'append-response', from, term, index, rejected: true, hintIndex, hintTerm }) as const;

describe('a follower', () => {
  it('truncates on conflict only: an old message, arriving late, takes away nothing', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive(append(0, 0, [5, 5, 5]));
    node.receive(append(0, 0, [5]));
    node.receive(append(1, 5, []));
    expect(node.logTerms).toEqual([5, 5, 5]);
  });

  it('acknowledges only what the message matched, not what else its log holds', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1, 1] });
    const [response] = ofType(node.receive(append(1, 1, [1])), 'append-response');
    expect(response).toMatchObject({ rejected: false, index: 2 });
  });

  it('commits no further than the message matched', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1, 1] });
    node.receive(append(1, 1, [1], 4));
    expect(node.committed).toBe(2);
  });

  it('answers an append from before its commit index with that index', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 2 });
    expect(ofType(node.receive(append(0, 0, [1])), 'append-response')).toMatchObject([{ rejected: false, index: 2 }]);
  });

  it('never moves its commit index back', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 3 });
    node.receive({ type: 'heartbeat', from: 2, term: 5, commit: 1, readCounter: 0 });
    node.receive(append(3, 1, [], 1));
    expect(node.committed).toBe(3);
  });

  it('hints past a whole tail of terms that the leader cannot have', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 3, 3, 4, 4, 5, 5, 5, 6] });
    // The leader's terms up to index 8 are 3 at most.
    const [response] = ofType(node.receive(append(8, 3, [], 0, 7)), 'append-response');
    expect(response).toMatchObject({ rejected: true, index: 8, hintIndex: 3, hintTerm: 3 });
  });

  it('does not take what a heartbeat says for committed beyond its own log', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1] });
    expect(node.step({ type: 'heartbeat', from: 2, term: 5, commit: 2, readCounter: 0 })).toBe('beyond-log');
    expect(node.committed).toBe(0);
  });
});

describe('a leader', () => {
  it('probes where the logs may match, past terms that the follower cannot have', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 3, 3, 3, 5, 5, 5, 5, 5] }).becomeLeader({
      commit: false,
    });
    // The follower's log is 1 1 1 1 2 2: only index 1 can match.
    const sent = ofType(leader.receive(rejected(2, 6, 9, 6, 2)), 'append');
    expect(sent).toMatchObject([{ prevIndex: 1, prevTerm: 1 }]);
  });

  it('is not led back by a rejection that is older than what it knows', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    leader.propose('x');
    leader.settle();
    leader.receive(accepted(2, 1, 2));
    expect(ofType(leader.receive(rejected(2, 1, 1, 0, 0)), 'append')).toEqual([]);
    expect(leader.raw.status().peers[1]).toMatchObject({ state: 'replicate', match: 2 });
  });

  it('is not led back by a repeated rejection of a probe that it has moved on from', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 1, 1] }).becomeLeader({ commit: false });
    leader.receive(rejected(2, 2, 3, 1, 1));
    const before = leader.raw.status().peers[1];
    expect(ofType(leader.receive(rejected(2, 2, 3, 0, 0)), 'append')).toEqual([]);
    expect(leader.raw.status().peers[1]).toEqual(before);
  });

  it('goes back with every rejected probe, whatever the hint', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 1, 1] }).becomeLeader({ commit: false });
    const sent = ofType(leader.receive(rejected(2, 2, 3, 99, 0)), 'append');
    expect(sent).toMatchObject([{ prevIndex: 2 }]);
  });

  it('is not confused by acknowledgements out of order', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    for (const text of ['a', 'b', 'c']) leader.propose(text);
    leader.settle();
    for (const index of [4, 2, 3]) leader.receive(accepted(2, 1, index));
    expect(leader.raw.status().peers[1]).toMatchObject({ match: 4, next: 5, inflight: 0 });
    expect(leader.committed).toBe(4);
  });

  it('tells a follower of commits only as far as that one is known to have', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    leader.propose('x');
    leader.settle();
    leader.receive(accepted(2, 1, 2));
    leader.tick();
    expect(ofType(leader.settle(), 'heartbeat').map(({ to, commit }) => [to, commit])).toEqual([
      [2, 2],
      [3, 1],
    ]);
  });

  it('refuses an acknowledgement of entries that it does not have', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    expect(leader.step(accepted(2, 1, 99))).toBe('beyond-log');
    expect(leader.step(accepted(3, 1, 99))).toBe('beyond-log');
    expect(leader.committed).toBe(1);
  });

  it('does not commit entries of earlier terms by counting them', () => {
    // Figure 8 of the paper: the entry of term 2 is on a majority, but can still be overwritten.
    const leader = new TestNode(1, { voters: [1, 2, 3, 4, 5], log: [1, 2], term: 3 }).becomeLeader({ commit: false });
    for (const from of [2, 3]) leader.receive(accepted(from, 4, 2));
    expect(leader.committed).toBe(0);
    for (const from of [2, 3]) leader.receive(accepted(from, 4, 3));
    expect(leader.committed).toBe(3);
  });

  it('ignores whoever else claims to lead its term', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    expect(leader.step(append(1, 1, [1], 0, 1))).toBe('not-from-leader');
    expect(leader.role).toBe('leader');
  });
});

describe('a group', () => {
  it('replicates through reordering and repetition', () => {
    const network = Network.of(3);
    network.campaign(1);
    const leader = network.node(1);
    for (let i = 0; i < 5; i++) leader.propose(`${i}`);
    const toSecond = ofType(leader.settle(), 'append').filter(({ to }) => to === 2);
    for (const message of [...toSecond].reverse()) network.node(2).raw.step(message);
    for (const message of [...toSecond, ...toSecond]) network.node(2).raw.step(message);
    network.settle();
    expect(network.node(2).appliedText).toEqual(['0', '1', '2', '3', '4']);
  });

  it('commits without a minority, which catches up when it is back', () => {
    const network = Network.of(5);
    network.campaign(1);
    for (const id of [4, 5]) network.isolate(id);
    network.propose(1, 'a');
    expect(network.node(1).appliedText).toEqual(['a']);
    network.heal();
    network.tick(1, 1);
    for (const node of network.nodes.values()) expect(node.appliedText).toEqual(['a']);
  });

  it('commits nothing without a majority, and commits it under a new leader that has it', () => {
    const network = Network.of(3);
    network.campaign(1);
    network.cut(1, 3);
    network.drop(({ type }) => type === 'append-response');
    network.propose(1, 'a');
    expect(network.node(1).appliedText).toEqual([]);
    network.heal();
    network.isolate(1);
    network.campaign(2);
    expect(network.node(3).appliedText).toEqual(['a']);
  });
});
