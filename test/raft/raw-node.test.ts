/** Starting, restarting, and the contract of Ready. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { MemoryStorage } from '../../src/raft/memory-storage.js';
import { RawNode } from '../../src/raft/raw-node.js';
import { accepted, entry, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];

describe('a restarted node', () => {
  it('keeps term, vote, log and commit index, and applies what is committed again', () => {
    const node = new TestNode(1, { voters: [1] }).becomeLeader();
    node.propose('a');
    node.settle();
    const before = node.core.hardState;
    node.restart();
    expect(node.core.hardState).toEqual(before);
    expect(node.role).toBe('follower');
    node.settle();
    expect(node.appliedText).toEqual(['a']);
  });

  it('has nothing to tell that its shell does not know', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1], commit: 0 });
    expect(node.raw.hasReady()).toBe(false);
  });

  it('goes on after what its state machine has applied', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 3, applied: 2 });
    expect(node.raw.ready().committedEntries.map(({ index }) => index)).toEqual([3]);
  });

  it('takes what was applied for committed, even if the stored commit index is behind', () => {
    const node = new TestNode(1, { voters: VOTERS, log: [1, 1, 1], commit: 1, applied: 2 });
    expect(node.committed).toBe(2);
  });

  it('forgets its leader and gives nobody a lease', () => {
    const node = new TestNode(1, { voters: VOTERS, checkQuorum: true });
    node.receive({ type: 'heartbeat', from: 2, term: 1, commit: 0, readCounter: 0 });
    node.restart();
    const request = { type: 'vote', from: 3, term: 2, lastIndex: 0, lastTerm: 0, transfer: false } as const;
    expect(node.step(request)).toBeUndefined();
  });

  it('and its group serve again after all of it was down', () => {
    const node = new TestNode(1, { voters: VOTERS }).becomeLeader();
    node.propose('a');
    node.settle();
    node.receive(accepted(2, 1, 2));
    node.restart();
    node.becomeLeader();
    expect(node.appliedText).toEqual(['a']);
    expect(node.propose('b')).toMatchObject({ type: 'appended', term: 2 });
  });
});

describe('a Ready', () => {
  it('is taken once and advanced before the next one', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.raw.ready();
    expect(() => node.raw.ready()).toThrow('a Ready is advanced before the next one is taken');
    node.raw.advance();
    expect(() => node.raw.advance()).toThrow('only a Ready that was taken is advanced');
  });

  it('brings messages in the order in which they were made, acknowledgements last', () => {
    const node = new TestNode(1, { voters: [1, 2, 3] }).becomeLeader();
    node.propose('a');
    node.step({ type: 'heartbeat', from: 3, term: 2, commit: 0, readCounter: 0 });
    node.step({ type: 'append', from: 3, term: 2, prevIndex: 1, prevTerm: 1, entries: [entry(2, 2)], commit: 0 });
    expect(node.raw.ready().messages.map(({ type }) => type)).toEqual([
      'append',
      'append',
      'heartbeat-response',
      'append-response',
    ]);
  });

  it('hands out committed entries that are not durable yet together with the write that makes them so', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.step({ type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, entries: [entry(1, 1, 'a')], commit: 1 });
    const ready = node.raw.ready();
    expect(ready.entries).toEqual([entry(1, 1, 'a')]);
    expect(ready.committedEntries).toEqual([entry(1, 1, 'a')]);
  });

  it('is empty, and not there, when nothing has happened', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.tick();
    expect(node.raw.hasReady()).toBe(false);
  });

  it('stays as it was while messages arrive before it is advanced', () => {
    const node = new TestNode(1, { voters: VOTERS });
    const append = { type: 'append', from: 2, term: 1, prevIndex: 0, prevTerm: 0, commit: 0 } as const;
    node.step({ ...append, entries: [entry(1, 1, 'a'), entry(2, 1, 'b')] });
    const ready = node.raw.ready();
    node.step({ ...append, from: 3, term: 2, entries: [entry(1, 2, 'c')] });
    expect(ready.entries.map(({ data }) => Buffer.from(data).toString())).toEqual(['a', 'b']);
    node.storage.append(ready.entries);
    node.raw.advance();
    node.settle();
    expect(node.logTerms).toEqual([2]);
    expect(node.storage.lastIndex()).toBe(1);
  });
});

describe('a configuration that cannot work', () => {
  const good = {
    id: 1,
    electionTicks: 10,
    heartbeatTicks: 1,
    storage: new MemoryStorage(),
    prng: new Prng(1),
  };
  it.each([
    ['a raft id is a positive safe integer', { id: 0 }],
    ['heartbeatTicks is positive', { heartbeatTicks: 0 }],
    ['electionTicks is above heartbeatTicks', { electionTicks: 1 }],
    ['maxInflightAppends is positive', { maxInflightAppends: 0 }],
    ['maxInflightBytes is at least maxAppendBytes', { maxAppendBytes: 10, maxInflightBytes: 9 }],
    ['maxCommittedBytesPerReady is positive', { maxCommittedBytesPerReady: 0 }],
    ['maxPendingReads is positive', { maxPendingReads: 0 }],
    ['lease-based reads need checkQuorum', { readOnlyMode: 'lease-based' }],
  ] as const)('does not start: %s', (message, wrong) => {
    expect(() => new RawNode(good)).not.toThrow();
    expect(() => new RawNode({ ...good, ...wrong })).toThrow(message);
  });
});
