/**
 * A TCP proxy in front of every port of every node, so that the link between two nodes can be cut, slowed down or broken, one way or
 * both, while both still talk to the others and to clients. Nodes advertise the proxy's address and never learn each other's own.
 *
 * Whose connection it is follows from the process that holds its other end (`socket-owner.ts`, Linux only). That is looked up only while a
 * link of the node that it leads to is disturbed, since it takes time; the connection is held until then. A cut holds back the
 * bytes of connections between the two, whoever opened them, as a network that drops packets does to TCP: what was under way
 * comes when the cut is mended, unless either side has given up by then.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DcacheError } from '../../base/errors.js';
import { LinkFlow, OPEN, type LinkCondition } from './link-flow.js';
import type { ClusterNetwork } from './network.js';
import type { NodePlace } from './node-place.js';
import { ownersOf } from './socket-owner.js';

const HELD: LinkCondition = { type: 'held' };
const NO_NODE = Symbol('no node');
/** Connections that are opened within this time are looked up together. */
const GATHER_MS = 5;

interface Connection {
  /** Who opened it: a node, nobody of them (a client, for one), or not looked up yet. */
  from: string | typeof NO_NODE | undefined;
  readonly to: string;
  readonly near: Socket;
  /** What `from` sends. */
  readonly there: LinkFlow;
  /** What it gets back. */
  readonly back: LinkFlow;
}

export class LinkProxies implements ClusterNetwork {
  private pidsOf: () => ReadonlyMap<string, number> = () => new Map();
  private readonly servers: Server[] = [];
  private readonly connections = new Set<Connection>();
  /** Of the links that are not open, by "from>to". */
  private readonly conditions = new Map<string, LinkCondition>();
  private gathering: NodeJS.Timeout | undefined;

  /** Throws INVALID_ARGUMENT where connections cannot be told apart. */
  static refuseWhereImpossible(): void {
    if (process.platform === 'linux') return;
    throw new DcacheError(
      'INVALID_ARGUMENT',
      `--cut works on Linux only, this is ${process.platform}: it takes addresses of their own for the nodes, and /proc. --pause works here`,
    );
  }

  hostsOf(number: number): Pick<NodePlace, 'host' | 'advertisedHost'> {
    return { host: `127.0.1.${number}`, advertisedHost: `127.0.2.${number}` };
  }

  commandAt(_nodeId: string, command: readonly string[]): readonly string[] {
    return command;
  }

  async open(places: readonly NodePlace[], pids: () => ReadonlyMap<string, number>): Promise<void> {
    this.pidsOf = pids;
    for (const place of places) {
      for (const port of [place.clientPort, place.controlPort, place.dataPort]) {
        const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (near) =>
          this.accept(place, port, near),
        );
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ host: place.advertisedHost, port }, resolve);
        });
        this.servers.push(server);
      }
    }
  }

  set(from: string, to: string, condition: LinkCondition): Promise<void> {
    if (condition.type === 'open') this.conditions.delete(`${from}>${to}`);
    else this.conditions.set(`${from}>${to}`, condition);
    this.lookUp();
    for (const connection of this.connections) this.direct(connection);
    return Promise.resolve();
  }

  reset(one: string, other: string): number {
    this.lookUp((to) => to === one || to === other);
    const between = [...this.connections].filter(
      ({ from, to }) => (from === one && to === other) || (from === other && to === one),
    );
    for (const { near } of between) near.resetAndDestroy();
    return between.length;
  }

  async close(): Promise<void> {
    clearTimeout(this.gathering);
    for (const { near } of this.connections) near.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private accept({ nodeId, host }: NodePlace, port: number, near: Socket): void {
    const far = connect({ host, port, allowHalfOpen: true });
    near.setNoDelay(true);
    far.setNoDelay(true);
    const connection: Connection = {
      from: undefined,
      to: nodeId,
      near,
      there: new LinkFlow(near, far),
      back: new LinkFlow(far, near),
    };
    this.connections.add(connection);
    near.on('close', () => this.connections.delete(connection));
    this.direct(connection);
  }

  private direct(connection: Connection): void {
    const { from, to, there, back } = connection;
    if (from === undefined && this.isDisturbed(to)) {
      there.set(HELD);
      back.set(HELD);
      this.gathering ??= setTimeout(() => {
        this.lookUp();
        for (const each of this.connections) this.direct(each);
      }, GATHER_MS);
      return;
    }
    const node = typeof from === 'string' ? from : '';
    there.set(this.conditions.get(`${node}>${to}`) ?? OPEN);
    back.set(this.conditions.get(`${to}>${node}`) ?? OPEN);
  }

  /** Finds out who opened the connections of which that is not known yet and matters. */
  private lookUp(matters = (to: string): boolean => this.isDisturbed(to)): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const unknown = [...this.connections].filter(({ from, to }) => from === undefined && matters(to));
    if (unknown.length === 0) return;
    const owners = ownersOf(
      unknown.map(({ near }) => near),
      this.pidsOf(),
    );
    for (const connection of unknown) connection.from = owners.get(connection.near) ?? NO_NODE;
  }

  private isDisturbed(nodeId: string): boolean {
    return [...this.conditions.keys()].some((link) => link.split('>').includes(nodeId));
  }
}
