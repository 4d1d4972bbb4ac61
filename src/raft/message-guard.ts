/**
 * What a message has to look like before the protocol takes notice of it. The transport has checked types; here is what
 * only Raft knows. Behind this guard the core may rely on these rules, so that no peer, however confused, can reach one
 * of its assertions.
 */
import { assertNever } from '../base/assert.js';
import { decodeConfChange } from './conf-change.js';
import { isValidConfiguration } from './configuration.js';
import type { AppendMessage, PeerMessage, Proposal, Refusal } from './messages.js';
import type { SnapshotMetadata } from './types.js';

/** Far beyond any real term or index, and with room to count on from. */
const MAX_COUNT = 2 ** 52;

/** Why node `self` does not even look into `message`, or undefined when it may. */
export function refuseMessage(message: PeerMessage, self: number): Refusal | undefined {
  if (message.to !== self) return 'misdirected';
  if (message.from === self) return 'from-self';
  return isWellFormed(message) ? undefined : 'malformed';
}

function isWellFormed(message: PeerMessage): boolean {
  if (!isCount(message.from) || message.from === 0 || !isCount(message.term)) return false;
  const forwarded = message.type === 'propose' || message.type === 'read-index';
  if (forwarded !== (message.term === 0)) return false;
  switch (message.type) {
    case 'append':
      return isWellFormedAppend(message);
    case 'append-response':
      return isCount(message.index) && isCount(message.hintIndex) && isCount(message.hintTerm);
    case 'heartbeat':
      return isCount(message.commit) && isCount(message.readCounter);
    case 'heartbeat-response':
      return isCount(message.readCounter);
    case 'snapshot':
      return isWellFormedSnapshot(message.snapshot.metadata, message.term);
    case 'vote':
    case 'pre-vote':
      return isCount(message.lastIndex) && isCount(message.lastTerm) && message.lastTerm <= message.term;
    case 'propose':
      return message.proposals.length > 0 && message.proposals.every(isWellFormedProposal);
    case 'read-index-response':
      return isCount(message.index);
    case 'transfer-leader':
      return isCount(message.transferee);
    case 'vote-response':
    case 'pre-vote-response':
    case 'read-index':
    case 'timeout-now':
      return true;
    default:
      return assertNever(message, 'peer message');
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_COUNT;
}

/** Entries continue the previous one, and terms never fall along a log nor exceed the leader's. */
function isWellFormedAppend(message: AppendMessage): boolean {
  const { prevIndex, prevTerm, entries, commit, term } = message;
  if (!isCount(prevIndex) || !isCount(prevTerm) || !isCount(commit)) return false;
  let previous = { index: prevIndex, term: prevTerm };
  for (const entry of entries) {
    if (entry.index !== previous.index + 1 || !isCount(entry.term) || entry.term < previous.term) return false;
    if (!isWellFormedProposal(entry)) return false;
    previous = entry;
  }
  return previous.term <= term;
}

function isWellFormedSnapshot(metadata: SnapshotMetadata, leaderTerm: number): boolean {
  const { index, term, confState } = metadata;
  if (!isCount(index) || index === 0 || !isCount(term) || term === 0 || term > leaderTerm) return false;
  return confState.voters.length > 0 && isValidConfiguration(confState);
}

/** A membership change has to be one that every node can read when it is applied. */
function isWellFormedProposal(proposal: Proposal): boolean {
  return proposal.type === 'normal' || decodeConfChange(proposal.data) !== undefined;
}
