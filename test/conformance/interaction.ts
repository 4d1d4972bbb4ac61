/**
 * A group of nodes that a script drives, one command at a time, and that prints what happens. Nothing moves by itself: a
 * node's Ready is carried out, and a message delivered, only when a command says so.
 */
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { Prng } from '../../src/base/prng.js';
import type { ConfChange, Transition } from '../../src/raft/conf-change.js';
import type { RaftConfig } from '../../src/raft/config.js';
import type { PeerMessage, ProposalResult, Refusal, StorageResponse } from '../../src/raft/messages.js';
import { EMPTY_CONF_STATE, type Snapshot } from '../../src/raft/types.js';
import {
  describeEntry,
  describeMessage,
  describePeer,
  describeReady,
  describeRole,
  MESSAGE_TYPES,
} from './describe.js';
import { InteractionNode } from './interaction-node.js';
import { parseCommand, type Argument, type Directive } from './script.js';

/** What etcd/raft reports as an error; it is printed whatever the log level. */
class ReportedError extends Error {}

const PROPOSAL_DROPPED = 'raft proposal dropped';
const PEER_NOT_FOUND = 'raft: cannot step as peer not found';

const CHANGES: Readonly<Record<string, ConfChange['type']>> = {
  v: 'add-voter',
  l: 'add-learner',
  r: 'remove',
  u: 'update',
};
const TRANSITIONS: Readonly<Record<string, Transition>> = {
  auto: 'auto',
  implicit: 'joint-implicit',
  explicit: 'joint-explicit',
};

type Queued = PeerMessage | StorageResponse;

export class Interaction {
  private readonly nodes: InteractionNode[] = [];
  private queue: Queued[] = [];
  private output = '';
  private indent = '';
  /** With level NONE nothing is printed but errors. */
  private quiet = false;

  /** What the directive prints. Throws on a directive that the language does not have. */
  run(directive: Directive): string {
    this.output = '';
    try {
      if (directive.command === 'propose-conf-change') this.proposeConfChange(directive);
      else {
        this.command(directive.command, directive.args);
        for (const line of directive.input) {
          const { command, args } = parseCommand(line);
          this.command(command, args);
        }
      }
    } catch (error) {
      if (!(error instanceof ReportedError)) throw error;
      this.output += error.message;
    }
    return this.output;
  }

  private command(command: string, args: readonly Argument[]): void {
    switch (command) {
      case '_breakpoint':
        return;
      case 'add-nodes':
        return this.addNodes(args);
      case 'campaign':
        this.node(args).raw.campaign();
        return;
      case 'compact': {
        const node = this.node(args);
        node.storage.compact(numberAt(args, 1));
        return this.printLog(node);
      }
      case 'deliver-msgs':
        return this.deliverMessages(args);
      case 'process-ready':
        return this.eachWithHeader(args, 'handling Ready', (node) => this.handleReady(node));
      case 'process-append-thread':
        return this.eachWithHeader(args, 'processing append thread', (node) => this.runAppendThread(node));
      case 'process-apply-thread':
        return this.eachWithHeader(args, 'processing apply thread', (node) => this.runApplyThread(node));
      case 'log-level':
        this.quiet = args[0]?.name.toUpperCase() === 'NONE';
        return;
      case 'raft-log':
        return this.printLog(this.node(args));
      case 'raft-state':
        return this.printStates();
      case 'set-randomized-election-timeout':
        this.node(args).raw.core.randomizedElectionTicks = Number(value(args, 'timeout'));
        return;
      case 'stabilize':
        return this.stabilize(args);
      case 'status':
        for (const peer of this.node(args).raw.status().peers) this.print(`${describePeer(peer)}\n`);
        return;
      case 'tick-election':
        return this.tick(this.node(args), (node) => node.config.electionTicks);
      case 'tick-heartbeat':
        return this.tick(this.node(args), (node) => node.config.heartbeatTicks);
      case 'transfer-leadership':
        this.nodeOf(Number(value(args, 'from'))).raw.transferLeader(Number(value(args, 'to')));
        return;
      case 'forget-leader':
        this.node(args).raw.forgetLeader();
        return;
      case 'send-snapshot':
        return this.sendSnapshot(this.node(args), numberAt(args, 1));
      case 'propose':
        return this.report(this.node(args).raw.propose(Buffer.from(args[1]?.name ?? '')));
      case 'report-unreachable':
        this.node(args).raw.reportUnreachable(numberAt(args, 1));
        return;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  private print(text: string): void {
    if (this.quiet) return;
    for (const line of text.split(/(?<=\n)/)) this.output += this.indent + line;
  }

  private indented(action: () => void): void {
    this.indent = '  ';
    action();
    this.indent = '';
    if (this.output !== '' && !this.output.endsWith('\n')) this.output += '\n';
  }

  private nodeOf(id: number): InteractionNode {
    const node = this.nodes[id - 1];
    if (!node) throw new Error(`no node ${id}`);
    return node;
  }

  private node(args: readonly Argument[]): InteractionNode {
    return this.nodeOf(numberAt(args, 0));
  }

  /** The nodes that are named without a key. */
  private named(args: readonly Argument[]): readonly InteractionNode[] {
    return args.filter(({ values }) => values.length === 0).map(({ name }) => this.nodeOf(Number(name)));
  }

  private eachWithHeader(args: readonly Argument[], what: string, action: (node: InteractionNode) => void): void {
    const nodes = this.named(args);
    for (const node of nodes) {
      if (nodes.length === 1) action(node);
      else {
        this.print(`> ${node.id} ${what}\n`);
        this.indented(() => action(node));
      }
    }
  }

  private addNodes(args: readonly Argument[]): void {
    const ids = (name: string): readonly number[] =>
      values(args, name)
        .map(Number)
        .sort((a, b) => a - b);
    const flag = (name: string): boolean => value(args, name) === 'true';
    const index = Number(value(args, 'index') ?? 0);
    const confState = { ...EMPTY_CONF_STATE, voters: ids('voters'), learners: ids('learners') };
    const data = Buffer.from(value(args, 'content') ?? '');
    const snapshot: Snapshot = { metadata: { index, term: index > 0 ? 1 : 0, confState }, data };
    const inflight = value(args, 'inflight');
    const committed = value(args, 'max-committed-size-per-ready');
    for (let added = 0; added < numberAt(args, 0); added++) {
      const id = this.nodes.length + 1;
      const config: Omit<RaftConfig, 'storage'> = {
        id,
        electionTicks: 3,
        heartbeatTicks: 1,
        prng: new Prng(id),
        maxInflightAppends: inflight === undefined ? Number.MAX_SAFE_INTEGER : Number(inflight),
        maxCommittedBytesPerReady: committed === undefined ? Number.MAX_SAFE_INTEGER : Number(committed),
        asyncStorageWrites: flag('async-storage-writes'),
        preVote: flag('prevote'),
        checkQuorum: flag('checkquorum'),
        disableConfChangeValidation: flag('disable-conf-change-validation'),
        stepDownOnRemoval: flag('step-down-on-removal'),
        readOnlyMode: value(args, 'read-only') === 'lease-based' ? 'lease-based' : 'safe',
      };
      this.nodes.push(new InteractionNode(config, snapshot));
    }
  }

  private tick(node: InteractionNode, times: (node: InteractionNode) => number): void {
    for (let i = 0; i < times(node); i++) node.raw.tick();
  }

  private report(result: ProposalResult): void {
    if (result.type === 'dropped') throw new ReportedError(PROPOSAL_DROPPED);
  }

  private proposeConfChange({ args, input }: Directive): void {
    const { raw } = this.node(args);
    const changes = input
      .join(' ')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word): ConfChange => {
        const type = CHANGES[word.slice(0, 1)];
        if (!type) throw new Error(`unknown change ${word}`);
        return { type, id: Number(word.slice(1)) };
      });
    const [first] = changes;
    if (value(args, 'v1') === 'true' && first) {
      this.report(raw.proposeSingleConfChange(first));
      return;
    }
    const transition = TRANSITIONS[value(args, 'transition') ?? 'auto'];
    if (!transition) throw new Error('unknown transition');
    this.report(raw.proposeConfChange({ transition, changes, context: EMPTY_BYTES }));
  }

  private handleReady(node: InteractionNode): void {
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

  private runAppendThread(node: InteractionNode): void {
    const work = node.appendWork.shift();
    if (!work) return this.print('no append work to perform');
    this.print(`Processing:\n${describeMessage({ ...work, responses: [] }, node.id)}\n`);
    node.append(work);
    this.respond(node, work.responses);
  }

  private runApplyThread(node: InteractionNode): void {
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

  private sendSnapshot(from: InteractionNode, to: number): void {
    const { term } = from.raw.status().hardState;
    const message: PeerMessage = { type: 'snapshot', from: from.id, to, term, snapshot: from.storage.snapshot() };
    this.queue.push(message);
    this.print(describeMessage(message, from.id));
  }

  private deliverMessages(args: readonly Argument[]): void {
    const type = value(args, 'type');
    let handled = 0;
    for (const arg of args) {
      if (arg.values.length === 0) handled += this.deliver(Number(arg.name), type, false);
      if (arg.name !== 'drop') continue;
      for (const id of arg.values) handled += this.deliver(Number(id), type, true);
    }
    if (handled === 0) this.print('no messages\n');
  }

  /** What a node sends to itself, or its storage threads to it, is never dropped. */
  private deliver(to: number, type: string | undefined, drop: boolean): number {
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

  private stabilize(args: readonly Argument[]): void {
    const wasQuiet = this.quiet;
    const level = value(args, 'log-level');
    if (level !== undefined) this.quiet = level.toUpperCase() === 'NONE';
    const named = this.named(args);
    const nodes = named.length > 0 ? named : this.nodes;
    while (this.stabilizeOnce(nodes));
    this.quiet = wasQuiet;
  }

  private stabilizeOnce(nodes: readonly InteractionNode[]): boolean {
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

  private printLog({ storage }: InteractionNode): void {
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    const entries = storage.entries(first, last + 1, Number.MAX_SAFE_INTEGER);
    if (typeof entries === 'string') throw new Error(entries);
    if (entries.length === 0) this.print(`log is empty: first index=${first}, last index=${last}`);
    for (const entry of entries) this.print(`${describeEntry(entry)}\n`);
  }

  private printStates(): void {
    for (const { raw } of this.nodes) {
      const { id, softState, hardState, confState } = raw.status();
      const votes = confState.voters.includes(id) || confState.votersOutgoing.includes(id);
      const state = `${describeRole(softState.role)} (${votes ? 'Voter' : 'Non-Voter'})`;
      this.print(`${id}: ${state} Term:${hardState.term} Lead:${softState.leader}\n`);
    }
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

function numberAt(args: readonly Argument[], position: number): number {
  return Number(args[position]?.name);
}

function values(args: readonly Argument[], name: string): readonly string[] {
  return args.find((arg) => arg.name === name)?.values ?? [];
}

function value(args: readonly Argument[], name: string): string | undefined {
  return values(args, name)[0];
}
