/**
 * A TCP proxy in front of every port of every node, so that two nodes can be cut off from each other while both still talk to the others
 * and to clients. Nodes advertise the proxy's address and never learn each other's own.
 *
 * Whose connection it is follows from its other end: the kernel's tables say which process holds that socket (/proc, Linux only). A
 * cut holds back the bytes of connections between the two, as a network that drops packets does to TCP: what was under way
 * comes when the cut is mended, unless either side has given up by then.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DcacheError } from '../../base/errors.js';
import type { NodePlace } from './node-place.js';

interface Pair {
  readonly from: string | undefined;
  readonly to: string;
  readonly near: Socket;
  readonly far: Socket;
}

export class CutProxies {
  private readonly places: readonly NodePlace[];
  private readonly pidsOf: () => ReadonlyMap<string, number>;
  private readonly servers: Server[] = [];
  private readonly pairs = new Set<Pair>();
  private readonly cuts = new Set<string>();

  /** @param pids of the nodes that run, by node id. */
  constructor(places: readonly NodePlace[], pids: () => ReadonlyMap<string, number>) {
    this.places = places;
    this.pidsOf = pids;
  }

  /** Throws INVALID_ARGUMENT where connections cannot be told apart. */
  static refuseWhereImpossible(): void {
    if (process.platform === 'linux') return;
    throw new DcacheError(
      'INVALID_ARGUMENT',
      `--cut works on Linux only, this is ${process.platform}: it takes addresses of their own for the nodes, and /proc. --pause works here`,
    );
  }

  async listen(): Promise<void> {
    for (const place of this.places) {
      for (const port of [place.clientPort, place.controlPort, place.dataPort]) {
        const server = createServer({ pauseOnConnect: true }, (near) => this.accept(place, port, near));
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ host: place.advertisedHost, port }, resolve);
        });
        this.servers.push(server);
      }
    }
  }

  cut(one: string, other: string): void {
    this.cuts.add(nameOf(one, other));
    for (const pair of this.pairs) this.direct(pair);
  }

  mend(one: string, other: string): void {
    this.cuts.delete(nameOf(one, other));
    for (const pair of this.pairs) this.direct(pair);
  }

  async close(): Promise<void> {
    for (const { near, far } of this.pairs) {
      near.destroy();
      far.destroy();
    }
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private accept({ nodeId, host }: NodePlace, port: number, near: Socket): void {
    const from = ownerOf(near, this.pidsOf());
    const far = connect({ host, port });
    near.setNoDelay(true);
    far.setNoDelay(true);
    const pair: Pair = { from, to: nodeId, near, far };
    this.pairs.add(pair);
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('data', (bytes) => {
        if (!peer.write(bytes)) socket.pause();
      });
      socket.on('drain', () => {
        if (!this.isCut(pair)) peer.resume();
      });
      socket.on('end', () => peer.end());
      // An end that fails is closed, and so is the other: that is what the two see of each other.
      socket.on('error', () => peer.destroy());
      socket.on('close', () => {
        peer.destroy();
        this.pairs.delete(pair);
      });
    }
    this.direct(pair);
  }

  private isCut({ from, to }: Pair): boolean {
    return from !== undefined && this.cuts.has(nameOf(from, to));
  }

  private direct(pair: Pair): void {
    for (const socket of [pair.near, pair.far]) {
      if (this.isCut(pair)) socket.pause();
      else socket.resume();
    }
  }
}

function nameOf(one: string, other: string): string {
  return [one, other].sort().join('-');
}

/** The node whose process holds the other end of a connection; undefined when none of them does. */
function ownerOf(socket: Socket, pids: ReadonlyMap<string, number>): string | undefined {
  const inode = inodeOf(socket.remoteAddress, socket.remotePort);
  if (inode === undefined) return undefined;
  return [...pids].find(([, pid]) => holds(pid, inode))?.[0];
}

/** A line of /proc/net/tcp: number, local address, remote address, state, queues, timer, retransmissions, user, timeouts, inode. */
function inodeOf(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  const hex = (n: number, digits: number): string => n.toString(16).toUpperCase().padStart(digits, '0');
  const local = `${address
    .split('.')
    .reverse()
    .map((part) => hex(Number(part), 2))
    .join('')}:${hex(port, 4)}`;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === local) return fields[9];
  }
  return undefined;
}

function holds(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false; // the process has ended
  }
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined; // closed since the folder was read
  }
}
