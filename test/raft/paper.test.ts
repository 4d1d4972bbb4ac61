/** "In Search of an Understandable Consensus Algorithm", section by section. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import type { Role } from '../../src/raft/ready.js';
import { Network } from './network.js';
import { accepted, ELECTION_TICKS, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];

function nodeInRole(role: Role): TestNode {
  const node = new TestNode(1, { voters: VOTERS });
  switch (role) {
    case 'follower':
      node.receive({ type: 'heartbeat', from: 2, term: 1, commit: 0, readCounter: 0 });
      break;
    case 'pre-candidate':
    case 'candidate':
      node.raw.campaign();
      node.settle();
      break;
    case 'leader':
      node.becomeLeader();
      break;
  }
  return node;
}

const probe = (from: number, term: number) =>
  ({ type: 'append', from, term, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 }) as const;

describe('5.1 terms', () => {
  it.each(['follower', 'candidate', 'leader'] as const)('a %s takes over a newer term and follows', (role) => {
    const node = nodeInRole(role);
    node.receive(probe(2, 7));
    expect(node.term).toBe(7);
    expect(node.role).toBe('follower');
    expect(node.core.leader).toBe(2);
  });

  it('a message with an older term has no effect', () => {
    const node = new TestNode(1, { voters: VOTERS, term: 2 });
    expect(node.step({ ...probe(2, 1), entries: [entry(1, 1)] })).toBe('stale-term');
    expect(node.lastIndex).toBe(0);
    expect(node.core.leader).toBe(0);
  });
});

describe('5.2 leader election', () => {
  it('a node starts as a follower', () => {
    expect(new TestNode(1, { voters: VOTERS }).role).toBe('follower');
  });

  it('a leader sends heartbeats to all its followers at every interval', () => {
    const leader = new TestNode(1, { voters: VOTERS, heartbeatTicks: 2 }).becomeLeader();
    leader.tick();
    expect(leader.settle()).toEqual([]);
    leader.tick();
    expect(ofType(leader.settle(), 'heartbeat').map(({ to }) => to)).toEqual([2, 3]);
  });

  it.each([
    ['a follower that hears nothing', 'follower'],
    ['a candidate that is not elected', 'candidate'],
  ] as const)('%s starts an election in the next term, votes for itself and asks all others', (_, role) => {
    const node = nodeInRole(role);
    const before = node.term;
    node.tick(2 * ELECTION_TICKS - 1);
    const requests = ofType(node.settle(), 'vote');
    expect(node.term).toBe(before + 1);
    expect(node.role).toBe('candidate');
    expect(node.core.vote).toBe(1);
    expect(requests.map(({ to, term }) => [to, term])).toEqual([
      [2, before + 1],
      [3, before + 1],
    ]);
  });

  it.each([
    { size: 1, granted: [], rejected: [], role: 'leader' },
    { size: 3, granted: [2, 3], rejected: [], role: 'leader' },
    { size: 3, granted: [2], rejected: [], role: 'leader' },
    { size: 5, granted: [2, 3, 4, 5], rejected: [], role: 'leader' },
    { size: 5, granted: [2, 3, 4], rejected: [], role: 'leader' },
    { size: 5, granted: [2, 3], rejected: [], role: 'leader' },
    { size: 3, granted: [], rejected: [2, 3], role: 'follower' },
    { size: 5, granted: [], rejected: [2, 3, 4, 5], role: 'follower' },
    { size: 5, granted: [2], rejected: [3, 4, 5], role: 'follower' },
    { size: 3, granted: [], rejected: [], role: 'candidate' },
    { size: 5, granted: [2], rejected: [], role: 'candidate' },
    { size: 5, granted: [], rejected: [], role: 'candidate' },
  ])('of $size voters $granted grant and $rejected reject: the candidate is $role', (round) => {
    const voters = Array.from({ length: round.size }, (_, i) => i + 1);
    const node = new TestNode(1, { voters });
    node.raw.campaign();
    node.settle();
    for (const from of round.granted) node.receive({ type: 'vote-response', from, term: 1, rejected: false });
    for (const from of round.rejected) node.receive({ type: 'vote-response', from, term: 1, rejected: true });
    expect(node.role).toBe(round.role);
    expect(node.term).toBe(1);
  });

  it.each([
    { vote: 0, from: 1, granted: true },
    { vote: 0, from: 2, granted: true },
    { vote: 1, from: 1, granted: true },
    { vote: 2, from: 2, granted: true },
    { vote: 1, from: 2, granted: false },
    { vote: 2, from: 1, granted: false },
  ])('a follower votes for one candidate a term: has voted for $vote, is asked by $from', ({ vote, from, granted }) => {
    const node = new TestNode(3, { voters: VOTERS, term: 1, vote });
    const [response] = ofType(
      node.receive({ type: 'vote', from, term: 1, lastIndex: 0, lastTerm: 0, transfer: false }),
      'vote-response',
    );
    expect(response).toMatchObject({ to: from, term: 1, rejected: !granted });
  });

  it.each([1, 2])('a candidate that hears from a leader of term %i, not older than its own, follows it', (term) => {
    const node = nodeInRole('candidate');
    node.receive(probe(2, term));
    expect(node.role).toBe('follower');
    expect(node.term).toBe(term);
  });

  it.each(['follower', 'candidate'] as const)('election timeouts of a %s are spread over T .. 2T-1 ticks', (role) => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 400; seed++) {
      const node = new TestNode(1, { voters: VOTERS, prng: new Prng(seed) });
      if (role === 'candidate') node.raw.campaign();
      node.settle();
      const before = node.term;
      let ticks = 0;
      for (; node.term === before; ticks++) node.tick();
      seen.add(ticks);
    }
    const expected = Array.from({ length: ELECTION_TICKS }, (_, i) => ELECTION_TICKS + i);
    expect([...seen].sort((a, b) => a - b)).toEqual(expected);
  });

  it.each(['follower', 'candidate'] as const)('in most rounds a single %s times out first', (role) => {
    const rounds = 500;
    let conflicts = 0;
    for (let round = 0; round < rounds; round++) {
      const nodes = [1, 2, 3, 4, 5].map(
        (id) => new TestNode(id, { voters: [1, 2, 3, 4, 5], prng: new Prng(round * 5 + id) }),
      );
      for (const node of nodes) {
        if (role === 'candidate') node.raw.campaign();
        node.settle();
      }
      const started = nodes[0]?.term ?? 0;
      let timedOut = 0;
      while (timedOut === 0) {
        for (const node of nodes) node.tick();
        timedOut = nodes.filter(({ term }) => term > started).length;
      }
      if (timedOut > 1) conflicts++;
    }
    // With five nodes and ten slots 33% of all rounds collide in the first occupied slot.
    expect(conflicts / rounds).toBeLessThan(0.4);
  });
});

describe('5.3 log replication', () => {
  it('a leader appends a proposal and sends it to all followers in parallel', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    const last = leader.lastIndex;
    leader.propose('some data');
    const sent = ofType(leader.settle(), 'append');
    expect(sent.map(({ to, prevIndex, commit }) => [to, prevIndex, commit])).toEqual([
      [2, last, last],
      [3, last, last],
    ]);
    for (const { entries } of sent) expect(entries).toEqual([entry(last + 1, 1, 'some data')]);
    expect(leader.committed).toBe(last);
  });

  it('an entry that a majority has is committed, applied, and named in the next messages', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    leader.propose('some data');
    leader.settle();
    const sent = ofType(leader.receive(accepted(2, 1, 2)), 'append');
    expect(leader.committed).toBe(2);
    expect(leader.appliedText).toEqual(['some data']);
    expect(sent.map(({ to, commit }) => [to, commit])).toEqual([
      [2, 2],
      [3, 2],
    ]);
  });

  it.each([
    { size: 1, acknowledged: [], committed: true },
    { size: 3, acknowledged: [], committed: false },
    { size: 3, acknowledged: [2], committed: true },
    { size: 3, acknowledged: [2, 3], committed: true },
    { size: 5, acknowledged: [], committed: false },
    { size: 5, acknowledged: [2], committed: false },
    { size: 5, acknowledged: [2, 3], committed: true },
    { size: 5, acknowledged: [2, 3, 4, 5], committed: true },
  ])(
    'of $size nodes the leader and $acknowledged have it: committed $committed',
    ({ size, acknowledged, committed }) => {
      const voters = Array.from({ length: size }, (_, i) => i + 1);
      const leader = new TestNode(1, { voters }).becomeLeader();
      leader.propose('some data');
      leader.settle();
      for (const from of acknowledged) leader.receive(accepted(from, 1, 2));
      expect(leader.committed === 2).toBe(committed);
    },
  );

  it.each([[[]], [[2]], [[1, 2]], [[1]]])(
    'committing an entry commits all before it, of earlier terms too: %j',
    (log) => {
      const leader = new TestNode(1, { voters: VOTERS, log, term: 2 }).becomeLeader({ commit: false });
      leader.propose('some data');
      leader.settle();
      leader.receive(accepted(2, 3, leader.lastIndex));
      expect(leader.applied.map(({ term }) => term)).toEqual([...log, 3, 3]);
    },
  );

  it.each([1, 2, 3])('a follower that learns that %i entries are committed applies them in order', (commit) => {
    const node = new TestNode(1, { voters: VOTERS });
    const entries = [entry(1, 1, 'a'), entry(2, 1, 'b'), entry(3, 1, 'c')];
    node.receive({ type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries, commit });
    expect(node.applied).toEqual(entries.slice(0, commit));
  });

  it.each([
    { prevIndex: 0, prevTerm: 0, answer: { rejected: false, index: 1 } },
    { prevIndex: 1, prevTerm: 1, answer: { rejected: false, index: 1 } },
    { prevIndex: 2, prevTerm: 2, answer: { rejected: false, index: 2 } },
    { prevIndex: 2, prevTerm: 1, answer: { rejected: true, index: 2, hintIndex: 1, hintTerm: 1 } },
    { prevIndex: 3, prevTerm: 3, answer: { rejected: true, index: 3, hintIndex: 2, hintTerm: 2 } },
  ])('a follower with terms 1, 2, the first committed, is asked about ($prevIndex, $prevTerm)', (example) => {
    const { prevIndex, prevTerm, answer } = example;
    const node = new TestNode(1, { voters: VOTERS, log: [1, 2], commit: 1 });
    const [response] = ofType(
      node.receive({ type: 'append', from: 2, term: 3, prevIndex, prevTerm, entries: [], commit: 0 }),
      'append-response',
    );
    expect(response).toMatchObject(answer);
  });

  it.each([
    { prevIndex: 2, prevTerm: 2, terms: [3], log: [1, 2, 3], written: [3] },
    { prevIndex: 1, prevTerm: 1, terms: [3, 4], log: [1, 3, 4], written: [3, 4] },
    { prevIndex: 0, prevTerm: 0, terms: [1], log: [1, 2], written: [] },
    { prevIndex: 0, prevTerm: 0, terms: [3], log: [3], written: [3] },
  ])('a follower with terms 1, 2 takes terms $terms after $prevIndex and has $log', (example) => {
    const { prevIndex, prevTerm, terms, log, written } = example;
    const node = new TestNode(1, { voters: VOTERS, log: [1, 2] });
    const entries = terms.map((term, i) => entry(prevIndex + 1 + i, term));
    node.step({ type: 'append', from: 2, term: 4, prevIndex, prevTerm, entries, commit: 0 });
    expect(node.raw.ready().entries.map(({ term }) => term)).toEqual(written);
    expect(node.logTerms).toEqual(log);
  });

  // Figure 7: what a follower's log may look like when the leader at the top comes to power.
  const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  it.each([
    ['a', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['b', [1, 1, 1, 4]],
    ['c', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e', [1, 1, 1, 4, 4, 4, 4]],
    ['f', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])('figure 7: the leader brings follower (%s) to its own log', (_, log) => {
    const term = 8;
    const leader = new TestNode(1, { voters: VOTERS, log: leaderLog, term });
    const follower = new TestNode(2, { voters: VOTERS, log, term: term - 1 });
    // The third node's log lets the leader win.
    const network = new Network([leader, follower, new TestNode(3, { voters: VOTERS })]);
    network.campaign(1);
    network.propose(1, 'one more');
    expect(leader.role).toBe('leader');
    expect(follower.logTerms).toEqual([...leaderLog, term + 1, term + 1]);
    expect(follower.committed).toBe(leader.committed);
  });
});

describe('5.4.1 election restriction', () => {
  it.each([[[1]], [[1, 2]]])('a vote request tells the last entry of the log %j', (log) => {
    const node = new TestNode(1, { voters: VOTERS, log });
    node.raw.campaign();
    const requests = ofType(node.settle(), 'vote');
    expect(requests.map(({ to, lastIndex, lastTerm }) => [to, lastIndex, lastTerm])).toEqual([
      [2, log.length, log.at(-1)],
      [3, log.length, log.at(-1)],
    ]);
  });

  it.each([
    // Same last term.
    { log: [1], lastTerm: 1, lastIndex: 1, granted: true },
    { log: [1], lastTerm: 1, lastIndex: 2, granted: true },
    { log: [1, 1], lastTerm: 1, lastIndex: 1, granted: false },
    // The candidate's is newer.
    { log: [1], lastTerm: 2, lastIndex: 1, granted: true },
    { log: [1], lastTerm: 2, lastIndex: 2, granted: true },
    { log: [1, 1], lastTerm: 2, lastIndex: 1, granted: true },
    // The voter's is newer.
    { log: [2], lastTerm: 1, lastIndex: 1, granted: false },
    { log: [2], lastTerm: 1, lastIndex: 2, granted: false },
    { log: [2, 1], lastTerm: 1, lastIndex: 1, granted: false },
  ])('a voter with log $log is asked by one that ends at ($lastIndex, $lastTerm)', (example) => {
    const { log, lastTerm, lastIndex, granted } = example;
    const node = new TestNode(1, { voters: VOTERS, log, term: 2 });
    const [response] = ofType(
      node.receive({ type: 'vote', from: 2, term: 3, lastIndex, lastTerm, transfer: false }),
      'vote-response',
    );
    expect(response?.rejected).toBe(!granted);
  });
});

describe('5.4.2 committing entries from previous terms', () => {
  it.each([
    { acknowledged: 1, committed: 0 },
    { acknowledged: 2, committed: 0 },
    { acknowledged: 3, committed: 3 },
  ])('a leader of term 3 with log 1, 2, 3 hears of $acknowledged entries on a majority', (example) => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 2], term: 2 }).becomeLeader({ commit: false });
    leader.receive(accepted(2, 3, example.acknowledged));
    expect(leader.committed).toBe(example.committed);
  });
});
