/** What the client port serves: requests go to the router, questions about the cluster are put together from all nodes. */
import type { ControlActor } from '../actors/control/control-actor.js';
import type { Router } from '../actors/data/router.js';
import type { ActorRef } from '../actors/runtime/actor.js';
import type { ClientBackend, ClusterReport, NodeReport, Topology } from '../adapters/grpc/backend.js';
import { addNode, fetchNodeReport, removeNode } from '../adapters/grpc/cluster-client.js';
import { DcacheError } from '../base/errors.js';
import type { Member } from '../cluster/members.js';
import type { Founder, Speaker } from '../cluster/speaker.js';
import type { ClusterView } from '../cluster/view.js';
import type { KvReply, KvRequest } from '../store/requests.js';
import type { NodeConfig } from './config.js';
import { openCursor, sealCursor } from './scan-cursor.js';
import { VERSION } from './version.js';

/** A member, or what will be one: raft id 0. */
type ListedNode = Omit<Member, 'raftId' | 'dataAddress'> & { readonly raftId: number };

/** How long one node waits for the numbers of another. */
const REPORT_TIMEOUT_MS = 700;
const CHANGE_TIMEOUT_MS = 12_000;
/** How long a change of the membership waits for a leader to be there. */
const LEADER_TIMEOUT_MS = 3_000;
const LEADER_PAUSE_MS = 100;

type ScanRequest = Extract<KvRequest, { type: 'scan' }>;

export interface NodeBackendParts {
  readonly config: NodeConfig;
  readonly router: Router;
  readonly speaker: Speaker;
  /** Undefined until the control thread is up. */
  control(): ActorRef<ControlActor> | undefined;
}

export class NodeBackend implements ClientBackend {
  private readonly parts: NodeBackendParts;
  private readonly startedAtMs = performance.now();
  private readonly topologyListeners = new Set<() => void>();
  private lastTopology = '';

  constructor(parts: NodeBackendParts) {
    this.parts = parts;
  }

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    if (request.type === 'scan') return this.scan(request, timeoutMs, forwarded);
    return this.parts.router.execute(request, timeoutMs, forwarded);
  }

  private async scan(request: ScanRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    const { router } = this.parts;
    const { prefix } = request;
    const cursor = openCursor(request.cursor, this.clusterId(), prefix);
    const reply = await router.execute({ ...request, cursor }, timeoutMs, forwarded);
    return reply.type === 'scan' ? { ...reply, cursor: sealCursor(reply.cursor, this.clusterId(), prefix) } : reply;
  }

  private clusterId(): string {
    return this.parts.router.currentView?.clusterId ?? '';
  }

  notServing(): string | undefined {
    return this.parts.router.notServing;
  }

  topology(): Topology {
    const view = this.parts.router.currentView;
    const members = view?.members ?? [];
    const leader = members.find((member) => member.raftId === view?.leader)?.clientAddress ?? '';
    return { nodes: members.map(({ clientAddress }) => clientAddress).filter((address) => address !== ''), leader };
  }

  onTopology(listener: () => void): () => void {
    this.topologyListeners.add(listener);
    return () => this.topologyListeners.delete(listener);
  }

  /** The view of the cluster has changed; sessions are told if it changes where requests should go. */
  onView(): void {
    const { nodes, leader } = this.topology();
    const told = [leader, ...nodes].join(' ');
    if (told === this.lastTopology) return;
    this.lastTopology = told;
    for (const listener of this.topologyListeners) listener();
  }

  async nodeReport(): Promise<NodeReport> {
    const { config, router, speaker } = this.parts;
    const view = router.currentView;
    const raft = await this.parts.control()?.status();
    const { keys, bytes } = router.storeStats;
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
      applied: router.appliedIndex,
      keys,
      bytes,
      uptimeMs: Math.round(performance.now() - this.startedAtMs),
      leader: leaderName(view),
      version: VERSION,
      clusterId: view?.clusterId ?? '',
      mode: config.mode,
      notServing: router.notServing ?? '',
      clusterSize: view?.size ?? config.founders.length,
      needed: view?.needed ?? 0,
      reachable: view?.up ?? 1,
    };
  }

  async clusterReport(): Promise<ClusterReport> {
    const { config, router } = this.parts;
    const own = await this.nodeReport();
    const members = router.currentView?.members ?? [];
    const known = members.length > 0 ? members : config.founders.map(notHeardOf);
    const others = await Promise.all(
      known.filter((member) => member.nodeId !== config.nodeId).map((member) => this.reportOf(member)),
    );
    const nodes = [own, ...others].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    return {
      clusterId: own.clusterId,
      mode: config.mode,
      needed: own.needed,
      up: nodes.filter((node) => node.up).length,
      nodes,
    };
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

  /** Leadership may be on its way to another node; what was refused for that is not done, and is tried again for a while. */
  private async atLeader(
    here: (control: ActorRef<ControlActor>) => Promise<void>,
    there: (clientAddress: string) => Promise<void>,
  ): Promise<void> {
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

  private async onceAtLeader(
    here: (control: ActorRef<ControlActor>) => Promise<void>,
    there: (clientAddress: string) => Promise<void>,
  ): Promise<void> {
    const view = this.parts.router.currentView;
    const control = this.parts.control();
    if (view === undefined || control === undefined || view.leader === 0) {
      throw new DcacheError('NO_LEADER', this.parts.router.notServing ?? 'no leader is known; try again in a moment');
    }
    if (view.leader === view.raftId) return here(control);
    const leader = view.members.find((member) => member.raftId === view.leader);
    if (leader === undefined || leader.clientAddress === '') {
      throw new DcacheError('NO_LEADER', 'the address of the leader is not known yet; try again in a moment');
    }
    return there(leader.clientAddress);
  }

  /** A node that does not answer is down as far as anybody can tell. */
  private async reportOf(member: ListedNode): Promise<NodeReport> {
    if (member.clientAddress !== '') {
      try {
        return await fetchNodeReport(member.clientAddress, REPORT_TIMEOUT_MS);
      } catch (error) {
        if (!(error instanceof DcacheError)) throw error;
      }
    }
    return downReport(member, this.parts.config.mode);
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
    uptimeMs: 0,
    clusterSize: 0,
    needed: 0,
    reachable: 0,
  };
  const { nodeId, raftId, clientAddress, controlAddress, httpAddress } = member;
  const texts = { role: 'down', leader: '', version: '', clusterId: '', mode, notServing: 'no answer' };
  return { ...numbers, ...texts, nodeId, raftId, clientAddress, controlAddress, httpAddress, up: false };
}

function leaderName(view: ClusterView | undefined): string {
  if (view === undefined || view.leader === 0) return '';
  return view.members.find((member) => member.raftId === view.leader)?.nodeId ?? '';
}
