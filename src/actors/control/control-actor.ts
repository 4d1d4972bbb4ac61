/**
 * The control side of a node: Raft, its log, the list of nodes, and the node's way into the cluster. Owned by the main
 * thread, which hands it proposals and reads in batches and is told by ControlEvents what became of them.
 *
 * Its life: `Founding` finds the node's place (a data folder that has one skips that), then a RaftDriver runs until the
 * end. All handlers are synchronous, so whatever calls them — mailbox, transport, timer — finds consistent state.
 */
import { DcacheError } from '../../base/errors.js';
import { Prng } from '../../base/prng.js';
import { foundersAsMembers } from '../../cluster/members.js';
import type { DataReport, GroupEpoch } from '../../cluster/heartbeat.js';
import type { LossPreview } from '../../cluster/loss-plan.js';
import type { Speaker } from '../../cluster/speaker.js';
import { sameView, type ClusterView } from '../../cluster/view.js';
import type { PeerMessage, SnapshotMessage } from '../../raft/messages.js';
import type { ReadState, SoftState } from '../../raft/ready.js';
import type { NodeStatus } from '../../raft/status.js';
import type { Entry, Snapshot } from '../../raft/types.js';
import { later, type ActorContext, type Later } from '../runtime/actor.js';
import { askRaft } from './ask-raft.js';
import { ClusterIdentity } from './cluster-identity.js';
import { ClusterState } from './cluster-state.js';
import {
  DEFAULT_FLOW,
  weighRequests,
  type ControlOptions,
  type ControlParts,
  type ControlRequests,
} from './control-options.js';
import { EccControl } from './ecc-control.js';
import { EventOutbox } from './event-outbox.js';
import type { ControlEvent } from './events.js';
import { Founding } from './founding.js';
import { JoinDesk, type Leading } from './join-desk.js';
import type { LossOffice } from './loss-office.js';
import { MainWatch } from './main-watch.js';
import { PeerBook } from './peer-book.js';
import { PeerGate } from './peer-gate.js';
import type { ControlSender, JoinAnswer, PeerHandler, SnapshotReceiver } from './ports.js';
import { RaftDriver } from './raft-driver.js';
import { ticketOfReadContext } from './read-context.js';
import { Registrar } from './registrar.js';
import { SnapshotKeeper, type WrittenSnapshot } from './snapshot-keeper.js';
import { SnapshotTraffic, type SnapshotSending } from './snapshot-traffic.js';
import { buildView } from './view-builder.js';

/** So much of a turn's requests is small for the mailbox, whose room is free again when they have been taken. */
const PATIENT_BYTES = 64 * 1024;

export class ControlActor implements PeerHandler {
  private readonly options: ControlOptions;
  private readonly parts: ControlParts;
  private readonly context: ActorContext<ControlEvent>;
  private readonly outbox: EventOutbox;
  private readonly identity: ClusterIdentity;
  private readonly state: ClusterState;
  private readonly prng: Prng;
  private readonly snapshots: SnapshotKeeper;
  private readonly mainWatch: MainWatch;
  private founding: Founding | undefined;
  private driver: RaftDriver | undefined;
  private registrar: Registrar | undefined;
  /** In ecc mode, from when the node has a place. */
  private ecc: EccControl | undefined;
  private readonly gate: PeerGate;
  private readonly peers: PeerBook;
  private readonly joinDesk: JoinDesk;
  private readonly traffic: SnapshotTraffic;
  /** Term of the last entry that has been applied here. */
  private appliedTerm = 0;
  private softState: SoftState = { leader: 0, role: 'follower' };
  private lastView: ClusterView | undefined;
  private stopTicking: () => void = () => undefined;
  private disposed = false;

  constructor(options: ControlOptions, parts: ControlParts, context: ActorContext<ControlEvent>) {
    this.options = options;
    this.parts = parts;
    this.context = context;
    this.outbox = new EventOutbox(parts.scheduler, (event) => context.emit(event));
    this.prng = new Prng(options.seed);
    this.identity = new ClusterIdentity(parts.log, options.speaker);
    this.mainWatch = new MainWatch(parts.mainPulse, options.timings.hangMs, (hangs) => this.onMainHangs(hangs));
    const { log, files, logger } = parts;
    this.snapshots = new SnapshotKeeper({ log, files, logger, policy: options.snapshots });
    this.state = new ClusterState({
      log,
      identity: this.identity,
      snapshots: this.snapshots,
      emit: (event) => this.outbox.emit(event),
      onChanged: () => this.onMembersChanged(),
    });
    this.gate = new PeerGate(this.state.members);
    this.peers = new PeerBook(options.founders, this.state.members);
    this.joinDesk = new JoinDesk({ transport: parts.transport, leading: () => this.leading() });
    this.traffic = new SnapshotTraffic({
      transport: parts.transport,
      files,
      logger,
      nowMs: () => parts.scheduler.nowMs(),
      onArrived: (message) => this.onPeerMessages([message]),
      onSent: (raftId, succeeded) => {
        if (!this.disposed) this.driver?.turn((raw) => raw.reportSnapshot(raftId, succeeded));
      },
    });
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
      replaces: this.options.replaces ?? false,
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
        this.outbox.emit({ type: 'obstacle', message: obstacle });
        this.emitView();
      },
      onFailure: (error) => this.context.fail(error),
    });
    this.founding.start();
    this.emitView();
  }

  /**
   * Proposals and reads of one turn, answered by events. Where a proposal stands is of interest once something is committed there;
   * and that requests have been taken, while few wait.
   */
  submit(requests: ControlRequests): Later<void> {
    for (const event of askRaft(requests, this.driver, this.options.speaker.incarnation)) {
      if (event.type === 'proposed') this.outbox.emitLater(event);
      else this.outbox.emit(event);
    }
    if (requests.applied > 0) {
      this.driver?.onApplied(requests.applied);
      this.snapshots.onApplied(requests.applied);
    }
    return later(weighRequests(requests) > PATIENT_BYTES ? Promise.resolve() : this.outbox.flushed());
  }

  /** In ecc mode: what the main thread has to say to the leader from now on. Renewed as it changes. */
  report(report: DataReport): void {
    this.ecc?.onReport(report);
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

  /** Snapshots that this node sends, by raft id of the follower. */
  snapshotsOnTheWay(): readonly SnapshotSending[] {
    return this.traffic.sending;
  }

  /**
   * Takes a node out of the cluster for good; in ecc mode out of its groups first, if it is up. Resolves when that is in force; rejects as
   * DrainOffice.drain and Registrar.remove do.
   */
  removeNode(nodeId: string): Later<void> {
    return later(this.leading().registrar.remove(nodeId));
  }

  /** Lets a node of this name, which the cluster does not know yet, join when it comes. */
  expectNode(nodeId: string): Later<void> {
    return later(this.leading().registrar.expect(nodeId));
  }

  /** ecc mode: what declaring the loss of the groups that are lost would do now. Throws NO_LEADER. */
  previewLosses(): readonly LossPreview[] {
    return this.leadingLosses().preview();
  }

  /** Declares losses as they were previewed. Resolves when that is in force; rejects as LossOffice.accept does. */
  acceptLosses(losses: readonly GroupEpoch[]): Later<void> {
    return later(this.leadingLosses().accept(losses));
  }

  /** Nobody needs to be told any more of the losses so far. Resolves when that is in force. */
  acknowledgeLosses(): Later<void> {
    return later(this.leadingLosses().acknowledge());
  }

  /** Hands leadership to the best other voter, if this node leads. False when there is nobody to take over. */
  handOverLeadership(): boolean {
    const { driver } = this;
    if (driver === undefined) return false;
    const status = driver.raw.status();
    if (status.softState.role !== 'leader') return false;
    const voters = status.peers.filter((peer) => peer.id !== status.id && !peer.learner && peer.recentlyActive);
    const most = Math.max(...voters.map(({ match }) => match));
    const best = voters.filter(({ match }) => match === most);
    if (best.length === 0) return false;
    // Any of them: two nodes that are to be removed at the same time would hand it to each other for ever.
    const { id } = this.prng.pick(best);
    driver.turn((raw) => raw.transferLeader(id));
    return true;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.stopTicking();
    this.founding?.stop();
    this.registrar?.stop();
    this.ecc?.stop();
    this.driver?.stop();
    this.outbox.flush();
    await this.parts.close();
  }

  // ------------------------------------------------------------------ PeerHandler

  speaker(): Speaker {
    return this.identity.speaker();
  }

  admitSpeaker(speaker: Speaker): void {
    this.gate.admit(this.identity.speaker(), speaker);
    this.registrar?.onSpeaker(speaker);
    if (this.peers.onSpeaker(speaker) && this.driver !== undefined) this.onMembersChanged();
  }

  onPeerMessages(messages: readonly PeerMessage[]): void {
    try {
      this.driver?.step(messages);
    } catch (error) {
      // The messages are well-formed and the core refuses what it cannot use: the log cannot be read, or there is a defect.
      this.context.fail(error);
    }
  }

  onControl(from: ControlSender, bytes: Uint8Array): void {
    this.ecc?.onControl(from, bytes);
  }

  onSnapshotStream(message: SnapshotMessage): Promise<SnapshotReceiver> {
    return this.traffic.receive(message);
  }

  async onJoinRequest(speaker: Speaker, replaces: boolean): Promise<JoinAnswer> {
    this.admitSpeaker(speaker);
    if (this.registrar === undefined || this.softState.role !== 'leader') {
      const leader = this.state.members.byRaftId(this.softState.leader);
      return { type: 'ask-leader', controlAddress: leader?.controlAddress };
    }
    return this.joinDesk.ask(speaker, replaces);
  }

  onPeerConnected(): void {
    this.outbox.emit({ type: 'obstacle', message: undefined });
    this.emitView();
  }

  onPeerUnreachable(raftId: number): void {
    this.driver?.turn((raw) => raw.reportUnreachable(raftId));
    this.emitView();
  }

  onRefusedByPeer(nodeId: string, message: string): void {
    this.parts.logger.warn({ peer: nodeId }, message);
    this.outbox.emit({ type: 'obstacle', message });
  }

  // ------------------------------------------------------------------ Raft

  private startRaft(): void {
    const { log, transport, scheduler, logger } = this.parts;
    const { timings } = this.options;
    const applied = this.state.begin();
    this.driver = new RaftDriver(
      {
        id: this.identity.raftId,
        // Entries are kept behind the snapshot, but the state begins with it.
        applied,
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
        // In ecc mode what is committed is the map, which the other nodes wait for.
        holdsCommitNews: this.options.ecc === undefined,
        listener: {
          send: (messages) => this.send(messages),
          onSoftState: (state) => this.onSoftState(state),
          onAppend: (entries) => this.identity.onAppend(entries),
          onEntry: (entry) => this.state.onEntry(entry),
          onCommitted: (entries) => this.onCommitted(entries),
          onMembership: (change, confState, entry) => this.state.onMembership(change, confState, entry),
          onReadState: (state) => this.onReadState(state),
          onSnapshot: (snapshot) => this.onSnapshot(snapshot),
          onLogFailure: (error) => this.context.fail(error),
        },
      },
    );
    this.registrar = new Registrar({
      driver: this.driver,
      members: this.state.members,
      scheduler,
      confState: () => this.state.confState,
      connected: () => transport.connected(),
      handOverLeadership: () => this.handOverLeadership(),
      whenDrained: (nodeId, remove) => this.ecc?.drains?.drain(nodeId, remove) ?? remove(),
    });
    this.registrar.onSpeaker(this.identity.speaker());
    const { ecc } = this.options;
    if (ecc !== undefined) {
      const emit = (event: ControlEvent): void => this.outbox.emit(event);
      const speaker = this.identity.speaker();
      this.ecc = new EccControl({ ...this.parts, ecc, speaker, driver: this.driver, state: this.state, emit });
    }
    this.onMembersChanged();
  }

  private onReadState(state: ReadState): void {
    const ticket = ticketOfReadContext(state.context, this.options.speaker.incarnation);
    if (ticket !== undefined) this.outbox.emit({ type: 'read-ready', ticket, index: state.index });
    else this.ecc?.onReadState(state);
  }

  private onSnapshot(snapshot: Snapshot): void {
    this.state.onSnapshot(snapshot);
    this.ecc?.onRestored(snapshot.metadata);
  }

  /** Snapshots go their own way: the state is not in the message. */
  private send(messages: readonly PeerMessage[]): void {
    this.parts.transport.send(messages.filter(({ type }) => type !== 'snapshot'));
    for (const message of messages) if (message.type === 'snapshot') void this.traffic.send(message);
  }

  private onSoftState(state: SoftState): void {
    this.softState = state;
    if (state.role !== 'leader') this.registrar?.onLeadershipLost();
    else if (this.state.members.clusterId === undefined) this.proposeFounding();
    this.ecc?.onSoftState(state);
    this.emitView();
  }

  /** The first leader's bootstrap entry. A later leader finds it in its log or proposes again; only the first counts. */
  private proposeFounding(): void {
    const { founders, speaker } = this.options;
    const members = foundersAsMembers(founders, speaker);
    this.driver?.turn((raw) => raw.propose(this.identity.foundingEntry(this.parts.newClusterId(), members)));
  }

  private onCommitted(entries: readonly Entry[]): void {
    this.appliedTerm = entries.at(-1)?.term ?? this.appliedTerm;
    this.outbox.emit({ type: 'committed', entries });
    this.ecc?.onCommitted(entries);
    if (this.snapshots.onCommitted(entries)) this.outbox.emit({ type: 'snapshot-due' });
    this.registrar?.onApplied();
  }

  private onMembersChanged(): void {
    this.parts.transport.setPeers(this.peers.peersOf(this.identity.raftId));
    this.emitView();
  }

  // ------------------------------------------------------------------ time

  private tickLater(): void {
    this.stopTicking = this.parts.scheduler.after(this.options.timings.tickMs, () => {
      if (this.disposed) return;
      this.tickLater();
      // Nobody could be served here: leadership goes to somebody who can.
      if (this.mainWatch.hangs(this.parts.scheduler.nowMs())) return;
      // First the registrar looks who is active: the tick may be the one on which the core begins to ask that anew.
      if (this.softState.role === 'leader') this.registrar?.onTick();
      this.driver?.turn((raw) => raw.tick());
      this.emitView();
    });
  }

  private onMainHangs(hangs: boolean): void {
    const { logger } = this.parts;
    const { hangMs } = this.options.timings;
    if (!hangs) logger.info({}, 'the main thread runs again');
    else logger.error({ hangMs }, 'the main thread hangs: this node falls silent');
    if (hangs) this.handOverLeadership();
  }

  /** Throws NO_LEADER. */
  private leading(): Leading & { readonly registrar: Registrar } {
    const { registrar } = this;
    if (registrar === undefined || this.softState.role !== 'leader') {
      throw new DcacheError('NO_LEADER', 'this node does not lead the cluster; ask the leader');
    }
    // Else it could answer from a list of nodes that is older than what its predecessor has confirmed.
    if (this.driver?.raw.status().hardState.term !== this.appliedTerm) {
      throw new DcacheError('NO_LEADER', 'the new leader has not taken over yet; try again in a moment');
    }
    return { registrar, term: this.appliedTerm };
  }

  private leadingLosses(): LossOffice {
    this.leading();
    const losses = this.ecc?.losses;
    if (losses !== undefined) return losses;
    throw this.options.ecc === undefined
      ? new DcacheError(
          'INVALID_ARGUMENT',
          'losses are declared in ecc mode; in raft mode a majority of the disks decides',
        )
      : new DcacheError('NO_LEADER', 'the new leader has not taken over yet; try again in a moment');
  }

  private emitView(): void {
    const view = this.view();
    if (this.lastView !== undefined && sameView(view, this.lastView)) return;
    this.lastView = view;
    this.outbox.emit({ type: 'view', view });
  }

  private view(): ClusterView {
    // Role and term of one moment: what the driver has told last may be of an earlier term.
    const status = this.driver?.raw.status();
    return buildView({
      speaker: this.identity.speaker(),
      softState: status?.softState ?? this.softState,
      term: status?.hardState.term ?? 0,
      confState: this.state.confState,
      members: this.state.members,
      founders: this.options.founders,
      connected: this.parts.transport.connected(),
      founding: this.founding,
      ecc: this.options.ecc,
    });
  }
}
