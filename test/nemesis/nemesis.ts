/**
 * Draws faults from a seed and does them to a cluster of real processes, one upon the other, never more than it tolerates
 * (`budget.ts`). Which faults come in which order follows from the seed; when each can be afforded, the cluster decides.
 */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { assertNever } from '../../src/base/assert.js';
import { Prng } from '../../src/base/prng.js';
import { NodeProcess } from '../../src/bench/cluster/node-process.js';
import type { SpawnedCluster } from '../../src/bench/cluster/spawned-cluster.js';
import { isBack } from '../../src/cluster/redundancy.js';
import { Budget, type Charge } from './budget.js';
import { describeFault, drawFault, type Fault, type FaultKind } from './faults.js';
import { begin, directionsOf, end, type LinkFault } from './link-faults.js';
import { Finding } from './verdict.js';

const DCACHE = fileURLToPath(new URL('../../bin/dcache', import.meta.url));
const WATCH_MS = 500;
/** A report costs every node a few connections. */
const LOOK_MS = 1_000;
const LOOK_WHILE_CLEAR_MS = 3_000;
/** How long a fault waits for others to be over; then the next one is drawn. */
const PATIENCE_MS = 4_000;
/** A node that is asked to stop gives up handing over after 10 s, and may be alone on a busy machine. */
const STOP_BOUND_MS = 60_000;
const RESTART_WAIT = '90s';

export interface NemesisParts {
  readonly cluster: SpawnedCluster;
  /** Nodes that may be away at once. */
  readonly tolerated: number;
  readonly logFolder: string;
  readonly tell: (line: string) => void;
}

export interface Strikes {
  readonly seed: number;
  /** At least one. */
  readonly kinds: readonly FaultKind[];
  /** Between two faults, ms. */
  readonly maxGapMs: number;
  /** On `performance`'s clock. */
  readonly untilMs: number;
}

export class Nemesis {
  /** Faults that were done. */
  readonly counts = new Map<FaultKind, number>();
  private readonly parts: NemesisParts;
  private readonly budget: Budget;
  private readonly nodes: readonly string[];
  /** Nodes whose process is down or paused on purpose, and directions of links ("n1>n2") that are disturbed. */
  private readonly busy = new Set<string>();
  /** Nodes that do not run on purpose. */
  private readonly down = new Set<string>();
  private underWay = 0;
  private struck = 0;
  private watching = false;
  private lookedAtMs = 0;

  constructor(parts: NemesisParts) {
    this.parts = parts;
    this.budget = new Budget(parts.tolerated);
    this.nodes = parts.cluster.nodeIds;
  }

  /** Strikes until the time is over, then mends everything. Rejects with a Finding when a node has ended by itself. */
  async strike({ seed, kinds, maxGapMs, untilMs }: Strikes): Promise<void> {
    const failures: unknown[] = [];
    const done: Promise<void>[] = [];
    const prng = new Prng(seed);
    const watch = setInterval(() => {
      this.watch().catch((error: unknown) => failures.push(error));
    }, WATCH_MS);
    try {
      while (performance.now() < untilMs && failures.length === 0) {
        // Drawn whole, whatever becomes of it, so that what follows is the same again.
        const ofStrike = prng.fork();
        await pause(ofStrike.below(maxGapMs));
        const fault = drawFault(ofStrike, kinds, { nodes: this.nodes, suffering: this.budget.suffering });
        const charges = await this.afford(fault, Math.min(untilMs, performance.now() + PATIENCE_MS));
        if (charges === undefined) continue;
        done.push(this.carryOut(fault, charges, ofStrike).catch((error: unknown) => void failures.push(error)));
      }
      await Promise.all(done);
    } finally {
      clearInterval(watch);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Throws a Finding when a node has ended that was not to. */
  async checkNodes(): Promise<void> {
    for (const nodeId of this.nodes) {
      const node = this.parts.cluster.processOf(nodeId);
      if (this.down.has(nodeId) || node.running) continue;
      throw new Finding('defect', `${nodeId} ${await node.ended}. It said last:\n${node.tail()}`);
    }
  }

  private async afford(fault: Fault, patientUntilMs: number): Promise<readonly Charge[] | undefined> {
    for (;;) {
      const charges = this.take(fault);
      if (charges !== undefined) return charges;
      if (performance.now() > patientUntilMs) return undefined;
      await pause(WATCH_MS / 4);
    }
  }

  /** Undefined while it would be too much, or its victims are in the middle of another fault. */
  private take(fault: Fault): readonly Charge[] | undefined {
    const { budget, nodes } = this;
    if (this.claimsOf(fault).some((claim) => this.busy.has(claim))) return undefined;
    if (fault.kind === 'reset') return [];
    if (fault.kind === 'crash-all') {
      if (!budget.isClear || this.underWay > 0) return undefined;
      return budget.takeAll(nodes);
    }
    if (fault.kind === 'rolling-restart' && !budget.isClear) return undefined;
    const concerned = 'node' in fault ? [fault.node] : 'link' in fault ? fault.link : [];
    const charge = budget.take(concerned);
    return charge === undefined ? undefined : [charge];
  }

  /** What no other fault may touch meanwhile. */
  private claimsOf(fault: Fault): readonly string[] {
    switch (fault.kind) {
      case 'kill':
      case 'stop':
      case 'pause':
        return [fault.node];
      case 'crash-all':
        return this.nodes;
      case 'rolling-restart':
        return ['rolling restart'];
      case 'reset':
        return [];
      default:
        return directionsOf(fault, this.nodes).map((link) => link.join('>'));
    }
  }

  private async carryOut(fault: Fault, charges: readonly Charge[], prng: Prng): Promise<void> {
    const claims = this.claimsOf(fault);
    for (const claim of claims) this.busy.add(claim);
    this.underWay++;
    this.struck++;
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    this.parts.tell(describeFault(fault));
    try {
      await this.doAndMend(fault, prng);
    } finally {
      this.underWay--;
      for (const claim of claims) this.busy.delete(claim);
      for (const charge of charges) this.budget.mended(charge, performance.now());
    }
    if (fault.kind !== 'reset') this.parts.tell(`${describeFault(fault)}: over`);
  }

  private async doAndMend(fault: Fault, prng: Prng): Promise<void> {
    const { cluster } = this.parts;
    switch (fault.kind) {
      case 'kill':
        return this.whileDown([fault.node], fault.ms, () => cluster.processOf(fault.node).kill());
      case 'crash-all':
        return this.whileDown(this.nodes, fault.ms, async () => {
          await Promise.all(this.nodes.map((node) => cluster.processOf(node).kill()));
        });
      case 'stop':
        return this.whileDown([fault.node], fault.ms, () => this.stopCleanly(fault.node));
      case 'pause':
        cluster.pause(fault.node);
        await pause(fault.ms);
        return cluster.resume(fault.node);
      case 'rolling-restart':
        return this.restartAll();
      case 'reset':
        cluster.network.reset(...fault.link);
        return;
      case 'cut':
      case 'cut-one-way':
      case 'isolate':
      case 'isolate-one-way':
      case 'slow':
      case 'lossy':
        return this.disturb(fault, prng);
      default:
        return assertNever(fault, 'fault');
    }
  }

  private async disturb(fault: LinkFault, prng: Prng): Promise<void> {
    const { network } = this.parts.cluster;
    await begin(network, fault, this.nodes, prng);
    await pause(fault.ms);
    await end(network, fault, this.nodes);
  }

  private async whileDown(nodes: readonly string[], ms: number, bringDown: () => Promise<void>): Promise<void> {
    for (const node of nodes) this.down.add(node);
    await bringDown();
    await pause(ms);
    for (const node of nodes) {
      // One that was about to restart by itself may have done so.
      if (!this.parts.cluster.processOf(node).running) this.parts.cluster.startNode(node);
      this.down.delete(node);
    }
  }

  private async stopCleanly(nodeId: string): Promise<void> {
    const node = this.parts.cluster.processOf(nodeId);
    node.signal('SIGTERM');
    const how = await Promise.race([node.ended, pause(STOP_BOUND_MS)]);
    if (how === undefined)
      throw new Finding('stuck', `${nodeId} has not stopped ${STOP_BOUND_MS / 1000} s after SIGTERM:\n${node.tail()}`);
    // A process that has only just begun does not know of signals yet, and one that was to restart says so.
    const inOrder = ['has ended with exit code 0', 'has ended with exit code 75', 'was ended by SIGTERM'];
    if (!inOrder.includes(how)) throw new Finding('defect', `${nodeId} was asked to stop and ${how}:\n${node.tail()}`);
  }

  private async restartAll(): Promise<void> {
    const { cluster, logFolder } = this.parts;
    const { struck } = this;
    const endpoints = cluster.endpoints.join(',');
    const args = ['cluster', 'restart', '--endpoints', endpoints, '--wait', RESTART_WAIT];
    const command = [process.execPath, DCACHE, ...args];
    const restart = new NodeProcess('cluster restart', command, join(logFolder, 'rolling-restart.log'));
    const how = await restart.ended;
    if (restart.exitCode === 0) return;
    // Refused for what another fault has done to a node; that is as it should be.
    if (this.struck > struck) return this.parts.tell(`rolling-restart ${how}: ${restart.tail()}`);
    throw new Finding('stuck', `\`dcache cluster restart\` ${how}, with no other fault under way:\n${restart.tail()}`);
  }

  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    try {
      await this.checkNodes();
      const sinceMs = performance.now() - this.lookedAtMs;
      if (sinceMs > (this.budget.isClear ? LOOK_WHILE_CLEAR_MS : LOOK_MS)) await this.look();
    } finally {
      this.watching = false;
    }
  }

  private async look(): Promise<void> {
    const askedAtMs = performance.now();
    this.lookedAtMs = askedAtMs;
    const report = await this.parts.cluster.report(this.budget.afflicted);
    if (report === undefined || report.nodes.length < this.nodes.length) return;
    const away = report.nodes.filter((node) => !isBack(report, node)).map(({ nodeId }) => nodeId);
    this.budget.observe(away, askedAtMs);
  }
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
