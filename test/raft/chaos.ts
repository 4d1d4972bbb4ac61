/**
 * A random run of a group: messages are lost, doubled and reordered, nodes crash, members come and go, leadership is
 * handed around; then everything heals and the group has to agree. The Raft paper's safety properties (figure 3) are
 * checked at every step.
 */
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { Prng } from '../../src/base/prng.js';
import type { ConfChange, Transition } from '../../src/raft/conf-change.js';
import type { RaftConfig } from '../../src/raft/config.js';
import type { PeerMessage } from '../../src/raft/messages.js';
import { EMPTY_CONF_STATE, type Entry } from '../../src/raft/types.js';
import { ChaosNode } from './chaos-node.js';

const NODES = [1, 2, 3, 4, 5];
const FIRST_VOTERS = [1, 2, 3];

export interface ChaosOutcome {
  /** Commands that were applied, in order. */
  readonly committed: number;
  readonly leaders: number;
  readonly readsAnswered: number;
  readonly reconfigurations: number;
}

export class Chaos {
  private readonly prng: Prng;
  private readonly nodes: ReadonlyMap<number, ChaosNode>;
  private wire: PeerMessage[] = [];
  /** Figure 3, election safety. */
  private readonly leaderOfTerm = new Map<number, number>();
  /** Figure 3, state machine safety: what is applied at an index is the same everywhere, for ever. */
  private readonly applied = new Map<number, Entry>();
  private highestApplied = 0;
  private proposals = 0;
  private reads = 0;
  private readsAnswered = 0;
  /** What had been applied anywhere when the read was asked for. */
  private readonly readFloor = new Map<string, number>();

  constructor(seed: number, config: Partial<RaftConfig>) {
    this.prng = new Prng(seed);
    const confState = { ...EMPTY_CONF_STATE, voters: FIRST_VOTERS };
    const hooks = {
      send: (message: PeerMessage) => void this.wire.push(message),
      applied: (node: ChaosNode, entry: Entry) => this.onApplied(node, entry),
      read: (_: ChaosNode, { index, context }: { index: number; context: Uint8Array }) => this.onRead(index, context),
    };
    const full = { electionTicks: 10, heartbeatTicks: 2, maxAppendBytes: 100, maxInflightAppends: 4, ...config };
    this.nodes = new Map(NODES.map((id) => [id, new ChaosNode(id, confState, full, this.prng.fork(), hooks)] as const));
  }

  private node(id: number): ChaosNode {
    const node = this.nodes.get(id);
    if (!node) throw new Error(`no node ${id}`);
    return node;
  }

  private get all(): readonly ChaosNode[] {
    return [...this.nodes.values()];
  }

  run(steps: number): ChaosOutcome {
    for (let i = 0; i < steps; i++) {
      this.disturb();
      this.checkLeaders();
    }
    this.heal();
    const reconfigurations = [...this.applied.values()].filter(({ type }) => type !== 'normal').length;
    const committed = this.highestApplied;
    return { committed, leaders: this.leaderOfTerm.size, readsAnswered: this.readsAnswered, reconfigurations };
  }

  private disturb(): void {
    const node = this.prng.pick(this.all);
    const action = this.prng.below(1000);
    if (action < 350) node.work(60);
    else if (action < 650) this.deliver(true);
    else if (action < 850) node.raw.tick();
    else if (action < 930) node.raw.propose(Buffer.from(`command ${this.proposals++}`));
    else if (action < 960) this.read(node);
    else if (action < 975) this.reconfigure(node);
    else if (action < 982) node.raw.transferLeader(this.prng.pick(NODES));
    else if (action < 988) node.raw.reportUnreachable(this.prng.pick(NODES));
    else if (action < 993) node.raw.reportSnapshot(this.prng.pick(NODES), this.prng.chance(1, 2));
    else if (action < 996) node.raw.forgetLeader();
    else node.crash();
  }

  private deliver(lossy: boolean): void {
    if (this.wire.length === 0) return;
    const position = lossy ? this.prng.below(Math.min(this.wire.length, 8)) : 0;
    const message = this.wire[position];
    if (!message) return;
    const fate = lossy ? this.prng.below(20) : 19;
    // Delivered and delivered again later, or lost, or delivered once.
    if (fate !== 0) this.wire.splice(position, 1);
    if (fate === 1) return;
    this.node(message.to).raw.step(message);
  }

  private read(node: ChaosNode): void {
    const name = String(this.reads++);
    this.readFloor.set(name, this.highestApplied);
    node.raw.readIndex(Buffer.from(name));
  }

  /**
   * Spares the leader, as an operator would (it hands over first). A leader that removes itself can leave behind a voter
   * that has not heard of the commit, still needs its vote, and does not get it because the log is longer.
   */
  private reconfigure(node: ChaosNode): void {
    const types: ConfChange['type'][] = ['add-voter', 'add-voter', 'add-learner', 'remove'];
    const count = this.prng.between(0, 2);
    const others = NODES.filter((id) => id !== node.raw.core.leader);
    const changes = Array.from({ length: count }, () => ({ type: this.prng.pick(types), id: this.prng.pick(others) }));
    const transition = this.prng.pick<Transition>(['auto', 'joint-implicit', 'joint-explicit']);
    node.raw.proposeConfChange({ transition, changes, context: EMPTY_BYTES });
  }

  private checkLeaders(): void {
    for (const { id, raw } of this.all) {
      if (raw.core.role !== 'leader') continue;
      const { term } = raw.core;
      const known = this.leaderOfTerm.get(term) ?? id;
      if (known !== id) throw new Error(`election safety: ${known} and ${id} lead term ${term}`);
      this.leaderOfTerm.set(term, id);
    }
  }

  private onApplied(node: ChaosNode, entry: Entry): void {
    const known = this.applied.get(entry.index) ?? entry;
    if (known.term !== entry.term || Buffer.compare(known.data, entry.data) !== 0) {
      throw new Error(`state machine safety: ${node.id} applies another entry at ${entry.index}`);
    }
    this.applied.set(entry.index, entry);
    this.highestApplied = Math.max(this.highestApplied, entry.index);
  }

  private onRead(index: number, context: Uint8Array): void {
    const name = Buffer.from(context).toString();
    const floor = this.readFloor.get(name);
    if (floor === undefined) throw new Error(`nobody asked for read ${name}`);
    if (index < floor) throw new Error(`read ${name} may miss what was applied at ${floor}`);
    this.readsAnswered++;
  }

  /** No more losses, crashes or wishes: one leader, and everybody whom it counts as a member has the same log. */
  private heal(): void {
    const isSettled = (): boolean => {
      const leader = this.all.find(({ raw }) => raw.core.role === 'leader');
      if (!leader || this.wire.length > 0 || this.all.some((node) => node.hasWork)) return false;
      const peers = leader.raw.status().peers;
      const { lastIndex, applied } = leader.raw.status();
      const caughtUp = peers.every(({ id, match }) => {
        const status = this.node(id).raw.status();
        return match === lastIndex && status.applied === applied && applied === lastIndex;
      });
      return caughtUp && peers.length > 0;
    };
    for (let round = 0; round < 4000; round++) {
      if (isSettled()) return;
      for (const node of this.all) {
        node.raw.tick();
        if (round % 10 === 0) for (const id of NODES) node.raw.reportSnapshot(id, false);
      }
      for (let i = 0; i < 400 && (this.wire.length > 0 || this.all.some((node) => node.hasWork)); i++) {
        for (const node of this.all) node.work(Infinity);
        while (this.wire.length > 0) this.deliver(false);
        this.checkLeaders();
      }
    }
    throw new Error('the healed group does not agree');
  }
}
