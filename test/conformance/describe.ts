/** The core's values in the words in which etcd/raft prints its own. */
import { assertNever } from '../../src/base/assert.js';
import { decodeConfChange } from '../../src/raft/conf-change.js';
import type { PeerMessage, StorageAppend, StorageApply, StorageResponse } from '../../src/raft/messages.js';
import type { ReadState, Ready, Role, SoftState } from '../../src/raft/ready.js';
import type { PeerStatus } from '../../src/raft/status.js';
import type { ConfState, Entry, HardState, Snapshot } from '../../src/raft/types.js';

export type AnyMessage = PeerMessage | StorageAppend | StorageApply | StorageResponse;

const ROLES: Record<Role, string> = {
  follower: 'StateFollower',
  'pre-candidate': 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
};

export const MESSAGE_TYPES: Record<AnyMessage['type'], string> = {
  append: 'MsgApp',
  'append-response': 'MsgAppResp',
  heartbeat: 'MsgHeartbeat',
  'heartbeat-response': 'MsgHeartbeatResp',
  snapshot: 'MsgSnap',
  vote: 'MsgVote',
  'vote-response': 'MsgVoteResp',
  'pre-vote': 'MsgPreVote',
  'pre-vote-response': 'MsgPreVoteResp',
  propose: 'MsgProp',
  'read-index': 'MsgReadIndex',
  'read-index-response': 'MsgReadIndexResp',
  'transfer-leader': 'MsgTransferLeader',
  'timeout-now': 'MsgTimeoutNow',
  'storage-append': 'MsgStorageAppend',
  'storage-append-response': 'MsgStorageAppendResp',
  'storage-apply': 'MsgStorageApply',
  'storage-apply-response': 'MsgStorageApplyResp',
};

const CHANGES = { 'add-voter': 'v', 'add-learner': 'l', remove: 'r', update: 'u' };
const PROGRESS_STATES = { probe: 'StateProbe', replicate: 'StateReplicate', snapshot: 'StateSnapshot' };

const text = (data: Uint8Array): string => JSON.stringify(Buffer.from(data).toString('latin1'));

export function describeEntry({ term, index, type, data }: Entry): string {
  switch (type) {
    case 'normal':
      return `${term}/${index} EntryNormal ${text(data)}`;
    case 'conf-change':
    case 'conf-change-v2': {
      const changes = decodeConfChange(data)?.changes.map((change) => CHANGES[change.type] + change.id) ?? ['damaged'];
      return [`${term}/${index} ${type === 'conf-change' ? 'EntryConfChange' : 'EntryConfChangeV2'}`, ...changes].join(
        ' ',
      );
    }
  }
}

function describeConfState(conf: ConfState): string {
  const list = (ids: readonly number[]): string => `[${ids.join(' ')}]`;
  return (
    `Voters:${list(conf.voters)} VotersOutgoing:${list(conf.votersOutgoing)} Learners:${list(conf.learners)} ` +
    `LearnersNext:${list(conf.learnersNext)} AutoLeave:${conf.autoLeave}`
  );
}

function describeSnapshot({ metadata }: Snapshot): string {
  return `Index:${metadata.index} Term:${metadata.term} ConfState:${describeConfState(metadata.confState)}`;
}

function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === 0 ? '' : ` Vote:${vote}`} Commit:${commit}`;
}

function describeSoftState({ leader, role }: SoftState): string {
  return `Lead:${leader} State:${ROLES[role]}`;
}

function describeReadState({ index, context }: ReadState): string {
  return `{${index} [${[...context].join(' ')}]}`;
}

/** The fields of etcd's one flat message type that are printed. */
interface FlatMessage {
  readonly from: string;
  readonly to: string;
  readonly term: number;
  readonly logTerm?: number;
  readonly index?: number;
  readonly rejectHint?: number;
  readonly commit?: number;
  readonly vote?: number;
  readonly entries?: readonly Entry[];
  readonly snapshot?: Snapshot | undefined;
  readonly responses?: readonly AnyMessage[];
}

const withoutId = (type: Entry['type'], data: Uint8Array): Entry => ({ term: 0, index: 0, type, data });

/** `node` is the one whose storage threads local messages are of. */
function flatten(message: AnyMessage, node: number): FlatMessage {
  switch (message.type) {
    case 'storage-append': {
      const { term = 0, vote = 0, commit = 0 } = message.hardState ?? {};
      const { entries, snapshot, responses } = message;
      return { from: String(node), to: 'AppendThread', term, vote, commit, entries, snapshot, responses };
    }
    case 'storage-append-response': {
      const { term, last, snapshot } = message;
      const own = { from: 'AppendThread', to: String(message.to), term, snapshot };
      return last ? { ...own, logTerm: last.term, index: last.index } : own;
    }
    case 'storage-apply':
      return { from: String(node), to: 'ApplyThread', term: 0, entries: message.entries, responses: message.responses };
    case 'storage-apply-response':
      return { from: 'ApplyThread', to: String(message.to), term: 0, entries: message.entries };
    default:
      return { ...flattenBody(message), from: describeSender(message), to: String(message.to), term: message.term };
  }
}

/** etcd puts the name of the wished-for leader in the place of the sender. */
function describeSender(message: PeerMessage): string {
  return String(message.type === 'transfer-leader' ? message.transferee : message.from);
}

function flattenBody(message: PeerMessage): Omit<FlatMessage, 'from' | 'to' | 'term'> {
  switch (message.type) {
    case 'append':
      return { logTerm: message.prevTerm, index: message.prevIndex, commit: message.commit, entries: message.entries };
    case 'append-response':
      return message.rejected
        ? { logTerm: message.hintTerm, index: message.index, rejectHint: message.hintIndex }
        : { index: message.index };
    case 'heartbeat':
      return { commit: message.commit };
    case 'snapshot':
      return { snapshot: message.snapshot };
    case 'vote':
    case 'pre-vote':
      return { logTerm: message.lastTerm, index: message.lastIndex };
    case 'vote-response':
    case 'pre-vote-response':
      return message.rejected ? { rejectHint: 0 } : {};
    case 'propose':
      return { entries: message.proposals.map(({ type, data }) => withoutId(type, data)) };
    case 'read-index':
      return { entries: [withoutId('normal', message.context)] };
    case 'read-index-response':
      return { index: message.index, entries: [withoutId('normal', message.context)] };
    case 'heartbeat-response':
    case 'transfer-leader':
    case 'timeout-now':
      return {};
    default:
      return assertNever(message, 'peer message');
  }
}

export function describeMessage(message: AnyMessage, node: number, indent = ''): string {
  const flat = flatten(message, node);
  const { entries = [], responses = [] } = flat;
  let line = `${indent}${flat.from}->${flat.to} ${MESSAGE_TYPES[message.type]} Term:${flat.term}`;
  line += ` Log:${flat.logTerm ?? 0}/${flat.index ?? 0}`;
  if (flat.rejectHint !== undefined) line += ` Rejected (Hint: ${flat.rejectHint})`;
  if (flat.commit) line += ` Commit:${flat.commit}`;
  if (flat.vote) line += ` Vote:${flat.vote}`;
  const [first] = entries;
  if (first && entries.length === 1) line += ` Entries:[${describeEntry(first)}]`;
  if (entries.length > 1) {
    line += ` Entries:[\n${entries.map((entry) => `${indent}  ${describeEntry(entry)}\n`).join('')}${indent}]`;
  }
  if (flat.snapshot) line += `\n${indent}  Snapshot: ${describeSnapshot(flat.snapshot)}`;
  if (responses.length > 0) {
    const inner = responses.map((response) => `${describeMessage(response, node, `${indent}  `)}\n`).join('');
    line += ` Responses:[\n${inner}${indent}]`;
  }
  return line;
}

export function describeReady(ready: Ready, node: number): string {
  const messages: AnyMessage[] = [...ready.messages];
  if (ready.storageAppend) messages.push(ready.storageAppend);
  if (ready.storageApply) messages.push(ready.storageApply);
  const lines: string[] = [];
  if (ready.softState) lines.push(describeSoftState(ready.softState));
  if (ready.hardState) lines.push(`HardState ${describeHardState(ready.hardState)}`);
  if (ready.readStates.length > 0) lines.push(`ReadStates [${ready.readStates.map(describeReadState).join(' ')}]`);
  if (ready.entries.length > 0) lines.push('Entries:', ...ready.entries.map(describeEntry));
  if (ready.snapshot) lines.push(`Snapshot ${describeSnapshot(ready.snapshot)}`);
  if (ready.committedEntries.length > 0) lines.push('CommittedEntries:', ...ready.committedEntries.map(describeEntry));
  if (messages.length > 0) lines.push('Messages:', ...messages.map((message) => describeMessage(message, node)));
  if (lines.length === 0) return '<empty Ready>';
  return `Ready MustSync=${ready.mustSync}:\n${lines.join('\n')}\n`;
}

export function describePeer(peer: PeerStatus): string {
  const words = [`${peer.id}: ${PROGRESS_STATES[peer.state]} match=${peer.match} next=${peer.next}`];
  if (peer.learner) words.push('learner');
  if (peer.paused) words.push('paused');
  if (peer.pendingSnapshot > 0) words.push(`pendingSnap=${peer.pendingSnapshot}`);
  if (!peer.recentlyActive) words.push('inactive');
  if (peer.inflight > 0) words.push(`inflight=${peer.inflight}${peer.inflightFull ? '[full]' : ''}`);
  return words.join(' ');
}

export function describeRole(role: Role): string {
  return ROLES[role];
}
