/** Linearizable reads (Raft thesis, 6.4). */
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';
import { accepted, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const name = (text: string): Uint8Array => Buffer.from(text);
const named = (node: TestNode): readonly (readonly [string, number])[] =>
  node.readStates.map(({ context, index }) => [Buffer.from(context).toString(), index]);

describe.each(['safe', 'lease-based'] as const)('%s reads', (readOnlyMode) => {
  const options = { readOnlyMode, checkQuorum: true };

  it('are answered with the commit index on the leader, a follower and a learner', () => {
    const nodes = [1, 2, 3].map((id) => new TestNode(id, { voters: [1, 2], learners: [3], ...options }));
    const network = new Network(nodes);
    network.campaign(1);
    for (let round = 0; round < 3; round++) {
      for (const id of [1, 2, 3]) {
        network.propose(1, 'x');
        const { committed } = network.node(1);
        network.node(id).raw.readIndex(name(`${round}`));
        network.settle();
        expect(named(network.node(id)).at(-1)).toEqual([`${round}`, committed]);
      }
    }
  });

  it('wait until the leader has committed an entry of its term', () => {
    const leader = new TestNode(1, { voters: VOTERS, log: [1, 1], commit: 1, ...options });
    leader.becomeLeader({ commit: false });
    leader.raw.readIndex(name('early'));
    expect(ofType(leader.settle(), 'heartbeat')).toEqual([]);
    expect(named(leader)).toEqual([]);
    const heartbeats = ofType(leader.receive(accepted(2, 2, 3)), 'heartbeat');
    if (readOnlyMode === 'safe') {
      const [first] = heartbeats;
      leader.receive({ type: 'heartbeat-response', from: 2, term: 2, readCounter: first?.readCounter ?? 0 });
    }
    expect(named(leader)).toEqual([['early', 3]]);
  });

  it('are refused where no leader is known', () => {
    expect(new TestNode(1, { voters: VOTERS, ...options }).raw.readIndex(name('r'))).toBe('no-leader');
  });
});

describe('a single voter', () => {
  it('answers alone, but not before its own first entry is committed', () => {
    // The stored commit index may be behind what was acknowledged: it is not flushed.
    const node = new TestNode(1, { voters: [1], log: [1, 1, 1], commit: 1 });
    node.raw.campaign();
    while (node.role !== 'leader') node.handleReady();
    node.raw.readIndex(name('r'));
    expect(node.readStates).toEqual([]);
    node.settle();
    expect(named(node)).toEqual([['r', 4]]);
  });
});

describe('the safe way', () => {
  function leaderWithRead(): { readonly leader: TestNode; readonly counter: number } {
    const leader = new TestNode(1, { voters: [1, 2, 3, 4, 5] }).becomeLeader();
    leader.raw.readIndex(name('read'));
    const [heartbeat] = ofType(leader.settle(), 'heartbeat');
    return { leader, counter: heartbeat?.readCounter ?? 0 };
  }
  const answer = (from: number, readCounter: number, term = 1) =>
    ({ type: 'heartbeat-response', from, term, readCounter }) as const;

  it('needs a majority, the leader included', () => {
    const { leader, counter } = leaderWithRead();
    leader.receive(answer(2, counter));
    expect(leader.readStates).toEqual([]);
    leader.receive(answer(2, counter));
    expect(leader.readStates).toEqual([]);
    leader.receive(answer(3, counter));
    expect(named(leader)).toEqual([['read', 1]]);
  });

  it('does not count an answer to a heartbeat from before the read', () => {
    const { leader, counter } = leaderWithRead();
    leader.raw.readIndex(name('later'));
    leader.settle();
    leader.receive(answer(2, counter));
    leader.receive(answer(3, counter));
    expect(named(leader)).toEqual([['read', 1]]);
  });

  it('matches answers by its own counter: reads with the same context do not confirm one another', () => {
    const { leader, counter } = leaderWithRead();
    leader.raw.readIndex(name('read'));
    leader.settle();
    for (const from of [2, 3]) leader.receive(answer(from, counter));
    expect(leader.readStates).toHaveLength(1);
    for (const from of [2, 3]) leader.receive(answer(from, counter + 1));
    expect(leader.readStates).toHaveLength(2);
  });

  it('never uses a counter twice, not even in a later term', () => {
    const { leader, counter } = leaderWithRead();
    leader.receive({ type: 'heartbeat', from: 2, term: 2, commit: 0, readCounter: 0 });
    leader.becomeLeader();
    leader.raw.readIndex(name('read'));
    const [heartbeat] = ofType(leader.settle(), 'heartbeat');
    expect(heartbeat?.readCounter).toBeGreaterThan(counter);
  });

  it('an answer to a later read confirms the earlier ones, with their own indexes', () => {
    const { leader, counter } = leaderWithRead();
    leader.propose('x');
    leader.settle();
    for (const from of [2, 3]) leader.receive(accepted(from, 1, 2));
    leader.raw.readIndex(name('later'));
    leader.settle();
    leader.receive(answer(2, counter + 1));
    leader.receive(answer(3, counter + 1));
    expect(named(leader)).toEqual([
      ['read', 1],
      ['later', 2],
    ]);
  });

  it('refuses an answer to a read that was never asked about', () => {
    const { leader, counter } = leaderWithRead();
    expect(leader.step(answer(2, counter + 1))).toBe('beyond-log');
    expect(leader.step(answer(3, counter + 1))).toBe('beyond-log');
    leader.settle();
    expect(leader.readStates).toEqual([]);
  });

  it('repeats the newest counter with every heartbeat, so that a lost one costs a heartbeat interval', () => {
    const { leader, counter } = leaderWithRead();
    leader.tick();
    expect(ofType(leader.settle(), 'heartbeat').map(({ readCounter }) => readCounter)).toEqual(Array(4).fill(counter));
  });

  it('forgets the reads of a leader that is deposed, and their memory', () => {
    const { leader } = leaderWithRead();
    leader.receive({ type: 'heartbeat', from: 2, term: 2, commit: 0, readCounter: 0 });
    expect(leader.core.reads.size).toBe(0);
    expect(leader.readStates).toEqual([]);
  });

  it('keeps no answered read', () => {
    const { leader, counter } = leaderWithRead();
    for (const from of [2, 3]) leader.receive(answer(from, counter));
    expect(leader.core.reads.size).toBe(0);
  });

  it('a leader cut off from the majority answers nothing', () => {
    const network = Network.of(3);
    network.campaign(1);
    network.isolate(1);
    network.campaign(2);
    network.propose(2, 'newer');
    network.node(1).raw.readIndex(name('stale'));
    network.tick(1, 5);
    expect(network.node(1).readStates).toEqual([]);
  });

  it('holds no more reads than allowed', () => {
    const leader = new TestNode(1, { voters: VOTERS, maxPendingReads: 2 }).becomeLeader();
    const refusals = ['a', 'b', 'c'].map((text) => leader.raw.readIndex(name(text)));
    expect(refusals).toEqual([undefined, undefined, 'too-many-reads']);
  });

  it('counts again when the group shrinks to a quorum that has answered already', () => {
    const leader = new TestNode(1, { voters: [1, 2] }).becomeLeader();
    leader.raw.readIndex(name('r'));
    leader.proposeChanges({ type: 'remove', id: 2 });
    leader.settle();
    expect(leader.readStates).toEqual([]);
    leader.receive(accepted(2, 1, leader.lastIndex));
    expect(named(leader)).toEqual([['r', 1]]);
  });
});

describe('a forwarded read', () => {
  const request = { type: 'read-index', from: 2, term: 0, context: name('r') } as const;

  it('is not forwarded again', () => {
    const follower = new TestNode(1, { voters: VOTERS });
    follower.receive({ type: 'heartbeat', from: 3, term: 1, commit: 0, readCounter: 0 });
    expect(follower.step(request)).toBe('no-leader');
    expect(follower.settle()).toEqual([]);
  });

  it('is answered to the node that asked', () => {
    const leader = new TestNode(1, { voters: VOTERS, checkQuorum: true, readOnlyMode: 'lease-based' }).becomeLeader();
    expect(ofType(leader.receive(request), 'read-index-response')).toMatchObject([{ to: 2, index: 1 }]);
    expect(leader.readStates).toEqual([]);
  });

  it('is answered only by the leader', () => {
    const follower = new TestNode(1, { voters: VOTERS });
    follower.receive({ type: 'heartbeat', from: 3, term: 1, commit: 0, readCounter: 0 });
    const forged = { type: 'read-index-response', from: 2, term: 1, index: 9, context: name('r') } as const;
    expect(follower.step(forged)).toBe('not-from-leader');
    expect(follower.step({ ...forged, from: 3 })).toBeUndefined();
  });
});
