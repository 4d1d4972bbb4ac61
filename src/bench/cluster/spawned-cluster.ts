/**
 * A cluster that a benchmark starts: real processes of bin/dcache on free loopback ports, with their data in a temporary folder. Its
 * nodes can be killed, started again, paused, and cut off from each other.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { fetchClusterReport } from '../../adapters/grpc/cluster-client.js';
import { assertNever } from '../../base/assert.js';
import { DcacheError, EXIT_RESTART } from '../../base/errors.js';
import { committedIn, isWhole } from '../../cluster/redundancy.js';
import type { FaultStep } from '../workload/fault-schedule.js';
import { freePorts } from './free-ports.js';
import { OPEN, type LinkCondition } from './link-flow.js';
import type { ClusterNetwork } from './network.js';
import type { NodePlace } from './node-place.js';
import { NodeProcess } from './node-process.js';
import type { ClusterShape } from './shape.js';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.js';

const DCACHE = fileURLToPath(new URL('../../../bin/dcache', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
const ASK_TIMEOUT_MS = 1_000;

export interface SpawnOptions {
  /** Lets links between nodes be disturbed, which `cut` needs. Without it nodes listen on loopback, with nothing in between. */
  readonly network?: ClusterNetwork | undefined;
  /** Starts nodes again that leave because they were asked to restart, as `cluster start` does. */
  readonly supervised?: boolean | undefined;
  /** Where the nodes' logs are left; with their data, and removed with them, if left out. */
  readonly logFolder?: string | undefined;
  /** `warn` if left out. */
  readonly logLevel?: 'info' | 'warn' | undefined;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

export class SpawnedCluster {
  readonly shape: ClusterShape;
  private readonly places: readonly NodePlace[];
  private readonly folder = makeTemporaryFolder('bench');
  private readonly processes = new Map<string, NodeProcess>();
  private readonly paused = new Set<string>();
  private readonly givenNetwork: ClusterNetwork | undefined;
  private readonly supervised: boolean;
  private readonly logFolder: string;
  private readonly logLevel: string;
  private stopping = false;

  private constructor(shape: ClusterShape, places: readonly NodePlace[], options: SpawnOptions) {
    this.shape = shape;
    this.places = places;
    this.givenNetwork = options.network;
    this.supervised = options.supervised === true;
    this.logFolder = options.logFolder ?? this.folder;
    this.logLevel = options.logLevel ?? 'warn';
  }

  /** Resolves when all nodes serve. Rejects with what the nodes say when they do not. */
  static async start(shape: ClusterShape, options: SpawnOptions = {}): Promise<SpawnedCluster> {
    const { network, signal } = options;
    const ports = await freePorts(3 * shape.nodes);
    const places = Array.from({ length: shape.nodes }, (_, i): NodePlace => {
      const [clientPort = 0, controlPort = 0, dataPort = 0] = ports.slice(3 * i);
      const hosts = network?.hostsOf(i + 1) ?? { host: '127.0.0.1', advertisedHost: '127.0.0.1' };
      return { nodeId: `n${i + 1}`, ...hosts, clientPort, controlPort, dataPort };
    });
    const cluster = new SpawnedCluster(shape, places, options);
    try {
      await network?.open(places, () => cluster.pids);
      for (const { nodeId } of places) cluster.startNode(nodeId);
      await cluster.untilWhole(START_TIMEOUT_MS, signal);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get nodeIds(): string[] {
    return this.places.map(({ nodeId }) => nodeId);
  }

  /** Client addresses of all nodes, up or not. */
  get endpoints(): string[] {
    return this.places.map(({ advertisedHost, clientPort }) => `${advertisedHost}:${clientPort}`);
  }

  /** Process ids of the nodes that run, by node id. */
  get pids(): Map<string, number> {
    return new Map(
      [...this.processes].flatMap(([nodeId, { running, pid }]) => (running ? [[nodeId, pid] as const] : [])),
    );
  }

  /** Throws INVALID_ARGUMENT when the cluster was started without one. */
  get network(): ClusterNetwork {
    if (this.givenNetwork === undefined)
      throw new DcacheError('INVALID_ARGUMENT', 'links between the nodes of this cluster cannot be disturbed');
    return this.givenNetwork;
  }

  /** Carries a planned fault out. Rejects with INVALID_ARGUMENT for a node that was not started here. */
  async carryOut(step: FaultStep): Promise<void> {
    switch (step.type) {
      case 'kill':
        await this.processOf(step.nodeId).kill();
        return;
      case 'restart':
        this.startNode(step.nodeId);
        return;
      case 'pause':
        this.pause(step.nodeId);
        return;
      case 'resume':
        this.resume(step.nodeId);
        return;
      case 'cut':
        return this.setLink(step.between, { type: 'held' });
      case 'mend':
        return this.setLink(step.between, OPEN);
      default:
        assertNever(step, 'fault');
    }
  }

  /** Stops a process where it stands, until `resume`. */
  pause(nodeId: string): void {
    this.processOf(nodeId).signal('SIGSTOP');
    this.paused.add(nodeId);
  }

  resume(nodeId: string): void {
    this.processOf(nodeId).signal('SIGCONT');
    this.paused.delete(nodeId);
  }

  /** What `cluster status` would show: the word of the first node, of those not left out, that answers; undefined while none does. */
  async report(leftOut: ReadonlySet<string> = new Set()): Promise<ClusterReport | undefined> {
    for (const [i, { nodeId }] of this.places.entries()) {
      if (this.processes.get(nodeId)?.running !== true || this.paused.has(nodeId) || leftOut.has(nodeId)) continue;
      try {
        return await fetchClusterReport(this.endpoints[i] ?? '', ASK_TIMEOUT_MS);
      } catch (error) {
        if (!(error instanceof DcacheError)) throw error; // not up yet: the next one may be
      }
    }
    return undefined;
  }

  /** Waits until every node serves and holds all that it has to. Rejects with NO_LEADER after the time, CONFIG_INVALID when a node ends meanwhile. */
  async untilWhole(timeoutMs: number, signal?: AbortSignal): Promise<ClusterReport> {
    const deadlineMs = performance.now() + timeoutMs;
    let before: ClusterReport | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const dead = [...this.processes.values()].find(({ running }) => !running);
      if (dead !== undefined)
        throw new DcacheError('CONFIG_INVALID', `${dead.name} ${await dead.ended}. It said last:\n${dead.tail()}`);
      const report = await this.report();
      if (report !== undefined && report.nodes.length === this.places.length && isWhole(report, committedIn(before)))
        return report;
      before = report;
      if (performance.now() > deadlineMs) {
        const tails = [...this.processes.values()].map((node) => `${node.name}: ${node.tail()}`).join('\n');
        throw new DcacheError('NO_LEADER', `the cluster is not whole after ${timeoutMs / 1000} s:\n${tails}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Ends all processes at once and removes their data. Idempotent. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.processes.values()].map((node) => node.kill()));
    await this.givenNetwork?.close();
    removeTemporaryFolder(this.folder);
  }

  /** The process in which a node was started last. Throws INVALID_ARGUMENT for a node that was not started here. */
  processOf(nodeId: string): NodeProcess {
    const node = this.processes.get(nodeId);
    if (node === undefined) throw new DcacheError('INVALID_ARGUMENT', `${nodeId} was not started here`);
    return node;
  }

  /** Starts a node that does not run, on the data that it has left. Throws INVALID_ARGUMENT for a node that was not planned here. */
  startNode(nodeId: string): void {
    const place = this.places.find((known) => known.nodeId === nodeId);
    if (place === undefined) throw new DcacheError('INVALID_ARGUMENT', `${nodeId} was not started here`);
    const data = join(this.folder, nodeId);
    mkdirSync(data, { recursive: true });
    const command = [process.execPath, DCACHE, 'node', 'start', ...this.flagsOf(place, data)];
    const env = this.supervised ? { DCACHE_SUPERVISED: '1' } : {};
    const logFile = join(this.logFolder, `${nodeId}.log`);
    const placed = this.givenNetwork?.commandAt(nodeId, command) ?? command;
    const node = new NodeProcess(nodeId, placed, logFile, { withChannel: true, env });
    this.processes.set(nodeId, node);
    void node.ended.then(() => {
      if (node.exitCode === EXIT_RESTART && this.supervised && !this.stopping) this.startNode(nodeId);
    });
  }

  /** Both ways. */
  private async setLink([one, other]: readonly [string, string], condition: LinkCondition): Promise<void> {
    await Promise.all([this.network.set(one, other, condition), this.network.set(other, one, condition)]);
  }

  private flagsOf({ nodeId, host, advertisedHost, ...ports }: NodePlace, data: string): string[] {
    const { mode, code } = this.shape;
    const peers = this.places.map((peer) => `${peer.nodeId}=${peer.advertisedHost}:${peer.controlPort}`).join(',');
    const flags = {
      mode,
      id: nodeId,
      peers,
      listen: `${host}:${ports.clientPort}`,
      'control-listen': `${host}:${ports.controlPort}`,
      'http-listen': 'off',
      'advertise-host': advertisedHost,
      'data-dir': data,
      'log-level': this.logLevel,
      ...(code === undefined
        ? {}
        : { k: String(code.k), m: String(code.m), 'data-listen': `${host}:${ports.dataPort}` }),
    };
    return Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  }
}
