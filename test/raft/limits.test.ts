/** What a node refuses to hold, and what always passes. */
import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { entryBytes } from '../../src/raft/entry-size.js';
import { LEAVE_JOINT } from '../../src/raft/conf-change.js';
import { accepted, autoChange, entry, TestNode } from './test-node.js';

describe('the limit on uncommitted bytes', () => {
  const payload = 'x'.repeat(10);
  const full = (): TestNode => {
    const node = new TestNode(1, { voters: [1, 2, 3], maxUncommittedBytes: 30 }).becomeLeader();
    for (let i = 0; i < 3; i++) expect(node.propose(payload).type).toBe('appended');
    return node;
  };
  const dropped = { type: 'dropped', reason: 'uncommitted-limit' };

  it('drops what goes beyond it, and takes more once something is applied', () => {
    const node = full();
    expect(node.propose(payload)).toEqual(dropped);
    node.settle();
    node.receive(accepted(2, 1, node.lastIndex));
    expect(node.propose(payload).type).toBe('appended');
  });

  it('is passed by one proposal of any size while nothing is uncommitted', () => {
    const node = new TestNode(1, { voters: [1, 2, 3], maxUncommittedBytes: 30 }).becomeLeader();
    expect(node.propose('x'.repeat(1000)).type).toBe('appended');
    expect(node.propose('x')).toEqual(dropped);
  });

  it('is passed by empty proposals and by leaving a joint configuration', () => {
    const node = new TestNode(1, { voters: [1, 2, 3], maxUncommittedBytes: 30 }).becomeLeader();
    node.propose('x'.repeat(1000));
    expect(node.raw.propose(EMPTY_BYTES).type).toBe('appended');
    expect(node.raw.proposeConfChange(LEAVE_JOINT).type).not.toBe('dropped');
  });

  it('does not keep a new leader from opening its term', () => {
    const node = new TestNode(1, { voters: [1, 2, 3], log: [1, 1], maxUncommittedBytes: 1 });
    node.becomeLeader({ commit: false });
    expect(node.logTerms).toEqual([1, 1, 2]);
    expect(node.propose('x'.repeat(50)).type).toBe('appended');
  });

  it('drops a membership change that does not fit without remembering it as pending', () => {
    const node = full();
    expect(node.raw.proposeConfChange(autoChange({ type: 'add-learner', id: 4 }))).toEqual(dropped);
    node.settle();
    node.receive(accepted(2, 1, node.lastIndex));
    expect(node.raw.proposeConfChange(autoChange({ type: 'add-learner', id: 4 })).type).toBe('appended');
  });
});

describe('the limit on committed bytes per Ready', () => {
  const size = entryBytes(entry(1, 1, 'x'));
  function withCommitted(maxCommittedBytesPerReady: number): TestNode {
    const node = new TestNode(1, { voters: [1, 2, 3], maxCommittedBytesPerReady });
    const entries = ['a', 'b', 'c', 'd', 'e'].map((text, i) => entry(i + 1, 1, text));
    node.step({ type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 5 });
    return node;
  }

  it.each([
    { limit: 1, batches: [1, 1, 1, 1, 1] },
    { limit: 2 * size, batches: [2, 2, 1] },
    { limit: 2 * size + 1, batches: [2, 2, 1] },
    { limit: 100 * size, batches: [5] },
  ])('$limit bytes hand out $batches entries', ({ limit, batches }) => {
    const node = withCommitted(limit);
    const handedOut: number[] = [];
    while (node.raw.hasReady()) handedOut.push(node.handleReady().committedEntries.length);
    expect(handedOut.filter((count) => count > 0)).toEqual(batches);
    expect(node.appliedText).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('proposals elsewhere than on the leader', () => {
  it('are dropped where no leader is known', () => {
    expect(new TestNode(1, { voters: [1, 2, 3] }).propose('x')).toEqual({ type: 'dropped', reason: 'no-leader' });
  });

  it('are forwarded to the leader, unless that is switched off', () => {
    const heartbeat = { type: 'heartbeat', from: 2, term: 1, commit: 0, readCounter: 0 } as const;
    const forwarding = new TestNode(1, { voters: [1, 2, 3] });
    forwarding.receive(heartbeat);
    expect(forwarding.propose('x')).toEqual({ type: 'forwarded', leader: 2 });
    expect(forwarding.settle()).toMatchObject([{ type: 'propose', to: 2, term: 0 }]);
    const strict = new TestNode(1, { voters: [1, 2, 3], disableProposalForwarding: true });
    strict.receive(heartbeat);
    expect(strict.propose('x')).toEqual({ type: 'dropped', reason: 'forwarding-disabled' });
  });

  it('are told apart by term and index on the leader', () => {
    const leader = new TestNode(1, { voters: [1, 2, 3] }).becomeLeader();
    expect(leader.propose('a')).toEqual({ type: 'appended', term: 1, index: 2 });
    expect(leader.propose('b')).toEqual({ type: 'appended', term: 1, index: 3 });
  });
});
