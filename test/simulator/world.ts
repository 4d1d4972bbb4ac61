/** Everything that a run consists of, and where its parts meet: time, network, nodes, clients, and who watches them. */
import { assert } from '../../src/base/assert.js';
import { NULL_LOGGER, type Logger } from '../../src/base/log.js';
import { Prng } from '../../src/base/prng.js';
import { defaultFounders } from '../../src/cluster/default-layout.js';
import type { ControlEvent } from '../../src/actors/control/events.js';
import type { PeerMessage, SnapshotMessage } from '../../src/raft/messages.js';
import type { KvInput, KvResult } from '../checker/kv-model.js';
import { HistoryRecorder } from '../checker/recorder.js';
import { SimDisk } from './disk.js';
import { EccMode } from './ecc/ecc-mode.js';
import { ExpiryWatch } from './expiry-watch.js';
import { FaultCounts } from './fault-counts.js';
import { Invariants } from './invariants.js';
import type { LifeWorld } from './life.js';
import { Network } from './network.js';
import { SimNode } from './node.js';
import type { PeerPort } from './peer-links.js';
import { Reach } from './reach.js';
import type { RequestPort } from './requests.js';
import { RaftMode } from './raft-mode.js';
import type { Parameters } from './scenario/parameters.js';
import type { SimMode } from './sim-mode.js';
import type { Trace } from './trace.js';
import { VirtualTime } from './virtual-time.js';

/** The simulated program failed in a way that it must not: an assertion, or an error that nobody handles. */
export interface Defect {
  readonly host: string;
  readonly error: unknown;
  readonly atMs: number;
}

export class World implements LifeWorld {
  readonly parameters: Parameters;
  readonly time = new VirtualTime();
  readonly trace: Trace;
  readonly logger: Logger;
  readonly faults = new FaultCounts();
  readonly invariants: Invariants;
  readonly expiry = new ExpiryWatch((invariant, details) => this.invariants.fail(invariant, details));
  readonly reach: Reach;
  readonly history = new HistoryRecorder<KvInput, KvResult>();
  readonly network: Network;
  readonly mode: SimMode;
  readonly nodes: readonly SimNode[];
  /** For whoever else needs a stream of random numbers. */
  readonly prng: Prng;
  snapshotsSent = 0;
  private diskCount = 0;
  private firstDefect: Defect | undefined;

  constructor(seed: number, parameters: Parameters, trace: Trace, logger: Logger = NULL_LOGGER) {
    this.parameters = parameters;
    this.trace = trace;
    this.logger = logger;
    this.prng = new Prng(seed + parameters.salt * 2 ** 32).fork();
    this.invariants = new Invariants(parameters.nodes, () => this.time.nowMs);
    this.network = new Network(this.time, this.prng.fork(), parameters.network, this.faults);
    const { ecc } = parameters;
    this.reach = new Reach(ecc === undefined ? 'raft' : 'ecc');
    this.mode = ecc === undefined ? new RaftMode(this) : new EccMode(this, ecc);
    const founders = defaultFounders(parameters.nodes);
    this.nodes = founders.map((_, i) => {
      const prng = this.prng.fork();
      const newDisk = (): SimDisk => this.newDisk(prng.fork());
      return new SimNode(this, { number: i + 1, founders, prng, newDisk });
    });
  }

  get defect(): Defect | undefined {
    return this.firstDefect;
  }

  peerPort(controlAddress: string): PeerPort {
    const node = this.nodes.find((other) => other.controlAddress === controlAddress);
    assert(node !== undefined, 'a control address belongs to a node');
    return node.peerPort;
  }

  requestPort(clientAddress: string): RequestPort {
    const node = this.nodes.find((other) => other.clientAddress === clientAddress);
    assert(node !== undefined, 'a client address belongs to a node');
    return node.requestPort;
  }

  /** The node that says that it leads, in the newest term if several do. */
  leader(): SimNode | undefined {
    let found: SimNode | undefined;
    for (const node of this.nodes) {
      if (node.life?.view?.role !== 'leader') continue;
      if (node.life.view.term > (found?.life?.view?.term ?? 0)) found = node;
    }
    return found;
  }

  onDefect(host: string, error: unknown): void {
    this.firstDefect ??= { host, error, atMs: this.time.nowMs };
  }

  onReceived(host: string, message: PeerMessage): void {
    const { type, from, term } = message;
    const index = 'index' in message ? message.index : 'prevIndex' in message ? message.prevIndex : 0;
    this.trace.record(this.time.nowMs, host, type, from, term, index);
  }

  onSnapshotSent(host: string, { to, snapshot }: SnapshotMessage): void {
    this.trace.record(this.time.nowMs, host, 'sends a snapshot', to, snapshot.metadata.index);
    this.snapshotsSent++;
  }

  onEvent(host: string, event: ControlEvent): void {
    this.mode.onEvent(host, event);
    const { nowMs } = this.time;
    switch (event.type) {
      case 'view': {
        const { role, term, leader, up, size, members, voters } = event.view;
        this.trace.record(nowMs, host, 'view', role, term, leader, `${up}/${size}`, members.length, voters.join());
        return;
      }
      case 'committed':
        this.trace.record(nowMs, host, 'committed', event.entries[0]?.index, event.entries.length);
        return;
      case 'obstacle':
        this.trace.record(nowMs, host, 'obstacle', event.message);
        return;
      case 'restore':
        this.trace.record(nowMs, host, 'restore', event.index, event.term, event.file.bytes);
        return;
      case 'map':
        this.trace.record(nowMs, host, 'map', event.index, event.map.groups.map(({ epoch }) => epoch).join());
        return;
      case 'let-go':
        this.trace.record(nowMs, host, 'let go', JSON.stringify(event.groups));
        return;
      case 'hand-over':
        this.trace.record(nowMs, host, 'hand over', JSON.stringify(event.groups));
        return;
      case 'leave-refused':
        this.trace.record(nowMs, host, 'leave refused');
        return;
      case 'troubles':
        this.trace.record(nowMs, host, 'troubles', JSON.stringify(event.troubles));
        return;
      case 'snapshot-due':
        this.trace.record(nowMs, host, 'snapshot due');
        return;
      case 'proposed':
      case 'read-ready':
        this.trace.record(nowMs, host, event.type, event.ticket, event.index);
        return;
      default:
        this.trace.record(nowMs, host, event.type, event.ticket, event.reason);
    }
  }

  private newDisk(prng: Prng): SimDisk {
    const { minWriteMs, maxWriteMs } = this.parameters.disk;
    const writeMs = (): number => minWriteMs + ((maxWriteMs - minWriteMs) * prng.below(1000)) / 1000;
    return new SimDisk(++this.diskCount, writeMs, this.invariants, this.faults);
  }
}
