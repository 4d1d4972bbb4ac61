/** A cluster of real processes, `dcache node start` each, on free ports and in a temporary folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchClusterReport } from '../../src/adapters/grpc/cluster-client.js';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import { freePorts } from './free-ports.js';

const DCACHE = fileURLToPath(new URL('../../bin/dcache', import.meta.url));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;

interface NodeProcess {
  readonly nodeId: string;
  readonly clientAddress: string;
  readonly args: readonly string[];
  readonly logFile: string;
  child: ChildProcess | undefined;
}

export interface ProcessClusterOptions {
  readonly mode: string;
  readonly nodes: number;
  /** Flags of Node itself, such as --cpu-prof. */
  readonly execArgv?: readonly string[];
}

export class ProcessCluster {
  readonly folder: string;
  private readonly nodes: readonly NodeProcess[];
  private readonly execArgv: readonly string[];

  private constructor(folder: string, nodes: readonly NodeProcess[], execArgv: readonly string[]) {
    this.folder = folder;
    this.nodes = nodes;
    this.execArgv = execArgv;
  }

  /** Resolves when all nodes are up and one leads. Rejects with the log of a node that does not start. */
  static async start({ mode, nodes: count, execArgv = [] }: ProcessClusterOptions): Promise<ProcessCluster> {
    const ports = await freePorts(3 * count);
    const folder = mkdtempSync(join(tmpdir(), 'dcache-cluster-'));
    const at = (port: number | undefined): string => `127.0.0.1:${port}`;
    const places = Array.from({ length: count }, (_, i) => ({
      nodeId: `n${i + 1}`,
      clientAddress: at(ports[3 * i]),
      controlAddress: at(ports[3 * i + 1]),
      dataAddress: at(ports[3 * i + 2]),
    }));
    const peers = places.map(({ nodeId, controlAddress }) => `${nodeId}=${controlAddress}`).join(',');
    const nodes = places.map(({ nodeId, clientAddress, controlAddress, dataAddress }): NodeProcess => {
      const ofEcc = mode === 'ecc' ? ['--data-listen', dataAddress] : [];
      const where = ['--listen', clientAddress, '--control-listen', controlAddress, '--http-listen', 'off', ...ofEcc];
      const data = ['--peers', peers, '--data-dir', join(folder, nodeId), '--log-level', 'info'];
      const args = ['node', 'start', '--mode', mode, '--id', nodeId, ...where, ...data];
      return { nodeId, clientAddress, args, logFile: join(folder, `${nodeId}.log`), child: undefined };
    });
    const cluster = new ProcessCluster(folder, nodes, execArgv);
    try {
      for (const { nodeId } of nodes) cluster.startNode(nodeId);
      await cluster.untilServing();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Client addresses of the nodes, up or not. */
  get endpoints(): readonly string[] {
    return this.nodes.map(({ clientAddress }) => clientAddress);
  }

  startNode(nodeId: string): void {
    const node = this.node(nodeId);
    const log = openSync(node.logFile, 'a');
    node.child = spawn(process.execPath, [...this.execArgv, DCACHE, ...node.args], {
      cwd: this.folder,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
  }

  /** Resolves when the process has ended. */
  async endNode(nodeId: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this.node(nodeId);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
  }

  /** Resolves with the report of the cluster once `up` nodes are up, each of which serves. */
  async untilServing(up = this.nodes.length): Promise<ClusterReport> {
    const deadline = performance.now() + START_DEADLINE_MS;
    for (;;) {
      for (const address of this.endpoints) {
        const report = await fetchClusterReport(address, 1_000).catch(() => undefined); // not up yet
        if (report !== undefined && serves(report, up)) return report;
      }
      const dead = this.nodes.find(({ child }) => child !== undefined && child.exitCode !== null);
      if (dead !== undefined || performance.now() > deadline) {
        const logs = this.nodes.map(({ logFile }) => readFileSync(logFile, 'utf8').slice(-2_000));
        throw new Error(`the cluster does not serve; its logs end with:\n${logs.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends all nodes, drained unless `signal` says otherwise, and removes their data. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    await Promise.all(this.nodes.map(({ nodeId }) => this.endNode(nodeId, signal)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private node(nodeId: string): NodeProcess {
    const node = this.nodes.find((candidate) => candidate.nodeId === nodeId);
    if (node === undefined) throw new Error(`there is no node ${nodeId}`);
    return node;
  }
}

function serves({ nodes }: ClusterReport, up: number): boolean {
  const serving = nodes.filter((node) => node.up && node.notServing === '');
  return serving.length >= up && serving.some(({ role }) => role === 'leader');
}
