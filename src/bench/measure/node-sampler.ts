/** Looks at the nodes of a cluster once in a while: processor time, memory, what the store holds, network. */
import type { ClusterReport, NodeReport } from '../../adapters/grpc/backend.js';
import { isLoopback, parseAddress } from '../../base/address.js';
import type { NodeSample, NodeSeries, ProcessSample } from '../report/run-report.js';
import { cpuSecondsOf, residentBytesOf } from './proc.js';
import { readSockets, TrafficMeter, type ProcessTraffic } from './socket-bytes.js';

export interface SamplerOptions {
  readonly nodeIds: readonly string[];
  readonly intervalMs: number;
  /** Nodes reach each other through proxies, so that what goes to other nodes cannot be told apart. */
  readonly proxied: boolean;
  /** When the measured part begins, on `performance`'s clock. */
  readonly beginsAtMs: number;
  /** Undefined while no node answers. */
  readonly report: () => Promise<ClusterReport | undefined>;
  /** Process ids of nodes on this machine, by node id, the report's word for those that are not known otherwise. */
  readonly pids: (report: ClusterReport | undefined) => ReadonlyMap<string, number>;
}

interface Before {
  readonly atMs: number;
  readonly cpuSeconds: number;
}

export class NodeSampler {
  private readonly options: SamplerOptions;
  private readonly series: Map<string, NodeSample[]>;
  private readonly driverSamples: ProcessSample[] = [];
  private readonly traffic = new TrafficMeter();
  /** By pid. */
  private readonly before = new Map<number, Before>();
  private lastAtMs: number | undefined;
  private stopped = false;
  private readonly over: Promise<void>;

  constructor(options: SamplerOptions) {
    this.options = options;
    this.series = new Map(options.nodeIds.map((nodeId) => [nodeId, []]));
    this.over = this.run();
  }

  get nodes(): NodeSeries[] {
    return [...this.series].map(([nodeId, samples]) => ({ nodeId, samples }));
  }

  get driver(): readonly ProcessSample[] {
    return this.driverSamples;
  }

  /** Resolves after a last sample. */
  stop(): Promise<void> {
    this.stopped = true;
    return this.over;
  }

  private async run(): Promise<void> {
    const { intervalMs } = this.options;
    let nextMs = performance.now();
    for (;;) {
      const isLast = this.stopped;
      await this.sample();
      if (isLast) return;
      nextMs = Math.max(nextMs + intervalMs, performance.now() + intervalMs / 4);
      while (!this.stopped && performance.now() < nextMs)
        await new Promise((resolve) => setTimeout(resolve, Math.min(50, Math.max(1, nextMs - performance.now()))));
    }
  }

  private async sample(): Promise<void> {
    const { report: ask, pids: pidsOf, beginsAtMs, proxied } = this.options;
    const [report, sockets] = await Promise.all([ask(), readSockets()]);
    const nowMs = performance.now();
    const atMs = Math.round(nowMs - beginsAtMs);
    const pids = pidsOf(report);
    const traffic = sockets && this.traffic.advance(sockets, new Set(pids.values()));
    const sinceSeconds = this.lastAtMs === undefined ? undefined : (nowMs - this.lastAtMs) / 1000;
    this.lastAtMs = nowMs;
    const rows = new Map(report?.nodes.map((node) => [node.nodeId, node]));
    for (const [nodeId, samples] of this.series) {
      const pid = pids.get(nodeId);
      const used = pid === undefined ? undefined : this.processSample(pid, atMs);
      const moved = sinceSeconds === undefined || pid === undefined ? undefined : traffic?.get(pid);
      samples.push({
        atMs,
        ...storeOf(rows.get(nodeId)),
        ...processOf(used),
        ...trafficOf(moved, sinceSeconds, proxied),
      });
    }
    const driver = this.processSample(process.pid, atMs);
    if (driver !== undefined) this.driverSamples.push(driver);
  }

  /** Undefined where there is no such process, and where the system does not tell. */
  private processSample(pid: number, atMs: number): ProcessSample | undefined {
    const residentBytes = residentBytesOf([pid]);
    if (residentBytes === 0) return undefined;
    const cpuSeconds = cpuSecondsOf([pid]);
    const before = this.before.get(pid);
    this.before.set(pid, { atMs, cpuSeconds });
    const cpus = before === undefined ? 0 : ((cpuSeconds - before.cpuSeconds) / Math.max(1, atMs - before.atMs)) * 1000;
    return { atMs, cpus, residentBytes };
  }
}

/** Nodes of a running cluster whose processes are on this machine, by their own word and their address. */
export function localPids(report: ClusterReport | undefined): Map<string, number> {
  const local = (report?.nodes ?? []).filter(
    ({ up, clientAddress }) => up && isLoopback(parseAddress(clientAddress)?.host ?? ''),
  );
  return new Map(local.map(({ nodeId, pid }) => [nodeId, pid]));
}

function storeOf(node: NodeReport | undefined): Pick<NodeSample, 'up' | 'storeBytes' | 'storeBytesFor'> {
  if (node === undefined || !node.up) return { up: false, storeBytes: null, storeBytesFor: null };
  return { up: true, storeBytes: node.bytes, storeBytesFor: node.bytesFor };
}

function processOf(sample: ProcessSample | undefined): Pick<NodeSample, 'cpus' | 'residentBytes'> {
  return { cpus: sample?.cpus ?? null, residentBytes: sample?.residentBytes ?? null };
}

function trafficOf(
  traffic: ProcessTraffic | undefined,
  seconds: number | undefined,
  proxied: boolean,
): Pick<NodeSample, 'sentPerSecond' | 'receivedPerSecond' | 'sentToNodesPerSecond'> {
  if (traffic === undefined || seconds === undefined)
    return { sentPerSecond: null, receivedPerSecond: null, sentToNodesPerSecond: null };
  return {
    sentPerSecond: traffic.sentBytes / seconds,
    receivedPerSecond: traffic.receivedBytes / seconds,
    sentToNodesPerSecond: proxied ? null : traffic.sentToNodesBytes / seconds,
  };
}
