/** Several TestNodes and the wires between them. Delivers in the order of sending; tests cut wires and drop messages. */
import type { PeerMessage } from '../../src/raft/messages.js';
import { TestNode, type NodeOptions } from './test-node.js';

/** A guard against a group that never comes to rest. */
const MAX_DELIVERIES = 100_000;

export class Network {
  readonly nodes: ReadonlyMap<number, TestNode>;
  private queue: PeerMessage[] = [];
  private readonly cutWires = new Set<string>();
  private dropped: (message: PeerMessage) => boolean = () => false;

  constructor(nodes: readonly TestNode[]) {
    this.nodes = new Map(nodes.map((node) => [node.id, node]));
  }

  /** Voters 1..count. */
  static of(count: number, options: NodeOptions = {}): Network {
    const voters = Array.from({ length: count }, (_, i) => i + 1);
    return new Network(voters.map((id) => new TestNode(id, { voters, ...options })));
  }

  node(id: number): TestNode {
    const node = this.nodes.get(id);
    if (!node) throw new Error(`no node ${id}`);
    return node;
  }

  get leaders(): readonly number[] {
    return [...this.nodes.values()].filter(({ role }) => role === 'leader').map(({ id }) => id);
  }

  /** Both directions. */
  cut(a: number, b: number): void {
    this.cutWires.add(`${a}>${b}`).add(`${b}>${a}`);
  }

  isolate(id: number): void {
    for (const other of this.nodes.keys()) if (other !== id) this.cut(id, other);
  }

  drop(dropped: (message: PeerMessage) => boolean): void {
    this.dropped = dropped;
  }

  heal(): void {
    this.cutWires.clear();
    this.dropped = () => false;
  }

  /** Delivers until nothing is under way and nothing left to do. */
  settle(): void {
    for (let deliveries = 0; deliveries < MAX_DELIVERIES; deliveries++) {
      this.collect();
      const message = this.queue.shift();
      if (!message) return;
      this.nodes.get(message.to)?.raw.step(message);
    }
    throw new Error('the group does not come to rest');
  }

  private collect(): void {
    for (const node of this.nodes.values()) {
      for (const message of node.settle()) {
        const lost = this.cutWires.has(`${message.from}>${message.to}`) || this.dropped(message);
        if (!lost) this.queue.push(message);
      }
    }
  }

  campaign(id: number): void {
    this.node(id).raw.campaign();
    this.settle();
  }

  propose(id: number, text: string): void {
    this.node(id).propose(text);
    this.settle();
  }

  /** Node `id` alone sees time pass; the messages that it sends are delivered after each tick. */
  tick(id: number, times = 1): void {
    for (let i = 0; i < times; i++) {
      this.node(id).tick();
      this.settle();
    }
  }
}
