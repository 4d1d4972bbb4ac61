/** No vote and no acknowledgement, one's own included, before what it vouches for is on disk. */
import { describe, expect, it } from 'vitest';
import { accepted, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const voteRequest = { type: 'vote', from: 2, term: 1, lastIndex: 0, lastTerm: 0, transfer: false } as const;
const append = {
  type: 'append',
  from: 2,
  term: 1,
  prevIndex: 0,
  prevTerm: 0,
  entries: [entry(1, 1, 'a')],
  commit: 0,
} as const;

describe('a Ready', () => {
  it('holds a vote together with the hard state that it rests on, and wants that flushed', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.step(voteRequest);
    const ready = node.raw.ready();
    expect(ready.messages).toMatchObject([{ type: 'vote-response', rejected: false }]);
    expect(ready.hardState).toEqual({ term: 1, vote: 2, commit: 0 });
    expect(ready.mustSync).toBe(true);
  });

  it('holds an acknowledgement together with its entries', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.step(append);
    const ready = node.raw.ready();
    expect(ready.messages).toMatchObject([{ type: 'append-response', index: 1 }]);
    expect(ready.entries).toEqual([entry(1, 1, 'a')]);
    expect(ready.mustSync).toBe(true);
  });

  it('need not be flushed for a commit index alone', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive(append);
    node.step({ type: 'heartbeat', from: 2, term: 1, commit: 1, readCounter: 0 });
    const ready = node.raw.ready();
    expect(ready.hardState).toEqual({ term: 1, vote: 0, commit: 1 });
    expect(ready.mustSync).toBe(false);
  });

  it('tells soft and hard state only when they have changed', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.receive(append);
    node.step({ type: 'heartbeat', from: 2, term: 1, commit: 0, readCounter: 0 });
    expect(node.raw.ready()).toMatchObject({ softState: undefined, hardState: undefined });
  });
});

describe('the own vote', () => {
  it('does not elect anybody before it is durable', () => {
    const node = new TestNode(1, { voters: [1] });
    node.raw.campaign();
    node.raw.ready();
    expect(node.role).toBe('candidate');
    node.raw.advance();
    expect(node.role).toBe('leader');
  });

  it('is lost with a crash before that, and the term may be used again', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.raw.campaign();
    node.raw.ready();
    node.restart();
    expect(node.term).toBe(0);
    node.step(voteRequest);
    expect(node.core.vote).toBe(2);
  });

  it('binds after a crash once it was durable', () => {
    const node = new TestNode(1, { voters: VOTERS });
    node.raw.campaign();
    node.settle();
    node.restart();
    expect(ofType(node.receive(voteRequest), 'vote-response')).toMatchObject([{ rejected: true }]);
  });
});

describe('the own copy of an entry', () => {
  it('does not count for a commit before it is durable', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    leader.propose('x');
    const ready = leader.raw.ready();
    // The follower was faster than our own disk.
    leader.step(accepted(2, 1, 2));
    expect(leader.committed).toBe(1);
    leader.storage.append(ready.entries);
    leader.raw.advance();
    expect(leader.committed).toBe(2);
  });

  it('is not needed for a commit that the others make a majority for', () => {
    const leader = new TestNode(1, { voters: VOTERS }).becomeLeader();
    leader.propose('x');
    leader.raw.ready();
    for (const from of [2, 3]) leader.step(accepted(from, 1, 2));
    expect(leader.committed).toBe(2);
  });
});

describe('with asynchronous storage', () => {
  const asynchronous = { voters: VOTERS, asyncStorageWrites: true };

  it.each([
    ['a vote', voteRequest, 'vote-response'],
    ['an acknowledgement', append, 'append-response'],
  ] as const)('%s goes out with the response of the write, not with the Ready', (_, message, type) => {
    const node = new TestNode(1, asynchronous);
    node.step(message);
    const ready = node.raw.ready();
    expect(ready.messages).toEqual([]);
    expect(ready.storageAppend?.responses.map((response) => response.type)).toContain(type);
  });

  it('a rejection waits as well: it may rest on something that is not durable', () => {
    const node = new TestNode(1, asynchronous);
    node.step(voteRequest);
    node.raw.ready();
    node.step({ ...voteRequest, from: 3 });
    const ready = node.raw.ready();
    expect(ready.messages).toEqual([]);
    expect(ready.storageAppend?.responses).toMatchObject([{ type: 'vote-response', to: 3, rejected: true }]);
  });
});
