/** No message, from however confused a peer, stops a node or takes back what it has committed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PeerMessage } from '../../src/raft/messages.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../src/raft/types.js';
import { ELECTION_TICKS, entry, TestNode } from './test-node.js';

const VOTERS = [1, 2, 3];
const heartbeat: PeerMessage = { type: 'heartbeat', to: 1, from: 2, term: 1, commit: 0, readCounter: 0 };

describe('a message', () => {
  const node = new TestNode(1, { voters: VOTERS });
  const append = {
    type: 'append',
    to: 1,
    from: 2,
    term: 2,
    prevIndex: 0,
    prevTerm: 0,
    entries: [],
    commit: 0,
  } as const;
  const alone: ConfState = { ...EMPTY_CONF_STATE, voters: [1] };
  const snapshot = (index: number, term: number, conf = alone): PeerMessage => ({
    type: 'snapshot',
    to: 1,
    from: 2,
    term: 2,
    snapshot: { metadata: { index, term, confState: conf }, data: new Uint8Array() },
  });

  it.each<readonly [string, string, PeerMessage]>([
    ['for another node', 'misdirected', { ...heartbeat, to: 2 }],
    ['in the name of this node', 'from-self', { ...heartbeat, from: 1 }],
    ['from nobody', 'malformed', { ...heartbeat, from: 0 }],
    ['without a term', 'malformed', { ...heartbeat, term: 0 }],
    ['with a term that is no integer', 'malformed', { ...heartbeat, term: 1.5 }],
    ['with an absurd term', 'malformed', { ...heartbeat, term: 2 ** 53 }],
    ['with a negative commit index', 'malformed', { ...heartbeat, commit: -1 }],
    ['with a gap between its entries', 'malformed', { ...append, entries: [entry(1, 1), entry(3, 1)] }],
    ['with entries that do not follow', 'malformed', { ...append, entries: [entry(2, 1)] }],
    ['with falling terms', 'malformed', { ...append, entries: [entry(1, 2), entry(2, 1)] }],
    ['with entries from the future', 'malformed', { ...append, entries: [entry(1, 3)] }],
    [
      'with a membership change that cannot be read',
      'malformed',
      { ...append, entries: [{ ...entry(1, 1, 'rubbish'), type: 'conf-change-v2' }] },
    ],
    ['with an empty snapshot', 'malformed', snapshot(0, 1)],
    ['with a snapshot from the future', 'malformed', snapshot(1, 3)],
    ['with a group of nobody', 'malformed', snapshot(1, 1, EMPTY_CONF_STATE)],
    ['with a group that breaks the rules', 'malformed', snapshot(1, 1, { ...alone, learners: [1] })],
    ['that proposes nothing', 'malformed', { type: 'propose', to: 1, from: 2, term: 0, proposals: [] }],
    [
      'that forwards a proposal in a term',
      'malformed',
      { type: 'propose', to: 1, from: 2, term: 1, proposals: [{ type: 'normal', data: new Uint8Array() }] },
    ],
    [
      'that answers, from nobody in the group',
      'unknown-peer',
      { type: 'vote-response', to: 1, from: 9, term: 1, rejected: false },
    ],
  ])('%s is refused: %s', (_, reason, message) => {
    expect(node.raw.step(message)).toBe(reason);
    expect(node.raw.hasReady()).toBe(false);
    expect(node.term).toBe(0);
  });
});

const small = fc.integer({ min: 0, max: 6 });
const id = fc.integer({ min: 1, max: 5 });
const flag = fc.boolean();
const bytes = fc.uint8Array({ maxLength: 4 });
const envelope = { to: fc.constant(1), from: id, term: small };
const confState = fc.record({
  voters: fc.subarray([1, 2, 3, 4, 5]),
  votersOutgoing: fc.subarray([1, 2, 3]),
  learners: fc.subarray([4, 5]),
  learnersNext: fc.subarray([2, 3]),
  autoLeave: flag,
});
const entryType = fc.constantFrom<Entry['type']>('normal', 'normal', 'conf-change', 'conf-change-v2');
const is = <T extends string>(type: T) => fc.constant(type);

/** Entries that continue prevIndex, as a peer that is merely confused would send them. */
const append = fc
  .record({
    ...envelope,
    prevIndex: small,
    prevTerm: small,
    commit: small,
    terms: fc.array(small, { maxLength: 4 }),
    types: fc.array(entryType, { minLength: 4, maxLength: 4 }),
    data: fc.oneof(fc.constant(new Uint8Array()), fc.constant(Uint8Array.of(0, 1, 0, 2)), bytes),
  })
  .map(({ terms, types, data, ...rest }): PeerMessage => {
    const ascending = [...terms].sort((a, b) => a - b);
    const entries = ascending.map((term, i): Entry => {
      return { index: rest.prevIndex + 1 + i, term, type: types[i] ?? 'normal', data };
    });
    return { type: 'append', ...rest, entries };
  });

const anyMessage: fc.Arbitrary<PeerMessage> = fc.oneof(
  { arbitrary: append, weight: 5 },
  fc.record({
    type: is('append-response'),
    ...envelope,
    index: small,
    rejected: flag,
    hintIndex: small,
    hintTerm: small,
  }),
  fc.record({ type: is('heartbeat'), ...envelope, commit: small, readCounter: small }),
  fc.record({ type: is('heartbeat-response'), ...envelope, readCounter: small }),
  fc.record({
    type: is('snapshot'),
    ...envelope,
    snapshot: fc.record({ metadata: fc.record({ index: small, term: small, confState }), data: bytes }),
  }),
  fc.record({ type: is('vote'), ...envelope, lastIndex: small, lastTerm: small, transfer: flag }),
  fc.record({ type: is('pre-vote'), ...envelope, lastIndex: small, lastTerm: small, transfer: flag }),
  fc.record({ type: is('vote-response'), ...envelope, rejected: flag }),
  fc.record({ type: is('pre-vote-response'), ...envelope, rejected: flag }),
  fc.record({
    type: is('propose'),
    ...envelope,
    term: fc.constant(0),
    proposals: fc.array(fc.record({ type: entryType, data: bytes }), { maxLength: 2 }),
  }),
  fc.record({ type: is('read-index'), ...envelope, term: fc.constant(0), context: bytes }),
  fc.record({ type: is('read-index-response'), ...envelope, index: small, context: bytes }),
  fc.record({ type: is('transfer-leader'), ...envelope, transferee: id }),
  fc.record({ type: is('timeout-now'), ...envelope }),
);

type Step = PeerMessage | 'tick' | 'election-timeout' | 'settle' | 'restart' | 'propose' | 'read';
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: anyMessage, weight: 20 },
  fc.constantFrom<Step>('tick', 'election-timeout', 'settle', 'settle', 'restart', 'propose', 'read'),
);

function take(node: TestNode, step: Step): void {
  switch (step) {
    case 'tick':
      return node.tick();
    case 'election-timeout':
      return node.tick(2 * ELECTION_TICKS);
    case 'settle':
      node.settle();
      return;
    case 'restart':
      return node.restart();
    case 'propose':
      node.propose('x');
      return;
    case 'read':
      node.raw.readIndex(new Uint8Array());
      return;
    default:
      node.raw.step(step);
  }
}

describe('any series of messages', () => {
  it.each([
    ['plain', {}],
    ['pre-vote and check quorum', { preVote: true, checkQuorum: true }],
    ['small limits', { maxAppendBytes: 0, maxInflightAppends: 1, maxUncommittedBytes: 1, maxPendingReads: 1 }],
  ])('(%s) throws nothing, and takes back neither terms nor what is committed', (_, options) => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const node = new TestNode(1, { voters: VOTERS, ...options });
        let committed: readonly Entry[] = [];
        let { term } = node;
        for (const step of steps) {
          take(node, step);
          // What was not on disk may go with a crash, so only a settled state is compared.
          if (step === 'restart') continue;
          node.settle();
          expect(node.term).toBeGreaterThanOrEqual(term);
          ({ term } = node);
          const first = node.core.log.firstIndex();
          const now = node.entries.filter(({ index }) => index <= node.committed);
          const kept = committed.filter(({ index }) => index >= first);
          expect(now.slice(0, kept.length)).toEqual(kept);
          committed = now;
        }
      }),
      { numRuns: 300 },
    );
  });
});
