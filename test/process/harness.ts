/**
 * Scenes with real processes: bin/dcache as people run it, on the build. Each scene has its own folder and its own ports, and
 * ends with all its processes gone, whatever happened.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { fetchClusterReport } from '../../src/adapters/grpc/cluster-client.js';
import type { ClusterReport, NodeReport } from '../../src/adapters/grpc/backend.js';
import { DcacheError } from '../../src/base/errors.js';
import { DcacheClient } from '../../src/client/client.js';
import { requireBuild } from '../support/dist.js';
import { Child, type ChildOptions } from './child.js';
import { freePorts } from './ports.js';
import { until } from './until.js';

export const DCACHE = join(import.meta.dirname, '../../bin/dcache');

/** For a machine that has a lot else to do; on an idle one a scene takes a few seconds. */
const SCENE_TIMEOUT_MS = 180_000;

/** Where a node of a scene listens. */
export interface NodePlan {
  readonly id: string;
  readonly client: string;
  readonly control: string;
  readonly http: string;
}

export interface Answer {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Scene {
  /** Working folder of every process; data folders are below it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'dcache-scene-'));
  readonly plans = new Map<string, NodePlan>();
  private readonly nodes = new Map<string, Child>();
  private readonly children: Child[] = [];
  private readonly clients: DcacheClient[] = [];

  /** Plans nodes of these names, with ports of their own. */
  async plan(...ids: string[]): Promise<void> {
    const ports = await freePorts(3 * ids.length);
    const next = (): string => `127.0.0.1:${ports.pop()}`;
    for (const id of ids) this.plans.set(id, { id, client: next(), control: next(), http: next() });
  }

  /** Client addresses of the nodes of these names, or of all. */
  endpoints(...ids: string[]): string[] {
    return (ids.length > 0 ? ids : [...this.plans.keys()]).map((id) => this.planOf(id).client);
  }

  planOf(id: string): NodePlan {
    const plan = this.plans.get(id);
    if (plan === undefined) throw new Error(`no node ${id} is planned`);
    return plan;
  }

  /** The command line that starts a node: the same again after it has died. `changed` replaces flags or adds some. */
  startCommand(id: string, changed: Readonly<Record<string, string>> = {}): string[] {
    const flags = { ...this.flagsOf(id), ...changed };
    return ['node', 'start', ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
  }

  /** Starts a node and waits until it listens. */
  async start(id: string, changed: Readonly<Record<string, string>> = {}): Promise<Child> {
    const child = this.spawn(id, this.startCommand(id, changed));
    this.nodes.set(id, child);
    await child.says(`${id} listens on`);
    return child;
  }

  /** The process in which a node was started last. */
  node(id: string): Child {
    const child = this.nodes.get(id);
    if (child === undefined) throw new Error(`${id} has not been started`);
    return child;
  }

  private flagsOf(id: string): Record<string, string> {
    const { client, control, http } = this.planOf(id);
    const founders = ['n1', 'n2', 'n3'].map((founder) => `${founder}=${this.planOf(founder).control}`);
    const listen = { listen: client, 'control-listen': control, 'http-listen': http };
    return { mode: 'raft', id, peers: founders.join(','), 'data-dir': `data-${id}`, ...listen };
  }

  /** Starts n1, n2, n3 and waits until all of them serve. */
  async startThree(changed: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.plan('n1', 'n2', 'n3');
    const ids = ['n1', 'n2', 'n3'];
    await Promise.all(ids.map((id) => this.start(id, changed)));
    await this.untilServing();
  }

  /** Runs `dcache` in the scene's folder; it is killed at the end of the scene if it still runs. */
  spawn(name: string, args: readonly string[], options: Partial<ChildOptions> = {}): Child {
    const child = new Child(name, [DCACHE, ...args], { cwd: this.folder, ...options });
    this.children.push(child);
    return child;
  }

  /** Runs a command to its end. Asks the scene's nodes unless `args` name endpoints or it starts something. */
  async cli(args: readonly string[], options: Partial<ChildOptions> = {}): Promise<Answer> {
    const asks = args[0] === 'kv' || (args[0] === 'cluster' && args[1] !== 'start');
    const named = args.includes('--endpoints') || this.plans.size === 0;
    const all = asks && !named ? [...args, '--endpoints', this.endpoints().join(',')] : args;
    const child = this.spawn(`dcache ${args.join(' ')}`, all, options);
    const { exitCode } = await child.ended;
    return { exitCode, stdout: child.stdout, stderr: child.stderr };
  }

  /** A client of the library in this process, closed at the end of the scene. */
  client(...ids: string[]): DcacheClient {
    const client = new DcacheClient({ endpoints: this.endpoints(...ids), timeoutMs: 10_000 });
    this.clients.push(client);
    return client;
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
      return rows.every((row) => row?.up === true && row.notServing === '') ? report : undefined;
    });
  }

  /** Waits until these nodes (or all) have applied the same. */
  async untilEqual(...ids: string[]): Promise<readonly NodeReport[]> {
    const wanted = ids.length > 0 ? ids : [...this.plans.keys()];
    return this.until(`${wanted.join(', ')} have applied the same`, async () => {
      const report = await this.status(wanted[0] ?? '');
      const rows = report?.nodes.filter((node) => wanted.includes(node.nodeId) && node.up) ?? [];
      const [first] = rows;
      if (first === undefined || rows.length < wanted.length) return undefined;
      return rows.every(({ applied, keys }) => applied === first.applied && keys === first.keys) ? rows : undefined;
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

  until<T>(what: string, condition: () => Promise<T | false | undefined>, deadlineMs = 30_000): Promise<T> {
    const onFailure = (): string => this.children.map((child) => child.tail).join('\n');
    return until(what, condition, { deadlineMs, onFailure });
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    const closed = this.clients.map((client) => client.close());
    // A stopped process is killed as well; one that has ended already is not touched.
    await Promise.all(this.children.filter((child) => child.running).map((child) => child.kill()));
    await Promise.all(closed);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A test that is a scene. Scenes of one file run side by side: they mostly wait. */
export function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  test.concurrent(name, { timeout: SCENE_TIMEOUT_MS }, () => playScene(play));
}

/** For the few scenes that need something of which there is only one. */
export async function playScene(play: (scene: Scene) => Promise<void>): Promise<void> {
  requireBuild();
  const scene = new Scene();
  try {
    await play(scene);
  } finally {
    await scene.close();
  }
}

export async function setText(client: DcacheClient, key: string, value: string): Promise<number> {
  return (await client.set(key, value)).version;
}

/** Undefined when there is no such key. */
export function getText(client: DcacheClient, key: string): Promise<string | undefined> {
  return client.get(key);
}
