/** Raft messages of every kind, for property tests of what carries them. */
import fc from 'fast-check';
import type { PeerMessage, Proposal } from '../../src/raft/messages.js';
import type { Entry, EntryType, Snapshot } from '../../src/raft/types.js';

const number = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const entryType = fc.constantFrom<EntryType>('normal', 'conf-change', 'conf-change-v2');
const data = fc.uint8Array({ maxLength: 40 });
const entry: fc.Arbitrary<Entry> = fc.record({ term: number, index: number, type: entryType, data });
const proposal: fc.Arbitrary<Proposal> = fc.record({ type: entryType, data });
const ids = fc.array(number, { maxLength: 4 });
const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  metadata: fc.record({
    index: number,
    term: number,
    confState: fc.record({
      voters: ids,
      votersOutgoing: ids,
      learners: ids,
      learnersNext: ids,
      autoLeave: fc.boolean(),
    }),
  }),
  data,
});

const envelope = { to: number, from: number, term: number };
const type = <Type extends PeerMessage['type']>(name: Type): fc.Arbitrary<Type> => fc.constant(name);
const vote = { ...envelope, lastIndex: number, lastTerm: number, transfer: fc.boolean() };

/** One for each type: the compiler sees that none is missing. */
export const PEER_MESSAGES: {
  readonly [Type in PeerMessage['type']]: fc.Arbitrary<Extract<PeerMessage, { type: Type }>>;
} = {
  append: fc.record({
    type: type('append'),
    ...envelope,
    prevIndex: number,
    prevTerm: number,
    commit: number,
    entries: fc.array(entry, { maxLength: 5 }),
  }),
  'append-response': fc.record({
    type: type('append-response'),
    ...envelope,
    index: number,
    rejected: fc.boolean(),
    hintIndex: number,
    hintTerm: number,
  }),
  heartbeat: fc.record({ type: type('heartbeat'), ...envelope, commit: number, readCounter: number }),
  'heartbeat-response': fc.record({ type: type('heartbeat-response'), ...envelope, readCounter: number }),
  snapshot: fc.record({ type: type('snapshot'), ...envelope, snapshot }),
  vote: fc.record({ type: type('vote'), ...vote }),
  'pre-vote': fc.record({ type: type('pre-vote'), ...vote }),
  'vote-response': fc.record({ type: type('vote-response'), ...envelope, rejected: fc.boolean() }),
  'pre-vote-response': fc.record({ type: type('pre-vote-response'), ...envelope, rejected: fc.boolean() }),
  propose: fc.record({ type: type('propose'), ...envelope, proposals: fc.array(proposal, { maxLength: 4 }) }),
  'read-index': fc.record({ type: type('read-index'), ...envelope, context: data }),
  'read-index-response': fc.record({ type: type('read-index-response'), ...envelope, index: number, context: data }),
  'transfer-leader': fc.record({ type: type('transfer-leader'), ...envelope, transferee: number }),
  'timeout-now': fc.record({ type: type('timeout-now'), ...envelope }),
};
