/**
 * Each node in a network namespace of its own, behind a virtual switch, so that cuts are real: packets get lost, connections are neither
 * accepted nor refused. This process is at the switch as well, in a namespace that it was started in (`bin/nemesis.mjs`), so nothing
 * outside is touched, and all of it is gone when its processes are. Takes Linux with `ip`, `unshare` and `nsenter`.
 *
 * A link is cut one way by a wrong hardware address of the other end in the sender's table of neighbours: the switch delivers to nobody.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LinkCondition } from '../../src/bench/cluster/link-flow.js';
import type { ClusterNetwork } from '../../src/bench/cluster/network.js';
import type { NodePlace } from '../../src/bench/cluster/node-place.js';
import { NodeProcess } from '../../src/bench/cluster/node-process.js';
import { until } from '../support/until.js';
import type { FaultKind } from './faults.js';

const run = promisify(execFile);

const SWITCH = 'switch';
const SWITCH_ADDRESS = '10.77.0.254/24';
const NOBODY = '02:00:00:00:ff:ff';

/** What a switch can do to a link. */
export const KINDS_OF_NAMESPACES: readonly FaultKind[] = [
  'kill',
  'stop',
  'pause',
  'rolling-restart',
  'crash-all',
  'cut',
  'cut-one-way',
  'isolate',
  'isolate-one-way',
];

interface Place {
  readonly address: string;
  readonly hardware: string;
  /** Keeps the namespace alive. */
  readonly holder: NodeProcess;
}

export class NamespaceNetwork implements ClusterNetwork {
  private readonly logFolder: string;
  private readonly places = new Map<string, Place>();

  /** @param logFolder of the processes that keep the namespaces */
  constructor(logFolder: string) {
    this.logFolder = logFolder;
  }

  hostsOf(number: number): Pick<NodePlace, 'host' | 'advertisedHost'> {
    return { host: addressOf(number), advertisedHost: addressOf(number) };
  }

  async open(places: readonly NodePlace[]): Promise<void> {
    await ip('link', 'set', 'lo', 'up');
    await ip('link', 'add', SWITCH, 'type', 'bridge');
    await ip('addr', 'add', SWITCH_ADDRESS, 'dev', SWITCH);
    await ip('link', 'set', SWITCH, 'up');
    for (const [i, { nodeId, host }] of places.entries()) await this.plug(nodeId, host, i + 1);
    for (const [from] of this.places) {
      for (const [to, { hardware }] of this.places) if (from !== to) await this.pointTo(from, to, hardware);
    }
  }

  commandAt(nodeId: string, command: readonly string[]): readonly string[] {
    return [...this.within(nodeId), ...command];
  }

  /** Throws a TypeError for a condition that a switch cannot bring about. */
  async set(from: string, to: string, condition: LinkCondition): Promise<void> {
    if (condition.type === 'slow') throw new TypeError('a link between namespaces is cut or open');
    await this.pointTo(from, to, condition.type === 'held' ? NOBODY : this.placeOf(to).hardware);
  }

  reset(): number {
    return 0;
  }

  async close(): Promise<void> {
    await Promise.all([...this.places.values()].map(({ holder }) => holder.kill()));
    if (this.places.size > 0) await ip('link', 'del', SWITCH);
  }

  private async plug(nodeId: string, address: string, number: number): Promise<void> {
    const hardware = `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
    const logFile = join(this.logFolder, 'namespaces.log');
    const holder = new NodeProcess(`namespace of ${nodeId}`, ['unshare', '--net', 'sleep', 'infinity'], logFile);
    this.places.set(nodeId, { address, hardware, holder });
    const cable = `to-${nodeId}`;
    await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0');
    await ip('link', 'set', cable, 'master', SWITCH, 'up');
    // The namespace is there a moment after its process: until then the other end would move to where it is already.
    await until(`${nodeId} has a namespace`, async () => {
      const links = await this.ipIn(nodeId, 'link', 'show', 'type', 'bridge');
      return !links.includes(SWITCH);
    });
    await ip('link', 'set', 'eth0', 'netns', String(holder.pid));
    await this.ipIn(nodeId, 'link', 'set', 'eth0', 'address', hardware, 'up');
    await this.ipIn(nodeId, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await this.ipIn(nodeId, 'link', 'set', 'lo', 'up');
  }

  private async pointTo(from: string, to: string, hardware: string): Promise<void> {
    const { address } = this.placeOf(to);
    await this.ipIn(from, 'neigh', 'replace', address, 'lladdr', hardware, 'nud', 'permanent', 'dev', 'eth0');
  }

  private async ipIn(nodeId: string, ...args: string[]): Promise<string> {
    const [program = '', ...rest] = [...this.within(nodeId), 'ip', ...args];
    return (await run(program, rest)).stdout;
  }

  private within(nodeId: string): string[] {
    return ['nsenter', `--net=/proc/${this.placeOf(nodeId).holder.pid}/ns/net`];
  }

  private placeOf(nodeId: string): Place {
    const place = this.places.get(nodeId);
    if (place === undefined) throw new RangeError(`${nodeId} has no place in this network`);
    return place;
  }
}

function addressOf(number: number): string {
  return `10.77.0.${number}`;
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}
