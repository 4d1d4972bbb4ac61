/** Entries and hard state written, and entries applied, by threads of their own. */
import { describe, expect, it } from 'vitest';
import type { StorageAppend } from '../../src/raft/messages.js';
import { accepted, entry, ofType, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];

function asyncNode(voters: readonly number[] = VOTERS): TestNode {
  return new TestNode(1, { voters, asyncStorageWrites: true });
}

/** Takes a Ready that has to ask for a write. */
function takeAppend(node: TestNode): StorageAppend {
  const { storageAppend } = node.raw.ready();
  if (!storageAppend) throw new Error('nothing to write');
  return storageAppend;
}

/** The append thread has done `work`; its responses to this node arrive. */
function write(node: TestNode, work: StorageAppend): void {
  if (work.hardState) node.storage.setHardState(work.hardState);
  if (work.snapshot) node.storage.applySnapshot(work.snapshot);
  else node.storage.append(work.entries);
  respond(node, work);
}

function respond(node: TestNode, work: StorageAppend): void {
  for (const response of work.responses) if (response.to === node.id) node.raw.stored(response);
}

const append = (from: number, term: number, terms: readonly number[], commit = 0) =>
  ({
    type: 'append',
    from,
    term,
    prevIndex: 0,
    prevTerm: 0,
    entries: terms.map((entryTerm, i) => entry(i + 1, entryTerm)),
    commit,
  }) as const;

describe('writing', () => {
  it('hands out each entry once, while earlier ones are still being written', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1]));
    expect(takeAppend(node).entries.map(({ index }) => index)).toEqual([1, 2]);
    node.step(append(2, 1, [1, 1, 1]));
    expect(takeAppend(node).entries.map(({ index }) => index)).toEqual([3]);
  });

  it('keeps the entries readable until they are stored', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1]));
    const work = takeAppend(node);
    expect(node.logTerms).toEqual([1, 1]);
    expect(node.core.log.unstable.hasEntries).toBe(true);
    write(node, work);
    expect(node.logTerms).toEqual([1, 1]);
    expect(node.core.log.unstable.hasEntries).toBe(false);
  });

  it('names the hard state only when it has changed', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1]));
    expect(takeAppend(node).hardState).toEqual({ term: 1, vote: 0, commit: 0 });
    node.step(append(2, 1, [1, 1]));
    expect(takeAppend(node).hardState).toBeUndefined();
  });

  it('elects a leader when its vote is stored, and commits when its entry is', () => {
    const node = asyncNode([1]);
    node.raw.campaign();
    write(node, takeAppend(node));
    expect(node.role).toBe('leader');
    const work = takeAppend(node);
    expect(node.committed).toBe(0);
    write(node, work);
    expect(node.committed).toBe(1);
  });

  it('lets a leader pipeline: entries go out before they are stored here, and commit without its own copy', () => {
    const node = asyncNode();
    node.raw.campaign();
    write(node, takeAppend(node));
    for (const from of [2, 3]) node.step({ type: 'vote-response', from, term: 1, rejected: false });
    const ready = node.raw.ready();
    expect(ofType(ready.messages, 'append')).toHaveLength(2);
    for (const from of [2, 3]) node.step(accepted(from, 1, 1));
    expect(node.committed).toBe(1);
  });
});

describe('applying', () => {
  it('waits until a committed entry is stored here', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1], 2));
    const first = node.raw.ready();
    expect(first.committedEntries).toEqual([]);
    expect(first.storageApply).toBeUndefined();
    if (first.storageAppend) write(node, first.storageAppend);
    expect(node.raw.ready().storageApply?.entries.map(({ index }) => index)).toEqual([1, 2]);
  });

  it('hands out no entry twice, and takes note when they are applied', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1], 2));
    write(node, takeAppend(node));
    const work = node.raw.ready().storageApply;
    expect(node.raw.hasReady()).toBe(false);
    expect(node.core.log.applied).toBe(0);
    for (const response of work?.responses ?? []) node.raw.stored(response);
    expect(node.core.log.applied).toBe(2);
  });

  it('holds no more bytes at a time than allowed, over all that is handed out', () => {
    const node = new TestNode(1, { voters: VOTERS, asyncStorageWrites: true, maxCommittedBytesPerReady: 1 });
    node.step(append(2, 1, [1, 1, 1], 3));
    write(node, takeAppend(node));
    const first = node.raw.ready().storageApply;
    expect(first?.entries.map(({ index }) => index)).toEqual([1]);
    node.step({ type: 'heartbeat', from: 2, term: 1, commit: 3, readCounter: 0 });
    expect(node.raw.ready().storageApply).toBeUndefined();
    for (const response of first?.responses ?? []) node.raw.stored(response);
    expect(node.raw.ready().storageApply?.entries.map(({ index }) => index)).toEqual([2]);
  });

  it('is ended by a snapshot: what was handed out before changes the membership no more', () => {
    const node = asyncNode();
    const leader = new TestNode(2, { voters: [2] }).becomeLeader();
    leader.proposeChanges({ type: 'add-voter', id: 1 });
    leader.settle();
    const entries = leader.entries.map((present) => ({ ...present }));
    node.step({ ...append(2, 1, []), entries, commit: entries.length });
    write(node, takeAppend(node));
    const work = node.raw.ready().storageApply;
    const confState = { voters: [5], votersOutgoing: [], learners: [1], learnersNext: [], autoLeave: false };
    const snapshot = { metadata: { index: 9, term: 1, confState }, data: new Uint8Array() };
    node.step({ type: 'snapshot', from: 2, term: 1, snapshot });
    const change = work?.entries.find(({ type }) => type !== 'normal');
    expect(change && node.raw.applyConfChange(change)).toEqual(confState);
  });
});

describe('a response that arrives when the log has changed', () => {
  it('does not take replaced entries for stored', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1]));
    const old = takeAppend(node);
    node.step(append(3, 2, [2, 2]));
    respond(node, old);
    expect(node.core.log.unstable.hasEntries).toBe(true);
    expect(node.logTerms).toEqual([2, 2]);
  });

  it('is not fooled when the first entries come back after others had their place (ABA)', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1]));
    const first = takeAppend(node);
    // Another leader replaces them, and the first one, back in a later term, replaces those by the same as before.
    node.step(append(3, 2, [2, 2]));
    const second = takeAppend(node);
    node.step(append(2, 3, [1, 1]));
    const third = takeAppend(node);
    // The writes are carried out one after the other. After the first, the store seems to show what we want, but the
    // second will change it: the entries have to stay in memory until the third is done.
    write(node, first);
    expect(node.core.log.unstable.hasEntries).toBe(true);
    write(node, second);
    expect(node.logTerms).toEqual([1, 1]);
    write(node, third);
    expect(node.core.log.unstable.hasEntries).toBe(false);
    expect(node.logTerms).toEqual([1, 1]);
  });

  it('after a change of term is made good by the next write', () => {
    const node = asyncNode();
    node.step(append(2, 1, [1, 1]));
    const old = takeAppend(node);
    node.step({ type: 'heartbeat', from: 3, term: 2, commit: 0, readCounter: 0 });
    const next = takeAppend(node);
    write(node, old);
    expect(node.core.log.unstable.hasEntries).toBe(true);
    write(node, next);
    expect(node.core.log.unstable.hasEntries).toBe(false);
  });
});

describe('the two ways of storage', () => {
  it('do not mix', () => {
    const node = asyncNode();
    node.raw.campaign();
    node.raw.ready();
    expect(() => node.raw.advance()).toThrow('only a Ready that was taken is advanced');
    const synchronous = new TestNode(1, { voters: VOTERS });
    const response = { type: 'storage-apply-response', to: 1, entries: [] } as const;
    expect(() => synchronous.raw.stored(response)).toThrow('asynchronous storage writes');
  });
});
