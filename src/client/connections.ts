/**
 * Which node a client sends a request to. One connection a node, so that requests of one turn travel together.
 *
 * raft mode: all requests go to one node, the leader as soon as it is known, since writes take the shortest way there and
 * reads are confirmed there; else the first node that answers. ecc mode: a request about a key goes straight to the primary of
 * its slot. Whatever has no primary that is known and answers, or none that is connected yet, goes to the node in use, which forwards it.
 *
 * Nodes say in their sessions who leads what. A node that failed is not gone back to for SUSPICION_MS on anybody's word: the
 * others may not have noticed yet.
 */
import type { Topology } from '../adapters/grpc/backend.js';
import { SessionClient } from '../adapters/grpc/session-client.js';
import { parseAddress } from '../base/address.js';
import type { KvRequest } from '../store/requests.js';
import { LossWatch, type LossEvent } from './loss-watch.js';
import { SlotTable } from './slot-table.js';

const SUSPICION_MS = 1_000;
const RETIRE_POLL_MS = 250;

export class Connections {
  /** Given by the caller, tried first; never forgotten. */
  private readonly seeds: readonly string[];
  /** The seeds, then what nodes have told. No address twice. */
  private addresses: readonly string[];
  /** The node in use for what has no better one. One of `addresses`, or the leader. */
  private home: string;
  /** Connections that requests are sent on, by address. */
  private readonly sessions = new Map<string, SessionClient>();
  /** Connections that only answers are waited for on. */
  private readonly retired = new Set<SessionClient>();
  /** Those that are being connected to, while requests for them go another way. */
  private readonly preparing = new Set<SessionClient>();
  private readonly slots = new SlotTable();
  private readonly failedAtMs = new Map<string, number>();
  private readonly losses = new LossWatch();
  private readonly onLoss: (loss: LossEvent) => void;

  /**
   * @param seeds at least one host:port of a client port; tried in this order. Nothing is connected yet.
   * @param onLoss told of losses of data, once each.
   */
  constructor(seeds: readonly string[], onLoss: (loss: LossEvent) => void = () => undefined) {
    this.onLoss = onLoss;
    this.seeds = seeds;
    this.addresses = seeds;
    this.home = seeds[0] ?? '';
  }

  /** Nodes that could be asked. */
  get count(): number {
    return this.addresses.length;
  }

  /** The session to send a request on. */
  sessionFor(request: KvRequest): SessionClient {
    const primary = this.slots.primaryFor(request);
    const home = this.sessionTo(this.home);
    if (primary === undefined || primary === this.home || this.isSuspect(primary)) return home;
    const session = this.sessionTo(primary);
    if (session.isConnected || !home.isConnected) return session;
    // Connecting to a process that has just been started takes longer than the way through another node.
    void this.prepare(session);
    return home;
  }

  /** `failed` does not answer: from now on other nodes are used. What is under way on it ends by itself. */
  moveOn(failed: SessionClient): void {
    const { address } = failed;
    this.failedAtMs.set(address, performance.now());
    if (this.sessions.get(address) !== failed) return; // somebody else has moved on already
    this.retire(failed);
    if (this.home === address) this.home = this.nextAfter(address);
  }

  /** The node of that session is not the primary that it was taken for. It is not at fault; its slots are asked about elsewhere. */
  onWrongNode(session: SessionClient): void {
    this.slots.forget(session.address);
  }

  /** Closes all connections. Requests under way fail. */
  close(): void {
    for (const session of [...this.sessions.values(), ...this.retired]) session.close();
  }

  /** Never rejects. */
  private async prepare(session: SessionClient): Promise<void> {
    if (this.preparing.has(session)) return;
    this.preparing.add(session);
    await session.prepare();
    this.preparing.delete(session);
    if (!session.isConnected) this.moveOn(session);
  }

  private sessionTo(address: string): SessionClient {
    const known = this.sessions.get(address);
    if (known !== undefined) return known;
    const session: SessionClient = new SessionClient(address, (topology) => this.onTopology(session, topology));
    this.sessions.set(address, session);
    return session;
  }

  private onTopology(source: SessionClient, topology: Topology): void {
    if (this.sessions.get(source.address) !== source) return;
    const usable = topology.nodes.filter((address) => parseAddress(address) !== undefined);
    this.addresses = [...new Set([...this.seeds, ...usable])];
    const isNewer = this.slots.learn(topology);
    if (source.address === this.home) this.followLeader(topology.leader, usable);
    if (isNewer) this.retireUnused();
    const loss = this.losses.learn(topology);
    if (loss !== undefined) this.onLoss(loss);
  }

  /** Only the node in use is believed: another one may be behind. */
  private followLeader(leader: string, usable: readonly string[]): void {
    if (leader === '' || leader === this.home || !usable.includes(leader) || this.isSuspect(leader)) return;
    this.home = leader;
    this.retireUnused();
  }

  private nextAfter(address: string): string {
    const at = this.addresses.indexOf(address);
    const others = [...this.addresses.slice(at + 1), ...this.addresses.slice(0, Math.max(at, 0))];
    return others.find((other) => !this.isSuspect(other)) ?? others[0] ?? address;
  }

  private isSuspect(address: string): boolean {
    const failedAtMs = this.failedAtMs.get(address);
    return failedAtMs !== undefined && performance.now() - failedAtMs < SUSPICION_MS;
  }

  private retireUnused(): void {
    for (const [address, session] of [...this.sessions]) {
      if (address !== this.home && !this.slots.names(address)) this.retire(session);
    }
  }

  /** What is under way there may still be answered. */
  private retire(session: SessionClient): void {
    this.sessions.delete(session.address);
    this.retired.add(session);
    const closeWhenIdle = (): void => {
      if (session.pending > 0) {
        setTimeout(closeWhenIdle, RETIRE_POLL_MS).unref();
        return;
      }
      this.retired.delete(session);
      session.close();
    };
    closeWhenIdle();
  }
}
