/**
 * The network between data ports: that of the control ports, with the same splits, cuts and stalls, and faults of its own that
 * concern data links alone.
 */
import { assert } from '../../../src/base/assert.js';
import type { Prng } from '../../../src/base/prng.js';
import type { GroupMember } from '../../../src/cluster/cluster-map.js';
import type { Network } from '../network.js';
import type { DataLinkParameters } from '../scenario/ecc-parameters.js';
import type { VirtualTime } from '../virtual-time.js';
import { DataConnection, type ConnectionEvents } from './data-connection.js';
import type { SimDataLinks } from './data-links.js';

export interface DataNetParts {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly prng: Prng;
  readonly parameters: DataLinkParameters;
  /** Host by data address. */
  readonly hosts: ReadonlyMap<string, string>;
  fail(invariant: string, details: string): void;
}

export class DataNet {
  readonly time: VirtualTime;
  readonly prng: Prng;
  readonly parameters: DataLinkParameters;
  private readonly parts: DataNetParts;
  private readonly listening = new Map<string, SimDataLinks>();
  /** "from>to", and how many cuts lie on it. */
  private readonly cuts = new Map<string, number>();

  constructor(parts: DataNetParts) {
    this.parts = parts;
    this.time = parts.time;
    this.prng = parts.prng;
    this.parameters = parts.parameters;
  }

  /** A process listens on its data port. */
  listen(links: SimDataLinks): void {
    this.listening.set(links.host, links);
  }

  listener(host: string): SimDataLinks | undefined {
    const links = this.listening.get(host);
    return links?.thread.alive === true ? links : undefined;
  }

  connect(from: SimDataLinks, address: string, events: ConnectionEvents): DataConnection {
    const host = this.parts.hosts.get(address);
    assert(host !== undefined, 'a data address belongs to a node');
    return new DataConnection(this, from, host, events);
  }

  /** From now on nothing goes that way, on data links only; one more reason of possibly several. */
  cut(from: string, to: string): void {
    const direction = `${from}>${to}`;
    this.cuts.set(direction, (this.cuts.get(direction) ?? 0) + 1);
  }

  mend(from: string, to: string): void {
    const direction = `${from}>${to}`;
    const cuts = this.cuts.get(direction) ?? 0;
    if (cuts > 1) this.cuts.set(direction, cuts - 1);
    else this.cuts.delete(direction);
  }

  /** What is under way goes on its way again. */
  heal(): void {
    this.cuts.clear();
  }

  passes(from: string, to: string): boolean {
    return this.parts.network.passes(from, to) && !this.cuts.has(`${from}>${to}`);
  }

  delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.parameters;
    return minDelayMs + ((maxDelayMs - minDelayMs) * this.prng.below(1000)) / 1000;
  }

  /** How long it takes one end to notice what has become of a connection. */
  noticeMs(): number {
    return this.parts.network.noticeMs();
  }

  /** A message that was handed over has to be the same when it arrives. */
  expectUnchanged(sent: Uint8Array, now: Uint8Array, from: GroupMember): void {
    const isSame = sent.length === now.length && sent.every((byte, i) => byte === now[i]);
    if (!isSame) this.parts.fail('bytes that were handed over do not change', `a message of ${from.nodeId}`);
  }
}
