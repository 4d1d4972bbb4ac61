/**
 * A cluster of real processes: bin/dcache as people run it, on the build, in a temporary folder and on ports of its own. For
 * the scenes of test/process, the Kv conformance suite, and the benchmarks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchClusterReport } from '../../src/adapters/grpc/cluster-client.js';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import { DcacheError } from '../../src/base/errors.js';
import type { Mode } from '../../src/base/ids.js';
import { Child, type ChildOptions } from './child.js';
import { requireBuild } from './dist.js';
import { freePorts } from './free-ports.js';
import { until } from './until.js';

export const DCACHE = join(import.meta.dirname, '../../bin/dcache');

/** What the nodes of a cluster are started with alike. */
export interface ClusterShape {
  readonly mode: Mode;
  /** That found it: n1, n2, ... */
  readonly nodes: number;
  /** ecc mode: the code RS(k, m), by the number of nodes if left out. */
  readonly code?: { readonly k: number; readonly m: number };
  /** Flags of Node itself, such as --cpu-prof. */
  readonly execArgv?: readonly string[];
}

/** Where a node listens. */
export interface NodePlan {
  readonly id: string;
  readonly client: string;
  readonly control: string;
  /** Used in ecc mode only. */
  readonly data: string;
  readonly http: string;
}

/** Flags without their dashes. */
export type NodeFlags = Readonly<Record<string, string>>;

export class ProcessCluster {
  /** Working folder of every process; data folders are below it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'dcache-test-'));
  readonly plans = new Map<string, NodePlan>();
  protected shape: ClusterShape;
  /** Flags that every node has beside its own. */
  private common: NodeFlags = {};
  private readonly nodes = new Map<string, Child>();
  private readonly children: Child[] = [];

  constructor(shape: ClusterShape) {
    requireBuild();
    this.shape = shape;
  }

  /** A cluster that serves. Rejects with what the nodes say when it does not. */
  static async start(shape: ClusterShape, flags: NodeFlags = {}): Promise<ProcessCluster> {
    const cluster = new ProcessCluster(shape);
    try {
      await cluster.startAll(flags);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Node ids of the founders. */
  get founders(): string[] {
    return Array.from({ length: this.shape.nodes }, (_, i) => `n${i + 1}`);
  }

  /** Plans nodes of these names, with ports of their own. */
  async plan(...ids: string[]): Promise<void> {
    const ports = await freePorts(4 * ids.length);
    const next = (): string => `127.0.0.1:${ports.pop()}`;
    for (const id of ids) this.plans.set(id, { id, client: next(), control: next(), data: next(), http: next() });
  }

  planOf(id: string): NodePlan {
    const plan = this.plans.get(id);
    if (plan === undefined) throw new Error(`no node ${id} is planned`);
    return plan;
  }

  /** Client addresses of all nodes that are planned, up or not. */
  get endpoints(): string[] {
    return [...this.plans.values()].map(({ client }) => client);
  }

  /** The command line that starts a node: the same again after it has died. `changed` replaces flags or adds some. */
  startCommand(id: string, changed: NodeFlags = {}): string[] {
    const flags = { ...this.flagsOf(id), ...this.common, ...changed };
    return ['node', 'start', ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
  }

  /** Starts a node and waits until it listens. */
  async start(id: string, changed: NodeFlags = {}): Promise<Child> {
    const child = this.spawn(id, this.startCommand(id, changed), { execArgv: this.shape.execArgv ?? [] });
    this.nodes.set(id, child);
    await child.says(`${id} listens on`);
    return child;
  }

  /** Plans the founders, starts them with these flags, which all nodes have from then on, and waits until all of them serve. */
  async startAll(common: NodeFlags = {}): Promise<ClusterReport> {
    this.common = common;
    await this.plan(...this.founders);
    await Promise.all(this.founders.map((id) => this.start(id)));
    return this.untilServing();
  }

  /** The process in which a node was started last. */
  node(id: string): Child {
    const child = this.nodes.get(id);
    if (child === undefined) throw new Error(`${id} has not been started`);
    return child;
  }

  /** Process ids of the nodes that run. */
  get pids(): number[] {
    return [...this.nodes.values()].filter((child) => child.running).map((child) => child.pid);
  }

  /** Runs `dcache` in the cluster's folder; it is killed when the cluster is stopped if it still runs. */
  spawn(name: string, args: readonly string[], options: Partial<ChildOptions> = {}): Child {
    const child = new Child(name, [DCACHE, ...args], { cwd: this.folder, ...options });
    this.children.push(child);
    return child;
  }

  /** What `dcache cluster status` would show, asked of one node; undefined while it does not answer. */
  async status(id: string): Promise<ClusterReport | undefined> {
    try {
      return await fetchClusterReport(this.planOf(id).client, 2_000);
    } catch (error) {
      if (error instanceof DcacheError) return undefined;
      throw error;
    }
  }

  /** Waits until the nodes of these names (or all) say that they serve, and agree. Resolves with the word of the first. */
  async untilServing(...ids: string[]): Promise<ClusterReport> {
    const wanted = ids.length > 0 ? ids : [...this.plans.keys()];
    return this.until(`${wanted.join(', ')} serve`, async () => {
      const report = await this.status(wanted[0] ?? '');
      const rows = wanted.map((id) => report?.nodes.find((node) => node.nodeId === id));
      const led = report?.nodes.some(({ role }) => role === 'leader');
      return led && rows.every((row) => row?.up === true && row.notServing === '') ? report : undefined;
    });
  }

  /** The name of the node that leads, as soon as one of `ids` (or all) does and the first of them knows it. */
  async leader(...ids: string[]): Promise<string> {
    const wanted = ids.length > 0 ? ids : [...this.plans.keys()];
    return this.until(`one of ${wanted.join(', ')} leads`, async () => {
      const report = await this.status(wanted[0] ?? '');
      return report?.nodes.find((node) => node.role === 'leader' && wanted.includes(node.nodeId))?.nodeId;
    });
  }

  /** Waits for a condition. When it does not come true, the error has the last lines of every process. */
  until<T>(
    what: string,
    condition: () => Promise<T | false | undefined> | T | false | undefined,
    deadlineMs = 60_000,
  ): Promise<T> {
    const onFailure = (): string => this.children.map((child) => child.tail).join('\n');
    return until(what, condition, { deadlineMs, onFailure });
  }

  /** Ends all processes, drained if `signal` asks for it, and removes their data. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    const running = this.children.filter((child) => child.running);
    for (const child of running) child.signal(signal);
    await Promise.all(running.map((child) => child.ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private flagsOf(id: string): Record<string, string> {
    const { mode, code } = this.shape;
    const { client, control, data, http } = this.planOf(id);
    const peers = this.founders.map((founder) => `${founder}=${this.planOf(founder).control}`).join(',');
    const listen = { listen: client, 'control-listen': control, 'http-listen': http };
    const ofMode = mode === 'raft' ? {} : { 'data-listen': data };
    const ofCode = code === undefined ? {} : { k: String(code.k), m: String(code.m) };
    return { mode, id, peers, 'data-dir': `data-${id}`, ...listen, ...ofMode, ...ofCode };
  }
}
