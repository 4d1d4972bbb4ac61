/** How much a leader sends to a follower before it hears back. */
import { describe, expect, it } from 'vitest';
import { entryBytes } from '../../src/raft/entry-size.js';
import { Network } from './network.js';
import { accepted, entry, ofType, TestNode, type NodeOptions } from './test-node.js';

/** A leader of two whose follower is known to have everything. */
function leader(options: NodeOptions = {}): TestNode {
  return new TestNode(1, { voters: [1, 2], ...options }).becomeLeader();
}

const progressOf = (node: TestNode, id: number) => node.raw.status().peers.find((peer) => peer.id === id);
const answer = { type: 'heartbeat-response', from: 2, term: 1, readCounter: 0 } as const;

describe('the window of messages under way', () => {
  it('is filled without waiting for answers, and no further', () => {
    const node = leader({ maxInflightAppends: 3 });
    for (const text of ['a', 'b', 'c', 'd', 'e']) node.propose(text);
    expect(ofType(node.settle(), 'append').map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
    expect(progressOf(node, 2)).toMatchObject({ paused: true, inflight: 3, inflightFull: true });
  });

  it('moves on with every acknowledgement, which frees all messages before it', () => {
    const node = leader({ maxInflightAppends: 3 });
    for (let i = 0; i < 6; i++) node.propose('x');
    node.settle();
    // Index 1 opened the term; 2, 3 and 4 are under way; the acknowledgement of 2 was lost.
    const sent = ofType(node.receive(accepted(2, 1, 3)), 'append').filter(({ entries }) => entries.length > 0);
    expect(sent.map(({ prevIndex, entries }) => [prevIndex, entries.length])).toEqual([[4, 3]]);
    expect(progressOf(node, 2)?.inflight).toBe(2);
  });

  it('does not open for an old acknowledgement', () => {
    const node = leader({ maxInflightAppends: 1 });
    node.propose('a');
    node.propose('b');
    node.settle();
    expect(ofType(node.receive(accepted(2, 1, 1)), 'append')).toEqual([]);
    expect(progressOf(node, 2)?.inflightFull).toBe(true);
  });

  it('when all of it was lost, a heartbeat answer brings one empty message, and its answer starts replication again', () => {
    const network = Network.of(2, { maxInflightAppends: 2 });
    network.campaign(1);
    network.drop(({ type, to }) => type === 'append' && to === 2);
    for (let i = 0; i < 5; i++) network.propose(1, `${i}`);
    expect(progressOf(network.node(1), 2)?.inflightFull).toBe(true);
    network.heal();
    network.tick(1, 1);
    expect(network.node(2).logTerms).toEqual(network.node(1).logTerms);
    expect(network.node(1).appliedText).toEqual(['0', '1', '2', '3', '4']);
  });

  it('lets one empty message through for each heartbeat answer, not more', () => {
    const node = leader({ maxInflightAppends: 1 });
    node.propose('a');
    node.propose('b');
    node.settle();
    for (let i = 0; i < 3; i++) {
      expect(ofType(node.receive(answer), 'append').map(({ entries }) => entries.length)).toEqual([0]);
      node.propose('c');
      expect(ofType(node.settle(), 'append')).toEqual([]);
    }
  });

  it('is also limited in bytes; one message may overshoot, so that a large entry can be sent at all', () => {
    const node = leader({ maxAppendBytes: 1000, maxInflightBytes: 1000 });
    for (const size of [600, 600, 600]) node.propose('x'.repeat(size));
    expect(ofType(node.settle(), 'append')).toHaveLength(2);
    expect(ofType(node.receive(accepted(2, 1, 2)), 'append').map(({ prevIndex }) => prevIndex)).toContain(3);
  });
});

describe('a message', () => {
  const limit = 3 * entryBytes(entry(1, 1, 'x'));

  it('holds entries up to the limit', () => {
    const node = leader({ maxAppendBytes: limit, maxInflightAppends: 1 });
    for (let i = 0; i < 8; i++) node.propose('x');
    node.settle();
    const sent = ofType(node.receive(accepted(2, 1, 2)), 'append').filter(({ entries }) => entries.length > 0);
    expect(sent.map(({ entries }) => entries.length)).toEqual([3]);
  });

  it('holds at least one entry, however large', () => {
    const node = leader({ maxAppendBytes: 0 });
    node.propose('a large value');
    expect(ofType(node.settle(), 'append').map(({ entries }) => entries.length)).toEqual([1]);
  });

  it('to a follower that was far behind is followed by as many as the window holds', () => {
    const node = leader({ maxAppendBytes: 0, maxInflightAppends: 4 });
    node.raw.reportUnreachable(2);
    for (let i = 0; i < 8; i++) node.propose('x');
    node.settle();
    const sent = ofType(node.receive(accepted(2, 1, 2)), 'append').filter(({ entries }) => entries.length > 0);
    expect(sent.map(({ prevIndex }) => prevIndex)).toEqual([2, 3, 4, 5]);
  });
});

describe('a probe', () => {
  it('goes alone until it is answered', () => {
    const node = leader();
    node.raw.reportUnreachable(2);
    expect(progressOf(node, 2)?.state).toBe('probe');
    node.propose('a');
    expect(ofType(node.settle(), 'append')).toHaveLength(1);
    node.propose('b');
    expect(ofType(node.settle(), 'append')).toEqual([]);
    expect(ofType(node.receive(answer), 'append')).toHaveLength(1);
  });

  it('answered, lets the rest follow at once', () => {
    const node = leader();
    node.raw.reportUnreachable(2);
    node.propose('a');
    node.propose('b');
    node.settle();
    const sent = ofType(node.receive(accepted(2, 1, 2)), 'append').filter(({ entries }) => entries.length > 0);
    expect(sent).toMatchObject([{ prevIndex: 2 }]);
    expect(progressOf(node, 2)?.state).toBe('replicate');
  });

  it('of a follower that has everything already is answered by a heartbeat round', () => {
    const network = Network.of(2);
    network.campaign(1);
    network.node(1).raw.reportUnreachable(2);
    network.tick(1, 1);
    expect(progressOf(network.node(1), 2)?.state).toBe('replicate');
  });
});
