/**
 * What lies between the hosts: takes each packet to its end, late, twice or never. Cuts are per direction, so that a
 * split may let one side hear the other. What a packet means is its sender's business.
 */
import type { Prng } from '../../src/base/prng.js';
import type { FaultCounts } from './fault-counts.js';
import type { NetworkParameters } from './scenario/network-parameters.js';
import type { VirtualTime } from './virtual-time.js';

/** `datagram`: may be lost, doubled and reordered. `call`: a request or an answer, which may be lost. */
export type PacketKind = 'datagram' | 'call';

export class Network {
  private readonly time: VirtualTime;
  private readonly prng: Prng;
  private readonly faults: FaultCounts;
  private parameters: NetworkParameters;
  /** "from>to" of the directions that let nothing through, and how many cuts lie on each. */
  private readonly cuts = new Map<string, number>();
  private readonly cutsAlone = new Set<string>();
  /** Directions that hold everything up, and what they hold. */
  private readonly stalls = new Map<string, (() => void)[]>();
  /** When the last packet of each ordered direction arrives. */
  private readonly lastArrivalMs = new Map<string, number>();

  constructor(time: VirtualTime, prng: Prng, parameters: NetworkParameters, faults: FaultCounts) {
    this.time = time;
    this.prng = prng;
    this.parameters = parameters;
    this.faults = faults;
  }

  cut(from: string, to: string): void {
    const direction = `${from}>${to}`;
    this.cuts.set(direction, (this.cuts.get(direction) ?? 0) + 1);
  }

  /** Takes one cut away. */
  mend(from: string, to: string): void {
    const direction = `${from}>${to}`;
    const cuts = this.cuts.get(direction) ?? 0;
    if (cuts > 1) this.cuts.set(direction, cuts - 1);
    else this.cuts.delete(direction);
  }

  /** From now on what would arrive waits for `release`. */
  stall(from: string, to: string): void {
    const direction = `${from}>${to}`;
    if (!this.stalls.has(direction)) this.stalls.set(direction, []);
  }

  /** What has been held up arrives, in order. */
  release(from: string, to: string): void {
    const direction = `${from}>${to}`;
    const held = this.stalls.get(direction) ?? [];
    this.stalls.delete(direction);
    for (const deliver of held) this.time.after(0, deliver);
  }

  /** Ends all cuts, stalls and losses. */
  heal(): void {
    this.cuts.clear();
    this.cutsAlone.clear();
    for (const direction of [...this.stalls.keys()]) {
      const [from = '', to = ''] = direction.split('>');
      this.release(from, to);
    }
    this.parameters = { ...this.parameters, lossPerMille: 0, doublePerMille: 0, straggleMs: 0, callLossPerMille: 0 };
  }

  get losesCalls(): boolean {
    return this.parameters.callLossPerMille > 0;
  }

  reaches(from: string, to: string): boolean {
    const direction = `${from}>${to}`;
    return !this.cuts.has(direction) && !this.cutsAlone.has(direction);
  }

  /** The same for data links, which have no part in cuts of this network alone; at once, or not at all for now. */
  passes(from: string, to: string): boolean {
    const direction = `${from}>${to}`;
    return !this.cuts.has(direction) && !this.stalls.has(direction);
  }

  /** From now on nothing of this network goes that way, but data links are as they were. */
  cutAlone(from: string, to: string): void {
    this.cutsAlone.add(`${from}>${to}`);
  }

  mendAlone(from: string, to: string): void {
    this.cutsAlone.delete(`${from}>${to}`);
  }

  /** Both ways, as a connection needs it. */
  connects(a: string, b: string): boolean {
    return this.reaches(a, b) && this.reaches(b, a);
  }

  /** A time that a packet may take. */
  delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.parameters;
    return minDelayMs + ((maxDelayMs - minDelayMs) * this.prng.below(1000)) / 1000;
  }

  /** How long it takes to notice that nobody is there any more. */
  noticeMs(): number {
    return this.prng.between(1, this.parameters.maxNoticeMs);
  }

  /** False when the packet is lost. `departMs`: when it leaves, not before now. */
  send(from: string, to: string, kind: PacketKind, departMs: number, deliver: () => void): boolean {
    if (!this.reaches(from, to)) return false;
    const { lossPerMille, doublePerMille, callLossPerMille } = this.parameters;
    if (kind === 'call') {
      if (this.happens('request or answer lost', callLossPerMille)) return false;
      this.arrive(from, to, departMs, deliver);
      return true;
    }
    if (this.happens('message lost', lossPerMille)) return false;
    this.arrive(from, to, departMs, deliver);
    if (this.happens('message doubled', doublePerMille)) this.arrive(from, to, departMs, deliver);
    return true;
  }

  private happens(fault: 'message lost' | 'message doubled' | 'request or answer lost', perMille: number): boolean {
    if (perMille === 0 || !this.prng.chance(perMille, 1000)) return false;
    this.faults.add(fault);
    return true;
  }

  private arrive(from: string, to: string, departMs: number, deliver: () => void): void {
    const { ordered, straggleMs, stragglePerMille } = this.parameters;
    let arrivalMs = departMs + this.delayMs();
    let late = false;
    if (straggleMs > 0 && this.prng.chance(stragglePerMille, 1000)) {
      this.faults.add('message delayed past others');
      arrivalMs += this.prng.between(1, straggleMs);
      late = true;
    } else if (ordered) {
      const direction = `${from}>${to}`;
      arrivalMs = Math.max(arrivalMs, this.lastArrivalMs.get(direction) ?? 0);
      this.lastArrivalMs.set(direction, arrivalMs);
    }
    this.time.at(arrivalMs, () => {
      // What was under way when the cut came is lost with it, but for stragglers: they were held up behind it.
      if (!late && !this.reaches(from, to)) return;
      const held = this.stalls.get(`${from}>${to}`);
      if (held === undefined) deliver();
      else held.push(deliver);
    });
  }
}
