/** The language of the interaction scripts: what each command asks of the group of nodes. */
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { Prng } from '../../src/base/prng.js';
import type { ConfChange, Transition } from '../../src/raft/conf-change.js';
import type { RaftConfig } from '../../src/raft/config.js';
import type { ProposalResult } from '../../src/raft/messages.js';
import { EMPTY_CONF_STATE, type Snapshot } from '../../src/raft/types.js';
import { InteractionGroup, PROPOSAL_DROPPED } from './interaction-group.js';
import { InteractionNode } from './interaction-node.js';
import { parseCommand, type Argument, type Directive } from './script.js';

/** What etcd/raft reports as an error; it is printed whatever the log level. */
class ReportedError extends Error {}

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

export class Interaction {
  private readonly group = new InteractionGroup();

  /** What the directive prints. Throws on a directive that the language does not have. */
  run(directive: Directive): string {
    const { command, args, input } = directive;
    if (command === 'propose-conf-change') return this.attempt(() => this.proposeConfChange(directive));
    // Other commands take more commands as their input.
    const commands = [{ command, args }, ...input.map(parseCommand)];
    return commands.map((each) => this.attempt(() => this.command(each.command, each.args))).join('');
  }

  private attempt(action: () => void): string {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ReportedError)) throw error;
      return this.group.takeOutput() + error.message;
    }
    return this.group.takeOutput();
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
        return this.group.printLog(node);
      }
      case 'deliver-msgs':
        return this.deliverMessages(args);
      case 'process-ready':
        return this.eachWithHeader(args, 'handling Ready', (node) => this.group.handleReady(node));
      case 'process-append-thread':
        return this.eachWithHeader(args, 'processing append thread', (node) => this.group.runAppendThread(node));
      case 'process-apply-thread':
        return this.eachWithHeader(args, 'processing apply thread', (node) => this.group.runApplyThread(node));
      case 'log-level':
        this.group.quiet = args[0]?.name.toUpperCase() === 'NONE';
        return;
      case 'raft-log':
        return this.group.printLog(this.node(args));
      case 'raft-state':
        return this.group.printStates();
      case 'set-randomized-election-timeout':
        this.node(args).raw.core.randomizedElectionTicks = Number(value(args, 'timeout'));
        return;
      case 'stabilize':
        return this.stabilize(args);
      case 'status':
        return this.group.printPeers(this.node(args));
      case 'tick-election':
        return this.tick(this.node(args), (node) => node.config.electionTicks);
      case 'tick-heartbeat':
        return this.tick(this.node(args), (node) => node.config.heartbeatTicks);
      case 'transfer-leadership':
        this.group.nodeOf(Number(value(args, 'from'))).raw.transferLeader(Number(value(args, 'to')));
        return;
      case 'forget-leader':
        this.node(args).raw.forgetLeader();
        return;
      case 'send-snapshot':
        return this.group.sendSnapshot(this.node(args), numberAt(args, 1));
      case 'propose':
        return this.report(this.node(args).raw.propose(Buffer.from(args[1]?.name ?? '')));
      case 'report-unreachable':
        this.node(args).raw.reportUnreachable(numberAt(args, 1));
        return;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  private node(args: readonly Argument[]): InteractionNode {
    return this.group.nodeOf(numberAt(args, 0));
  }

  /** The nodes that are named without a key. */
  private named(args: readonly Argument[]): readonly InteractionNode[] {
    return args.filter(({ values }) => values.length === 0).map(({ name }) => this.group.nodeOf(Number(name)));
  }

  private eachWithHeader(args: readonly Argument[], what: string, action: (node: InteractionNode) => void): void {
    const nodes = this.named(args);
    for (const node of nodes) {
      if (nodes.length === 1) action(node);
      else {
        this.group.print(`> ${node.id} ${what}\n`);
        this.group.indented(() => action(node));
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
      const id = this.group.nodes.length + 1;
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
      this.group.nodes.push(new InteractionNode(config, snapshot));
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

  private deliverMessages(args: readonly Argument[]): void {
    const type = value(args, 'type');
    let handled = 0;
    for (const arg of args) {
      if (arg.values.length === 0) handled += this.group.deliver(Number(arg.name), type, false);
      if (arg.name !== 'drop') continue;
      for (const id of arg.values) handled += this.group.deliver(Number(id), type, true);
    }
    if (handled === 0) this.group.print('no messages\n');
  }

  private stabilize(args: readonly Argument[]): void {
    const wasQuiet = this.group.quiet;
    const level = value(args, 'log-level');
    if (level !== undefined) this.group.quiet = level.toUpperCase() === 'NONE';
    const named = this.named(args);
    const nodes = named.length > 0 ? named : this.group.nodes;
    while (this.group.stabilizeOnce(nodes));
    this.group.quiet = wasQuiet;
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
