/**
 * The control side of a node: Raft, its log, the list of nodes, and the node's way into the cluster. Owned by the main
 * thread, which hands it proposals and reads in batches and is told by ControlEvents what became of them.
 *
 * Its life: `Founding` finds the node's place (a data folder that has one skips that), then a RaftDriver runs until the
 * end. All handlers are synchronous, so whatever calls them — mailbox, transport, timer — finds consistent state.
 */
import { assert } from '../../base/assert.js';
import { copyBytes } from '../../base/bytes.js';
import { DcacheError } from '../../base/errors.js';
import type { RaftId } from '../../base/ids.js';
import { errorFields, type Logger } from '../../base/log.js';
import { Prng } from '../../base/prng.js';
import { LIMITS } from '../../base/limits.js';
import type { Member } from '../../cluster/members.js';
import { refuseSpeaker, type Founder, type Speaker } from '../../cluster/speaker.js';
import type { ClusterView } from '../../cluster/view.js';
import type { PeerMessage, SnapshotMessage } from '../../raft/messages.js';
import type { RaftLog } from '../../raft/log-store.js';
import type { SoftState } from '../../raft/ready.js';
import type { NodeStatus } from '../../raft/status.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../raft/types.js';
import type { ActorContext } from '../runtime/actor.js';
import { later, type Later } from '../runtime/actor.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { Registrar } from './registrar.js';
import { ClusterIdentity } from './cluster-identity.js';
import type { ControlEvent } from './events.js';
import { Founding } from './founding.js';
import { MemberTable } from './member-table.js';
import type { JoinAnswer, PeerAddress, PeerHandler, PeerTransport, SnapshotReceiver } from './ports.js';
import { RaftDriver } from './raft-driver.js';
import { decodeDescription } from './snapshot-description.js';
import { SnapshotKeeper, type SnapshotPolicy, type WrittenSnapshot } from './snapshot-keeper.js';
import type { SnapshotFiles } from '../snapshot-files.js';
import { buildView } from './view-builder.js';

export interface ControlTimings {
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
}

/** What is under way at a time; see RaftConfig for each. */
export interface FlowLimits {
  readonly maxAppendBytes: number;
  readonly maxInflightAppends: number;
  readonly maxInflightBytes: number;
  readonly maxUncommittedBytes: number;
  readonly maxCommittedBytesPerReady: number;
}

const DEFAULT_FLOW: FlowLimits = {
  maxAppendBytes: LIMITS.maxAppendBytes,
  maxInflightAppends: LIMITS.maxInflightAppends,
  maxInflightBytes: LIMITS.maxInflightAppendBytes,
  maxUncommittedBytes: LIMITS.maxUncommittedBytes,
  maxCommittedBytesPerReady: LIMITS.maxCommittedBytesPerReady,
};

/** Plain data. */
export interface ControlOptions {
  /** This node's addresses and names; raft id and cluster id are filled in from the log. */
  readonly speaker: Speaker;
  /** First members. */
  readonly founders: readonly Founder[];
  readonly timings: ControlTimings;
  /** Those of LIMITS if left out. */
  readonly flow?: FlowLimits;
  readonly seed: number;
  readonly snapshots: SnapshotPolicy;
}

export interface ControlParts {
  readonly log: RaftLog;
  readonly transport: PeerTransport;
  readonly files: SnapshotFiles;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** 32 fresh hexadecimal digits; called at most once per election won before there is a cluster. */
  readonly newClusterId: () => string;
  /** Releases log and transport; called last. */
  readonly close: () => Promise<void>;
}

/** One turn's worth of work from the main thread. */
export interface ControlRequests {
  readonly proposals: readonly { readonly ticket: number; readonly data: Uint8Array<ArrayBuffer> }[];
  /** Each ticket stands for all reads of one turn. */
  readonly reads: readonly number[];
  /** The state machine has applied up to here. */
  readonly applied: number;
}

export class ControlActor implements PeerHandler {
  private readonly options: ControlOptions;
  private readonly parts: ControlParts;
  private readonly context: ActorContext<ControlEvent>;
  private readonly identity: ClusterIdentity;
  private readonly members = new MemberTable();
  private readonly prng: Prng;
  private readonly snapshots: SnapshotKeeper;
  private founding: Founding | undefined;
  private driver: RaftDriver | undefined;
  private registrar: Registrar | undefined;
  /** Peers that have introduced themselves and are not in the list of nodes as far as it has been applied here. */
  private readonly introduced = new Map<number, PeerAddress>();
  private confState: ConfState = EMPTY_CONF_STATE;
  /** Term of the last entry that has been applied here. */
  private appliedTerm = 0;
  private softState: SoftState = { leader: 0, role: 'follower' };
  private lastView = '';
  private stopTicking: () => void = () => undefined;
  private disposed = false;

  constructor(options: ControlOptions, parts: ControlParts, context: ActorContext<ControlEvent>) {
    this.options = options;
    this.parts = parts;
    this.context = context;
    this.prng = new Prng(options.seed);
    this.identity = new ClusterIdentity(parts.log, options.speaker);
    const { log, files, logger } = parts;
    this.snapshots = new SnapshotKeeper({ log, files, logger, policy: options.snapshots });
  }

  /** Begins to take part. Called once, when the transport listens. */
  start(): void {
    this.tickLater();
    if (this.identity.raftId !== 0) {
      this.startRaft();
      return;
    }
    this.founding = new Founding({
      speaker: () => this.identity.speaker(),
      founders: this.options.founders,
      transport: this.parts.transport,
      scheduler: this.parts.scheduler,
      prng: this.prng.fork(),
      onPlace: (place) => {
        this.founding = undefined;
        this.identity.takePlace(place);
        this.parts.logger.info(
          { raftId: place.raftId },
          place.type === 'found' ? 'founding a cluster' : 'joined the cluster',
        );
        this.startRaft();
      },
      onProgress: (obstacle) => {
        this.context.emit({ type: 'obstacle', message: obstacle });
        this.emitView();
      },
      onFailure: (error) => this.context.fail(error),
    });
    this.founding.start();
    this.emitView();
  }

  /** Proposals and reads of one turn, answered by events. */
  submit(requests: ControlRequests): void {
    const { driver } = this;
    for (const { ticket, data } of requests.proposals) {
      const result = driver?.turn((raw) => raw.propose(data)) ?? { type: 'dropped', reason: 'no-leader' };
      if (result.type === 'appended') {
        this.context.emit({ type: 'proposed', ticket, index: result.index, term: result.term });
      } else {
        assert(
          result.type === 'dropped',
          'a node that forwards requests itself never lets the core forward a proposal',
        );
        this.context.emit({ type: 'not-proposed', ticket, reason: result.reason });
      }
    }
    for (const ticket of requests.reads) {
      const refusal = driver?.turn((raw) => raw.readIndex(encodeTicket(ticket))) ?? (driver ? undefined : 'no-leader');
      if (refusal !== undefined) this.context.emit({ type: 'read-refused', ticket, reason: refusal });
    }
    if (requests.applied > 0) {
      driver?.onApplied(requests.applied);
      this.snapshots.onApplied(requests.applied);
    }
  }

  /** The cut that was asked for by `snapshot-due` is durable, or could not be made. */
  snapshotWritten(written: WrittenSnapshot | undefined): void {
    if (written === undefined) this.snapshots.onNotWritten();
    else this.snapshots.onWritten(written);
  }

  /** What the Raft core says of itself; undefined while the node has no place. */
  status(): NodeStatus | undefined {
    return this.driver?.raw.status();
  }

  /** Takes a node out of the cluster for good. Resolves when that is in force. */
  removeNode(nodeId: string): Later<void> {
    return later(this.leadingRegistrar().remove(nodeId));
  }

  /** Lets a node of this name, which the cluster does not know yet, join when it comes. */
  expectNode(nodeId: string): Later<void> {
    return later(this.leadingRegistrar().expect(nodeId));
  }

  /** Hands leadership to the best other voter, if this node leads. For a planned stop. */
  handOverLeadership(): void {
    const { driver } = this;
    if (driver === undefined) return;
    const status = driver.raw.status();
    if (status.softState.role !== 'leader') return;
    const best = status.peers
      .filter((peer) => peer.id !== status.id && !peer.learner && peer.recentlyActive)
      .sort((a, b) => b.match - a.match)[0];
    if (best !== undefined) driver.turn((raw) => raw.transferLeader(best.id));
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.stopTicking();
    this.founding?.stop();
    this.registrar?.stop();
    this.driver?.stop();
    await this.parts.close();
  }

  // ------------------------------------------------------------------ PeerHandler

  speaker(): Speaker {
    return this.identity.speaker();
  }

  admitSpeaker(speaker: Speaker): void {
    const refusal = refuseSpeaker(this.identity.speaker(), speaker);
    if (refusal !== undefined) throw new DcacheError(refusal.code, refusal.message);
    if (this.members.wasRemoved(speaker.raftId)) {
      throw new DcacheError(
        'NOT_A_MEMBER',
        `${speaker.nodeId} was removed from the cluster; stop it, and remove its data folder before it joins again`,
      );
    }
    this.registrar?.onSpeaker(speaker);
    this.onIntroduced(speaker);
  }

  onPeerMessages(messages: readonly PeerMessage[]): void {
    this.driver?.step(messages);
  }

  async onSnapshotStream(message: SnapshotMessage): Promise<SnapshotReceiver> {
    const { metadata, data } = message.snapshot;
    const { file } = decodeDescription(data);
    const writer = await this.parts.files.create(metadata.index, metadata.term);
    let received = 0;
    return {
      write: (piece) => {
        received += piece.length;
        if (received <= file.bytes) return writer.write(piece);
        throw new DcacheError('INVALID_ARGUMENT', `the snapshot is longer than the ${file.bytes} bytes announced`);
      },
      abort: () => writer.abort(),
      finish: async () => {
        const written = await writer.finish();
        if (written.name !== file.name || written.bytes !== file.bytes) {
          throw new DcacheError('INVALID_ARGUMENT', 'the snapshot arrived damaged; send it again');
        }
        this.driver?.step([message]);
      },
    };
  }

  onJoinRequest(speaker: Speaker): Promise<JoinAnswer> {
    this.admitSpeaker(speaker);
    if (this.registrar === undefined || this.softState.role !== 'leader') {
      const leader = this.members.byRaftId(this.softState.leader);
      return Promise.resolve({ type: 'ask-leader', controlAddress: leader?.controlAddress });
    }
    return this.leadingRegistrar().admit(speaker);
  }

  onPeerConnected(): void {
    this.context.emit({ type: 'obstacle', message: undefined });
    this.emitView();
  }

  onPeerUnreachable(raftId: number): void {
    this.driver?.turn((raw) => raw.reportUnreachable(raftId));
    this.emitView();
  }

  onRefusedByPeer(nodeId: string, message: string): void {
    this.parts.logger.warn({ peer: nodeId }, message);
    this.context.emit({ type: 'obstacle', message });
  }

  // ------------------------------------------------------------------ Raft

  private startRaft(): void {
    const { log, transport, scheduler, logger } = this.parts;
    const { timings } = this.options;
    this.confState = log.initialState().confState;
    const snapshot = log.snapshot();
    this.members.restore(snapshot);
    this.restoreFromLog();
    this.driver = new RaftDriver(
      {
        id: this.identity.raftId,
        // Entries are kept behind the snapshot, but the state begins with it.
        applied: snapshot === 'unavailable' ? 0 : snapshot.metadata.index,
        prng: this.prng.fork(),
        electionTicks: timings.electionTicks,
        heartbeatTicks: timings.heartbeatTicks,
        preVote: true,
        checkQuorum: true,
        stepDownOnRemoval: true,
        disableProposalForwarding: true,
        ...(this.options.flow ?? DEFAULT_FLOW),
      },
      {
        log,
        scheduler,
        logger,
        listener: {
          send: (messages) => this.send(messages),
          onSoftState: (state) => this.onSoftState(state),
          onAppend: (entries) => this.identity.onAppend(entries),
          onEntry: (entry) => this.onEntry(entry),
          onCommitted: (entries) => this.onCommitted(entries),
          onMembership: (change, confState, entry) => {
            this.confState = confState;
            this.members.onMembershipChange(change);
            this.snapshots.onConfiguration(entry.index, confState, this.members.snapshot());
            this.onMembersChanged();
          },
          onReadState: ({ index, context }) =>
            this.context.emit({ type: 'read-ready', ticket: decodeTicket(context), index }),
          onSnapshot: (snapshot) => {
            this.confState = snapshot.metadata.confState;
            this.members.restore(snapshot);
            if (this.members.clusterId !== undefined) this.identity.belongTo(this.members.clusterId);
            this.restoreFromLog();
            this.onMembersChanged();
          },
          onLogFailure: (error) => this.context.fail(error),
        },
      },
    );
    this.registrar = new Registrar({
      driver: this.driver,
      members: this.members,
      scheduler,
      confState: () => this.confState,
      connected: () => transport.connected(),
    });
    this.registrar.onSpeaker(this.identity.speaker());
    this.onMembersChanged();
  }

  /** Snapshots go their own way: the state is not in the message. */
  private send(messages: readonly PeerMessage[]): void {
    this.parts.transport.send(messages.filter(({ type }) => type !== 'snapshot'));
    for (const message of messages) if (message.type === 'snapshot') void this.sendSnapshot(message);
  }

  /** Never rejects: the core is told, and sends again when it sees fit. */
  private async sendSnapshot(message: SnapshotMessage): Promise<void> {
    const { transport, files, logger } = this.parts;
    const { index } = message.snapshot.metadata;
    logger.info({ to: message.to, index }, 'sending a snapshot');
    let succeeded = false;
    try {
      await transport.sendSnapshot(message, files.read(decodeDescription(message.snapshot.data).file));
      succeeded = true;
    } catch (error) {
      logger.warn({ to: message.to, index, ...errorFields(error) }, 'a snapshot could not be sent');
    }
    if (!this.disposed) this.driver?.turn((raw) => raw.reportSnapshot(message.to, succeeded));
  }

  /** The state begins with the log's snapshot: after a start, and when one has been received. */
  private restoreFromLog(): void {
    const snapshot = this.parts.log.snapshot();
    const index = snapshot === 'unavailable' ? 0 : snapshot.metadata.index;
    this.snapshots.onConfiguration(index, this.confState, this.members.snapshot());
    const file = this.snapshots.currentFile();
    if (snapshot === 'unavailable' || file === undefined) return;
    this.snapshots.onRestore(file.name, index);
    this.context.emit({ type: 'restore', file, index, term: snapshot.metadata.term });
  }

  private onSoftState(state: SoftState): void {
    this.softState = state;
    if (state.role !== 'leader') this.registrar?.onLeadershipLost();
    else if (this.members.clusterId === undefined) this.proposeFounding();
    this.emitView();
  }

  /** The first leader's bootstrap entry. A later leader finds it in its log or proposes again; only the first counts. */
  private proposeFounding(): void {
    const { founders, speaker } = this.options;
    const list = [...founders].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    const members = list.map(({ nodeId, controlAddress }, place): Member => ({
      raftId: (place + 1) as RaftId,
      nodeId,
      controlAddress,
      clientAddress: nodeId === speaker.nodeId ? speaker.clientAddress : '',
      httpAddress: nodeId === speaker.nodeId ? speaker.httpAddress : '',
    }));
    this.driver?.turn((raw) => raw.propose(this.identity.foundingEntry(this.parts.newClusterId(), members)));
  }

  private onEntry(entry: Entry): void {
    if (!this.members.onEntry(entry)) return;
    if (this.members.clusterId !== undefined) this.identity.belongTo(this.members.clusterId);
    this.snapshots.onConfiguration(entry.index, this.confState, this.members.snapshot());
    this.onMembersChanged();
  }

  private onCommitted(entries: readonly Entry[]): void {
    this.appliedTerm = entries.at(-1)?.term ?? this.appliedTerm;
    this.context.emit({ type: 'committed', entries });
    if (this.snapshots.onCommitted(entries)) this.context.emit({ type: 'snapshot-due' });
    this.registrar?.onApplied();
  }

  private onMembersChanged(): void {
    this.parts.transport.setPeers(this.peersToReach());
    this.emitView();
  }

  /**
   * A member that joined after what this node has applied may lead, and must be answered before this node can catch up.
   */
  private onIntroduced({ raftId, clusterId, nodeId, controlAddress }: Speaker): void {
    if (raftId === 0 || clusterId === '' || this.members.byRaftId(raftId) !== undefined) return;
    if (this.introduced.get(raftId)?.controlAddress === controlAddress) return;
    this.introduced.set(raftId, { raftId, nodeId, controlAddress });
    if (this.driver !== undefined) this.onMembersChanged();
  }

  /** Before the first entry is applied only the founders are known, and everybody has the raft id of its place. */
  private peersToReach(): PeerAddress[] {
    const founders = [...this.options.founders].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    const known: readonly PeerAddress[] =
      this.members.list.length > 0
        ? this.members.list
        : founders.map(({ nodeId, controlAddress }, place) => ({ raftId: place + 1, nodeId, controlAddress }));
    for (const raftId of this.introduced.keys()) {
      const listed = this.members.byRaftId(raftId) !== undefined;
      if (listed || this.members.wasRemoved(raftId)) this.introduced.delete(raftId);
    }
    const peers = new Map([...known, ...this.introduced.values()].map((peer) => [peer.raftId, peer]));
    peers.delete(this.identity.raftId);
    return [...peers.values()];
  }

  // ------------------------------------------------------------------ time

  private tickLater(): void {
    this.stopTicking = this.parts.scheduler.after(this.options.timings.tickMs, () => {
      if (this.disposed) return;
      this.tickLater();
      // First the registrar looks who is active: the tick may be the one on which the core begins to ask that anew.
      if (this.softState.role === 'leader') this.registrar?.onTick();
      this.driver?.turn((raw) => raw.tick());
      this.emitView();
    });
  }

  private leadingRegistrar(): Registrar {
    if (this.registrar === undefined || this.softState.role !== 'leader') {
      throw new DcacheError('NO_LEADER', 'this node does not lead the cluster; ask the leader');
    }
    // Else it could answer from a list of nodes that is older than what its predecessor has confirmed.
    if (this.driver?.raw.status().hardState.term !== this.appliedTerm) {
      throw new DcacheError('NO_LEADER', 'the new leader has not taken over yet; try again in a moment');
    }
    return this.registrar;
  }

  private emitView(): void {
    const view = this.view();
    const text = JSON.stringify(view);
    if (text === this.lastView) return;
    this.lastView = text;
    this.context.emit({ type: 'view', view });
  }

  private view(): ClusterView {
    // Role and term of one moment: what the driver has told last may be of an earlier term.
    const status = this.driver?.raw.status();
    return buildView({
      speaker: this.identity.speaker(),
      softState: status?.softState ?? this.softState,
      term: status?.hardState.term ?? 0,
      confState: this.confState,
      members: this.members,
      founders: this.options.founders,
      connected: this.parts.transport.connected(),
      founding: this.founding,
    });
  }
}

function encodeTicket(ticket: number): Uint8Array {
  return new Uint8Array(Float64Array.of(ticket).buffer);
}

function decodeTicket(context: Uint8Array): number {
  return new Float64Array(copyBytes(context).buffer)[0] ?? 0;
}
