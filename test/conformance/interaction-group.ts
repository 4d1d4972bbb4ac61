/**
 * The nodes of a script, the messages under way between them, and the steps that a command can make them take. Nothing
 * moves by itself. What happens is printed.
 */
import type { PeerMessage, Refusal, StorageResponse } from '../../src/raft/messages.js';
import {
  describeEntry,
  describeMessage,
  describePeer,
  describeReady,
  describeRole,
  MESSAGE_TYPES,
} from './describe.js';
import type { InteractionNode } from './interaction-node.js';

export const PROPOSAL_DROPPED = 'raft proposal dropped';
const PEER_NOT_FOUND = 'raft: cannot step as peer not found';

type Queued = PeerMessage | StorageResponse;

export class InteractionGroup {
  readonly nodes: InteractionNode[] = [];
  private queue: Queued[] = [];
  private output = '';
  private indent = '';
  /** With level NONE nothing is printed but errors. */
  quiet = false;

  /** What was printed since the last time. */
  takeOutput(): string {
    const { output } = this;
    this.output = '';
    return output;
  }

  print(text: string): void {
    if (this.quiet) return;
    for (const line of text.split(/(?<=\n)/)) this.output += this.indent + line;
  }

  indented(action: () => void): void {
    this.indent = '  ';
    action();
    this.indent = '';
    if (this.output !== '' && !this.output.endsWith('\n')) this.output += '\n';
  }

  nodeOf(id: number): InteractionNode {
    const node = this.nodes[id - 1];
    if (!node) throw new Error(`no node ${id}`);
    return node;
  }

  /** Carries out the node's Ready, or hands it to its storage threads. */
  handleReady(node: InteractionNode): void {
    const ready = node.raw.ready();
    this.print(describeReady(ready, node.id));
    this.queue.push(...ready.messages);
    if (ready.storageAppend) node.appendWork.push(ready.storageAppend);
    if (ready.storageApply) node.applyWork.push(ready.storageApply);
    if (node.isAsync) return;
    node.append(ready);
    node.apply(ready.committedEntries);
    node.raw.advance();
  }

  runAppendThread(node: InteractionNode): void {
    const work = node.appendWork.shift();
    if (!work) return this.print('no append work to perform');
    this.print(`Processing:\n${describeMessage({ ...work, responses: [] }, node.id)}\n`);
    node.append(work);
    this.respond(node, work.responses);
  }

  runApplyThread(node: InteractionNode): void {
    const work = node.applyWork.shift();
    if (!work) return this.print('no apply work to perform');
    this.print(`Processing:\n${describeMessage({ ...work, responses: [] }, node.id)}\n`);
    node.apply(work.entries);
    this.respond(node, work.responses);
  }

  private respond(node: InteractionNode, responses: readonly Queued[]): void {
    this.print('Responses:\n');
    for (const response of responses) this.print(`${describeMessage(response, node.id)}\n`);
    this.queue.push(...responses);
  }

  sendSnapshot(from: InteractionNode, to: number): void {
    const { term } = from.raw.status().hardState;
    const message: PeerMessage = { type: 'snapshot', from: from.id, to, term, snapshot: from.storage.snapshot() };
    this.queue.push(message);
    this.print(describeMessage(message, from.id));
  }

  /** What a node sends to itself, or its storage threads to it, is never dropped. */
  deliver(to: number, type: string | undefined, drop: boolean): number {
    const isFor = (message: Queued): boolean =>
      message.to === to && !(drop && isLocal(message)) && (type === undefined || MESSAGE_TYPES[message.type] === type);
    const messages = this.queue.filter(isFor);
    this.queue = this.queue.filter((message) => !isFor(message));
    for (const message of messages) {
      this.print(`${drop ? 'dropped: ' : ''}${describeMessage(message, to)}\n`);
      if (!drop) this.hand(this.nodeOf(to), message);
    }
    return messages.length;
  }

  private hand({ raw }: InteractionNode, message: Queued): void {
    if (isStorageResponse(message) || message.from === message.to) {
      raw.stored(message);
      return;
    }
    const error = errorText(raw.step(message));
    if (error) this.print(`${error}\n`);
  }

  /** Lets each of the nodes do what it can; false when none could do anything. */
  stabilizeOnce(nodes: readonly InteractionNode[]): boolean {
    let busy = false;
    const eachWith = (
      hasWork: (node: InteractionNode) => boolean,
      what: string,
      work: (node: InteractionNode) => void,
    ): void => {
      for (const node of nodes) {
        if (!hasWork(node)) continue;
        busy = true;
        this.print(`> ${node.id} ${what}\n`);
        this.indented(() => work(node));
      }
    };
    eachWith(
      (node) => node.raw.hasReady(),
      'handling Ready',
      (node) => this.handleReady(node),
    );
    eachWith(
      (node) => this.queue.some((message) => message.to === node.id),
      'receiving messages',
      (node) => this.deliver(node.id, undefined, false),
    );
    eachWith(
      (node) => node.appendWork.length > 0,
      'processing append thread',
      (node) => {
        while (node.appendWork.length > 0) this.runAppendThread(node);
      },
    );
    eachWith(
      (node) => node.applyWork.length > 0,
      'processing apply thread',
      (node) => {
        while (node.applyWork.length > 0) this.runApplyThread(node);
      },
    );
    return busy;
  }

  printLog({ storage }: InteractionNode): void {
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    const entries = storage.entries(first, last + 1, Number.MAX_SAFE_INTEGER);
    if (typeof entries === 'string') throw new Error(entries);
    if (entries.length === 0) this.print(`log is empty: first index=${first}, last index=${last}`);
    for (const entry of entries) this.print(`${describeEntry(entry)}\n`);
  }

  printStates(): void {
    for (const { raw } of this.nodes) {
      const { id, softState, hardState, confState } = raw.status();
      const votes = confState.voters.includes(id) || confState.votersOutgoing.includes(id);
      const state = `${describeRole(softState.role)} (${votes ? 'Voter' : 'Non-Voter'})`;
      this.print(`${id}: ${state} Term:${hardState.term} Lead:${softState.leader}\n`);
    }
  }
  printPeers({ raw }: InteractionNode): void {
    for (const peer of raw.status().peers) this.print(`${describePeer(peer)}\n`);
  }
}

function isStorageResponse(message: Queued): message is StorageResponse {
  return message.type === 'storage-append-response' || message.type === 'storage-apply-response';
}

function isLocal(message: Queued): boolean {
  return isStorageResponse(message) || message.from === message.to;
}

/** Of all refusals etcd/raft reports two. */
function errorText(refusal: Refusal | undefined): string | undefined {
  switch (refusal) {
    case 'unknown-peer':
      return PEER_NOT_FOUND;
    case 'no-leader':
    case 'leader-removed':
    case 'transfer-in-progress':
    case 'uncommitted-limit':
    case 'forwarding-disabled':
      return PROPOSAL_DROPPED;
    default:
      return undefined;
  }
}
