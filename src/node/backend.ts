/** What the client port serves: requests go to the data plane, questions about the cluster are put together from all nodes. */
import type { ControlActor } from '../actors/control/control-actor.js';
import type { ScrubRun } from '../actors/data-plane.js';
import type { ActorRef } from '../actors/runtime/actor.js';
import type { ClientBackend, ClusterReport, NodeReport, Topology } from '../adapters/grpc/backend.js';
import {
  acceptLosses,
  acknowledgeLosses,
  addNode,
  fetchLosses,
  removeNode,
  restartNode,
} from '../adapters/grpc/cluster-client.js';
import { DcacheError } from '../base/errors.js';
import type { ClusterMap } from '../cluster/cluster-map.js';
import type { GroupEpoch } from '../cluster/heartbeat.js';
import { reportLoss, type GroupLossReport } from '../cluster/loss-report.js';
import type { MapReport } from '../cluster/map-report.js';
import type { ClusterView } from '../cluster/view.js';
import type { KvReply, KvRequest } from '../store/requests.js';
import { Reports, type ReportParts } from './reports.js';
import { openCursor, sealCursor } from './scan-cursor.js';
import { mapOf, topologyOf } from './topology.js';

const CHANGE_TIMEOUT_MS = 12_000;
/** Until another node has accepted that it will restart. */
const RESTART_TIMEOUT_MS = 2_000;
/** How long a change of the membership waits for a leader to be there. */
const LEADER_TIMEOUT_MS = 3_000;
const LEADER_PAUSE_MS = 100;

type ScanRequest = Extract<KvRequest, { type: 'scan' }>;

export class NodeBackend implements ClientBackend {
  private readonly parts: ReportParts;
  private readonly reports: Reports;
  private readonly topologyListeners = new Set<() => void>();
  /** What the topology was last put together from, and what came out. */
  private toldOf: readonly [ClusterView | undefined, ClusterMap | undefined] = [undefined, undefined];
  private lastTopology = '';

  constructor(parts: ReportParts) {
    this.parts = parts;
    this.reports = new Reports(parts);
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    // Between nodes, cursors travel as the data plane has them.
    if (request.type === 'scan' && !forwarded) return this.scan(request, timeoutMs);
    return this.parts.plane.execute(request, timeoutMs, forwarded);
  }

  private async scan(request: ScanRequest, timeoutMs: number): Promise<KvReply> {
    const { plane } = this.parts;
    const { prefix } = request;
    const cursor = openCursor(request.cursor, this.clusterId(), prefix);
    const reply = await plane.execute({ ...request, cursor }, timeoutMs, false);
    return reply.type === 'scan' ? { ...reply, cursor: sealCursor(reply.cursor, this.clusterId(), prefix) } : reply;
  }

  private clusterId(): string {
    return this.parts.plane.currentView?.clusterId ?? '';
  }

  notServing(): string | undefined {
    return this.parts.plane.notServing;
  }

  topology(): Topology {
    return topologyOf(this.parts.config.mode, this.parts.plane);
  }

  onTopology(listener: () => void): () => void {
    this.topologyListeners.add(listener);
    return () => this.topologyListeners.delete(listener);
  }

  /** What the data plane knows of the cluster may have changed; sessions are told if it changes where requests should go. */
  maybeTellTopology(): void {
    const { currentView, ecc } = this.parts.plane;
    if (currentView === this.toldOf[0] && ecc?.map === this.toldOf[1]) return;
    this.toldOf = [currentView, ecc?.map];
    const { leader, nodes, k, primaries, lossGenerations } = this.topology();
    const told = [leader, ...nodes, k, ...primaries, ...lossGenerations].join(' ');
    if (told === this.lastTopology) return;
    this.lastTopology = told;
    for (const listener of this.topologyListeners) listener();
  }

  nodeReport(): Promise<NodeReport> {
    return this.reports.ofThisNode();
  }

  clusterReport(): Promise<ClusterReport> {
    return this.reports.ofCluster();
  }

  clusterMap(): MapReport {
    return mapOf(this.parts.plane);
  }

  async addNode(nodeId: string): Promise<void> {
    await this.atLeader(
      (control) => control.expectNode(nodeId),
      (address) => addNode(address, nodeId, CHANGE_TIMEOUT_MS),
    );
  }

  async removeNode(nodeId: string): Promise<void> {
    await this.atLeader(
      (control) => control.removeNode(nodeId),
      (address) => removeNode(address, nodeId, CHANGE_TIMEOUT_MS),
    );
  }

  async restartNode(nodeId: string): Promise<void> {
    const { config, plane, restart } = this.parts;
    if (nodeId !== config.nodeId) {
      const member = plane.currentView?.members.find((other) => other.nodeId === nodeId);
      if (member === undefined) {
        throw new DcacheError(
          'NOT_A_MEMBER',
          `the cluster has no node called ${nodeId}; see \`dcache cluster status\``,
        );
      }
      return restartNode(member.clientAddress, nodeId, RESTART_TIMEOUT_MS);
    }
    if (restart === undefined) {
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `nobody would start ${nodeId} again: it was not started by \`dcache cluster start\`; stop it with SIGTERM and start it as before`,
      );
    }
    // The answer leaves first.
    setImmediate(restart);
  }

  previewLosses(): Promise<readonly GroupLossReport[]> {
    return this.atLeader(
      async (control) => (await control.previewLosses()).map(reportLoss),
      (address) => fetchLosses(address, CHANGE_TIMEOUT_MS),
    );
  }

  async acceptLosses(losses: readonly GroupEpoch[]): Promise<void> {
    await this.atLeader(
      (control) => control.acceptLosses(losses),
      (address) => acceptLosses(address, losses, CHANGE_TIMEOUT_MS),
    );
  }

  async acknowledgeLosses(): Promise<void> {
    await this.atLeader(
      (control) => control.acknowledgeLosses(),
      (address) => acknowledgeLosses(address, CHANGE_TIMEOUT_MS),
    );
  }

  scrub(): ScrubRun {
    return this.parts.plane.scrub();
  }

  /** Leadership may be on its way to another node; what was refused for that is not done, and is tried again for a while. */
  private async atLeader<T>(
    here: (control: ActorRef<ControlActor>) => Promise<T>,
    there: (clientAddress: string) => Promise<T>,
  ): Promise<T> {
    const startedAtMs = performance.now();
    for (;;) {
      try {
        return await this.onceAtLeader(here, there);
      } catch (error) {
        const passing = error instanceof DcacheError && error.code === 'NO_LEADER';
        if (!passing || performance.now() - startedAtMs > LEADER_TIMEOUT_MS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, LEADER_PAUSE_MS));
    }
  }

  private async onceAtLeader<T>(
    here: (control: ActorRef<ControlActor>) => Promise<T>,
    there: (clientAddress: string) => Promise<T>,
  ): Promise<T> {
    const view = this.parts.plane.currentView;
    const control = this.parts.control();
    if (view === undefined || control === undefined || view.leader === 0) {
      throw new DcacheError('NO_LEADER', this.parts.plane.notServing ?? 'no leader is known; try again in a moment');
    }
    if (view.leader === view.raftId) return here(control);
    const leader = view.members.find((member) => member.raftId === view.leader);
    if (leader === undefined || leader.clientAddress === '') {
      throw new DcacheError('NO_LEADER', 'the address of the leader is not known yet; try again in a moment');
    }
    return there(leader.clientAddress);
  }
}
