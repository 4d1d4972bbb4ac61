/** What a node says of itself and, having asked the others, of the cluster: `dcache cluster status`. */
import type { ControlActor } from '../actors/control/control-actor.js';
import type { DataPlane, EccMemory, EccReport } from '../actors/data-plane.js';
import type { SnapshotSending } from '../actors/control/snapshot-traffic.js';
import type { ActorRef } from '../actors/runtime/actor.js';
import type { ClusterReport, EccNodeReport, NodeReport, SnapshotReport } from '../adapters/grpc/backend.js';
import { fetchMap, fetchNodeReport } from '../adapters/grpc/cluster-client.js';
import { DcacheError } from '../base/errors.js';
import type { MapReport } from '../cluster/map-report.js';
import type { Member } from '../cluster/members.js';
import type { Founder, Speaker } from '../cluster/speaker.js';
import type { ClusterView } from '../cluster/view.js';
import type { NodeConfig } from './config.js';
import type { EccConfig } from './ecc-config.js';
import { mapOf } from './topology.js';
import { VERSION } from './version.js';

/** A member, or what will be one: raft id 0. */
type ListedNode = Omit<Member, 'raftId' | 'dataAddress'> & { readonly raftId: number };

/** How long one node waits for the numbers of another. */
const REPORT_TIMEOUT_MS = 700;

const NO_MEMORY: EccMemory = { capBytes: 0, freeBytes: 0, reserveBytes: 0 };

export interface ReportParts {
  readonly config: NodeConfig;
  readonly plane: DataPlane;
  readonly speaker: Speaker;
  /** Undefined until the control thread is up. */
  readonly control: () => ActorRef<ControlActor> | undefined;
  /** Undefined when nobody would start the node again. */
  readonly restart: (() => void) | undefined;
}

export class Reports {
  private readonly parts: ReportParts;
  private readonly startedAtMs = performance.now();

  constructor(parts: ReportParts) {
    this.parts = parts;
  }

  async ofThisNode(): Promise<NodeReport> {
    const { config, plane, speaker } = this.parts;
    const view = plane.currentView;
    const control = this.parts.control();
    const [raft, sending] = await Promise.all([control?.status(), control?.snapshotsOnTheWay()]);
    const { keys, bytes, bytesFor } = plane.storeStats;
    return {
      nodeId: config.nodeId,
      raftId: view?.raftId ?? 0,
      up: true,
      pid: process.pid,
      clientAddress: speaker.clientAddress,
      controlAddress: speaker.controlAddress,
      httpAddress: speaker.httpAddress,
      role: view?.role ?? 'starting',
      term: view?.term ?? 0,
      commit: raft?.hardState.commit ?? 0,
      applied: plane.appliedIndex,
      keys,
      bytes,
      bytesFor,
      uptimeMs: Math.round(performance.now() - this.startedAtMs),
      leader: leaderName(view),
      version: VERSION,
      clusterId: view?.clusterId ?? '',
      mode: config.mode,
      notServing: plane.notServing ?? '',
      clusterSize: view?.size ?? config.founders.length,
      needed: view?.needed ?? 0,
      reachable: view?.up ?? 1,
      ...(plane.ecc?.memory ?? NO_MEMORY),
      ecc: plane.ecc && config.ecc && eccReport(plane.ecc, config.ecc),
      supervised: this.parts.restart !== undefined,
      snapshots: (sending ?? []).flatMap((snapshot) => snapshotReport(snapshot, view)),
    };
  }

  async ofCluster(): Promise<ClusterReport> {
    const { config, plane } = this.parts;
    const own = await this.ofThisNode();
    const members = plane.currentView?.members ?? [];
    const known = members.length > 0 ? members : config.founders.map(notHeardOf);
    const others = await Promise.all(
      known.filter((member) => member.nodeId !== config.nodeId).map((member) => this.ofOther(member)),
    );
    const nodes = [own, ...others].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    return {
      clusterId: own.clusterId,
      mode: config.mode,
      needed: own.needed,
      up: nodes.filter((node) => node.up).length,
      nodes,
      map: plane.ecc && (await this.newestMap(others)),
    };
  }

  /** A node that does not answer is down as far as anybody can tell. */
  private async ofOther(member: ListedNode): Promise<NodeReport> {
    const report = await unlessUnreachable(member.clientAddress, fetchNodeReport);
    return report ?? downReport(member, this.parts.config.mode);
  }

  /** This node's own unless another one has applied more. */
  private async newestMap(others: readonly NodeReport[]): Promise<MapReport> {
    const own = mapOf(this.parts.plane);
    const ahead = others.reduce<NodeReport | undefined>(
      (best, node) => (indexOf(node) > (best === undefined ? own.mapIndex : indexOf(best)) ? node : best),
      undefined,
    );
    return (ahead && (await unlessUnreachable(ahead.clientAddress, fetchMap))) ?? own;
  }
}

function eccReport(report: EccReport, { k, m }: EccConfig): EccNodeReport {
  const { incarnation, mapIndex, lostGroups, transfers, candidateBytes, refillPauseMs } = report;
  const leaseLeftMs = Math.max(0, Math.floor(report.leaseLeftMs));
  return { incarnation, mapIndex, leaseLeftMs, k, m, lostGroups, transfers, candidateBytes, refillPauseMs };
}

function indexOf({ ecc }: NodeReport): number {
  return ecc?.mapIndex ?? 0;
}

async function unlessUnreachable<T>(
  address: string,
  ask: (address: string, timeoutMs: number) => Promise<T>,
): Promise<T | undefined> {
  if (address === '') return undefined;
  try {
    return await ask(address, REPORT_TIMEOUT_MS);
  } catch (error) {
    if (error instanceof DcacheError) return undefined;
    throw error;
  }
}

/** Before the cluster is founded all that is known of the others is where they were said to be. */
function notHeardOf({ nodeId, controlAddress }: Founder): ListedNode {
  return { nodeId, controlAddress, raftId: 0, clientAddress: '', httpAddress: '' };
}

function downReport(member: ListedNode, mode: string): NodeReport {
  const numbers = {
    pid: 0,
    term: 0,
    commit: 0,
    applied: 0,
    keys: 0,
    bytes: 0,
    bytesFor: {},
    ...NO_MEMORY,
    uptimeMs: 0,
    clusterSize: 0,
    needed: 0,
    reachable: 0,
  };
  const { nodeId, raftId, clientAddress, controlAddress, httpAddress } = member;
  const texts = { role: 'down', leader: '', version: '', clusterId: '', mode, notServing: 'no answer' };
  const addresses = { clientAddress, controlAddress, httpAddress };
  return {
    ...numbers,
    ...texts,
    ...addresses,
    nodeId,
    raftId,
    up: false,
    ecc: undefined,
    supervised: false,
    snapshots: [],
  };
}

function snapshotReport(
  { raftId, totalBytes, doneBytes, bytesPerSecond }: SnapshotSending,
  view: ClusterView | undefined,
): readonly SnapshotReport[] {
  const member = view?.members.find((other) => other.raftId === raftId);
  return member === undefined ? [] : [{ nodeId: member.nodeId, totalBytes, doneBytes, bytesPerSecond }];
}

function leaderName(view: ClusterView | undefined): string {
  if (view === undefined || view.leader === 0) return '';
  return view.members.find((member) => member.raftId === view.leader)?.nodeId ?? '';
}
