/**
 * Which node a client talks to. All its requests share one connection, so that those of one turn travel together: to the
 * leader as soon as it is known, since writes take the shortest way there and reads are confirmed there, and else to the first node
 * that answers. Nodes say in their sessions who leads and which others there are.
 *
 * A node that failed is not gone back to for SUSPICION_MS on anybody's word: the others may not have noticed yet.
 */
import type { Topology } from '../adapters/grpc/backend.js';
import { SessionClient } from '../adapters/grpc/session-client.js';
import { parseAddress } from '../base/address.js';

const SUSPICION_MS = 1_000;
const RETIRE_POLL_MS = 250;

export class Connections {
  /** Given by the caller, tried first; never forgotten. */
  private readonly seeds: readonly string[];
  /** The seeds, then what nodes have told. No address twice. */
  private addresses: readonly string[];
  /** Index of the address that is used while no leader is known. */
  private position = 0;
  private session: SessionClient | undefined;
  private readonly retired = new Set<SessionClient>();
  private readonly failedAtMs = new Map<string, number>();

  /** @param seeds at least one host:port of a client port; tried in this order. Nothing is connected yet. */
  constructor(seeds: readonly string[]) {
    this.seeds = seeds;
    this.addresses = seeds;
  }

  /** Nodes that could be asked. */
  get count(): number {
    return this.addresses.length;
  }

  /** The session in use. */
  current(): SessionClient {
    this.session ??= this.open(this.addresses[this.position % this.addresses.length] ?? '');
    return this.session;
  }

  /** `failed` does not answer: from now on the next one is used. What is under way on it ends by itself. */
  moveOn(failed: SessionClient): void {
    this.failedAtMs.set(failed.address, performance.now());
    if (this.session !== failed) return; // somebody else has moved on already
    const at = this.addresses.indexOf(failed.address);
    this.position = ((at === -1 ? this.position : at) + 1) % this.addresses.length;
    this.session = undefined;
    this.retire(failed);
  }

  /** Closes all connections. Requests under way fail. */
  close(): void {
    this.session?.close();
    for (const session of this.retired) session.close();
  }

  private open(address: string): SessionClient {
    const session: SessionClient = new SessionClient(address, (topology) => this.onTopology(session, topology));
    return session;
  }

  private onTopology(source: SessionClient, { nodes, leader }: Topology): void {
    if (this.session !== source) return;
    const usable = nodes.filter((address) => parseAddress(address) !== undefined);
    this.addresses = [...new Set([...this.seeds, ...usable])];
    if (leader === '' || leader === source.address || !usable.includes(leader) || this.isSuspect(leader)) return;
    this.session = this.open(leader);
    this.retire(source);
  }

  private isSuspect(address: string): boolean {
    const failedAtMs = this.failedAtMs.get(address);
    return failedAtMs !== undefined && performance.now() - failedAtMs < SUSPICION_MS;
  }

  /** What is under way there may still be answered. */
  private retire(session: SessionClient): void {
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
