/**
 * Takes every client request of this node to where it is answered: reads to the store, once the leader has confirmed how
 * far it must have got; writes into the log if this node leads, else to the node that does.
 *
 * What arrives in one turn of the event loop goes on together: one entry for its writes, one question for its reads. Without
 * a leader, requests wait for the election if enough nodes are up, and fail at once if not.
 */
import { assertNever } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { ClusterView } from '../../cluster/view.js';
import type { Entry } from '../../raft/types.js';
import { sameRules, type MemoryRules } from '../../store/memory-cap.js';
import { isWrite, type KvReply, type KvRequest } from '../../store/requests.js';
import type { ControlRequests } from '../control/control-options.js';
import type { ControlEvent } from '../control/events.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { StoreStats } from '../../store/store.js';
import { LookAgain } from './look-again.js';
import { PendingRequests, type PendingRequest } from './pending.js';
import { ReadPath, type PendingRead } from './read-path.js';
import { lacksNodes, noLeaderError } from './shortage.js';
import type { StateMachine } from './state-machine.js';
import type { PieceSizes } from './upload-queue.js';
import { WritePath, type BatchHeader, type PendingWrite } from './write-path.js';

/** A question about reads that is open for longer is asked again. */
const READ_RETRY_MS = 300;
/** How often expiry and open questions are looked at. */
const HOUSEKEEPING_MS = 50;

/** The control side hears so late at the latest how far this side has applied. */
const REPORT_MS = 5;

/** When the control side is held up, by a slow disk say, requests wait here, where their time can run out unexposed. */
const MAX_UNTAKEN = 32;

/** Takes a request to another node. Rejects with a DcacheError whose outcome says whether it may have had an effect. */
export interface Forwarder {
  forward(clientAddress: string, request: KvRequest, timeoutMs: number): Promise<KvReply>;
  /** Requests for that node are to be expected. */
  prepare?(clientAddress: string): void;
}

/** What the router is told; snapshots are the business of data-side.ts. */
export type RouterEvent = Exclude<
  ControlEvent,
  { type: 'restore' | 'snapshot-due' | 'map' | 'let-go' | 'hand-over' | 'leave-refused' | 'troubles' }
>;

export interface RouterParts {
  readonly stateMachine: StateMachine;
  readonly forwarder: Forwarder;
  readonly scheduler: Scheduler;
  /** Wall clock, ms since 1970: the leader's word for what time it is. */
  readonly wallMs: () => number;
  /** What this node's configuration allows the store; in force in the whole cluster while this node leads. */
  readonly memoryRules: MemoryRules;
  /** How large values are cut; by LIMITS if left out. */
  readonly pieceSizes?: PieceSizes;
  readonly logger: Logger;
  /** To the control side, which calls `onTaken` when it has handled them. */
  submit(requests: ControlRequests, onTaken: () => void): void;
}

export class Router {
  private readonly parts: RouterParts;
  private readonly pending: PendingRequests;
  private readonly writes: WritePath;
  private readonly reads: ReadPath;
  private readonly lookAgain = new LookAgain(HOUSEKEEPING_MS);
  private parked: PendingRequest[] = [];
  private view: ClusterView | undefined;
  private obstacle: string | undefined;
  private reportedApplied = 0;
  /** While a report of what has been applied is to leave by itself. */
  private cancelReport: (() => void) | undefined;
  private upkeepProposed = false;
  private flushScheduled = false;
  /** Turns' worth of work that the control side has not taken yet; at most MAX_UNTAKEN. */
  private untaken = 0;
  private stopHousekeeping: () => void = () => undefined;
  private draining = false;

  constructor(parts: RouterParts) {
    this.parts = parts;
    this.pending = new PendingRequests(parts.scheduler, (request) => this.deadlineError(request));
    this.writes = new WritePath(parts.pieceSizes);
    this.reads = new ReadPath((read) => this.answer(read));
    this.keepHouse();
  }

  get requestsInFlight(): number {
    return this.pending.count;
  }

  get appliedIndex(): number {
    return this.parts.stateMachine.appliedIndex;
  }

  get storeStats(): StoreStats {
    return this.parts.stateMachine.store.stats();
  }

  get currentView(): ClusterView | undefined {
    return this.view;
  }

  /** Why this node cannot serve now; undefined when it can. */
  get notServing(): string | undefined {
    if (this.draining) return 'the node is stopping';
    if (this.view === undefined) return 'the node is starting';
    if (this.leads() || this.leaderAddress() !== undefined) return undefined;
    return noLeaderError(this.view, this.obstacle).message;
  }

  /** @param request valid (store/request-limits.ts). @param forwarded it comes from another node, so it is answered here or not at all. */
  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    if (this.draining)
      return Promise.reject(new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one'));
    return this.pending.accept(request, timeoutMs, forwarded, (pending) => this.route(pending));
  }

  /** Another node is about to lead: what waits here will go there. */
  prepareToForward(): void {
    const { view } = this;
    for (const { raftId, clientAddress } of view?.members ?? []) {
      if (raftId !== view?.raftId && clientAddress !== '') this.parts.forwarder.prepare?.(clientAddress);
    }
  }

  /** Accepts nothing more and resolves when everything under way is answered or its deadline has passed. */
  async drain(): Promise<void> {
    this.draining = true;
    for (const parked of this.takeParked())
      parked.failed(new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one'));
    await this.pending.drained();
  }

  /** Ends whatever is still under way. */
  stop(): void {
    this.draining = true;
    this.stopHousekeeping();
    this.cancelReport?.();
    this.pending.failAll((request) =>
      request.exposed && isWrite(request.request)
        ? new DcacheError('OUTCOME_UNKNOWN', 'this node stopped while the write was under way')
        : new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one'),
    );
  }

  onEvent(event: RouterEvent): void {
    switch (event.type) {
      case 'view':
        this.view = event.view;
        this.unpark();
        // Large values begin anew with the next leader.
        if (!this.leads() && this.writes.hasUploads) this.flushLater();
        return;
      case 'obstacle':
        this.obstacle = event.message;
        return;
      case 'proposed':
        this.writes.onProposed(event.ticket, event.index, event.term);
        return;
      case 'not-proposed':
        this.upkeepProposed = false;
        for (const write of this.writes.onNotProposed(event.ticket, event.reason)) {
          // With another leader known there, the view that names it may have come already; then no other will.
          if (event.reason === 'forwarding-disabled') this.route(write);
          else this.park(write);
        }
        return;
      case 'read-ready':
        this.reads.onReady(event.ticket, event.index, this.parts.stateMachine.appliedIndex);
        return;
      case 'read-refused':
        for (const read of this.reads.onRefused(event.ticket)) this.park(read);
        return;
      case 'committed':
        this.apply(event.entries);
        return;
      default:
        assertNever(event, 'control event');
    }
  }

  /** The state has been replaced by that of a snapshot. */
  onRestored(): void {
    const { appliedIndex } = this.parts.stateMachine;
    this.writes.onRestored(appliedIndex);
    this.reads.onApplied(appliedIndex);
    this.flushLater();
  }

  private apply(entries: readonly Entry[]): void {
    const { stateMachine } = this.parts;
    for (const entry of entries) {
      const replies = stateMachine.apply(entry);
      this.writes.onApplied(entry.index, entry.term, replies);
    }
    this.upkeepProposed = false;
    this.reads.onApplied(stateMachine.appliedIndex);
    this.flushLater();
  }

  private route(pending: PendingRequest): void {
    if (!isWrite(pending.request)) {
      if (this.view !== undefined && this.view.leader !== 0) {
        this.reads.add(pending as PendingRead);
        this.flushLater();
      } else this.park(pending);
      return;
    }
    if (this.leads()) {
      this.writes.add(pending as PendingWrite);
      this.flushLater();
      return;
    }
    const address = this.leaderAddress();
    if (address === undefined) this.park(pending);
    else if (pending.forwarded)
      pending.failed(new DcacheError('NO_LEADER', 'this node does not lead the cluster any more'));
    else void this.forward(pending, address);
  }

  private async forward(pending: PendingRequest, address: string): Promise<void> {
    pending.exposed = true;
    const timeoutMs = Math.max(1, Math.floor(pending.deadlineMs - this.parts.scheduler.nowMs()));
    try {
      pending.done(await this.parts.forwarder.forward(address, pending.request, timeoutMs));
    } catch (error) {
      const failure =
        error instanceof DcacheError ? error : new DcacheError('INTERNAL', String(error), { cause: error });
      if (failure.code !== 'NO_LEADER' && failure.code !== 'UNREACHABLE' && failure.code !== 'SHUTTING_DOWN') {
        pending.failed(failure);
        return;
      }
      pending.exposed = false;
      // The view is older than the truth: look again when it has had time to change.
      this.parts.scheduler.after(this.lookAgain.waitMs(pending), () => {
        if (!pending.settled) this.route(pending);
      });
    }
  }

  /** Waits for a leader, unless there cannot be one. */
  private park(pending: PendingRequest): void {
    if (pending.settled) return;
    const { view } = this;
    if (this.draining) pending.failed(new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one'));
    else if (view !== undefined && lacksNodes(view)) pending.failed(noLeaderError(view, this.obstacle));
    else this.parked.push(pending);
  }

  private unpark(): void {
    for (const pending of this.takeParked()) if (!pending.settled) this.route(pending);
  }

  private takeParked(): PendingRequest[] {
    const { parked } = this;
    this.parked = [];
    return parked;
  }

  private flushLater(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.parts.scheduler.nextTurn(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.untaken >= MAX_UNTAKEN) return;
    const { stateMachine, scheduler } = this.parts;
    const proposals = this.leads() ? this.writes.takeProposals(() => this.batchHeader()) : this.rerouteWrites();
    const question = this.reads.takeQuestion(scheduler.nowMs());
    const applied = stateMachine.appliedIndex;
    if (proposals.length === 0 && question === undefined) return this.reportAppliedLater();
    this.reportedApplied = applied;
    this.submit({ proposals, reads: question === undefined ? [] : [question], applied });
  }

  /** Nobody waits for it: it travels with the next requests, if they come soon. */
  private reportAppliedLater(): void {
    const { scheduler, stateMachine } = this.parts;
    if (this.cancelReport !== undefined || stateMachine.appliedIndex === this.reportedApplied) return;
    this.cancelReport = scheduler.after(REPORT_MS, () => {
      this.cancelReport = undefined;
      const applied = stateMachine.appliedIndex;
      if (applied === this.reportedApplied || this.untaken >= MAX_UNTAKEN) return;
      this.reportedApplied = applied;
      this.submit({ proposals: [], reads: [], applied });
    });
  }

  private submit(requests: ControlRequests): void {
    this.untaken++;
    this.parts.submit(requests, () => {
      if (this.untaken-- === MAX_UNTAKEN) this.flushLater();
    });
  }

  /** Leadership was lost between the request and the end of its turn. */
  private rerouteWrites(): [] {
    for (const write of this.writes.takeQueue()) if (!write.settled) this.route(write);
    return [];
  }

  private answer(read: PendingRead): void {
    if (!read.settled) read.done(this.parts.stateMachine.store.read(read.request, this.parts.wallMs()));
  }

  private keepHouse(): void {
    this.stopHousekeeping = this.parts.scheduler.after(HOUSEKEEPING_MS, () => {
      this.keepHouse();
      const unanswered = this.reads.takeUnanswered(this.parts.scheduler.nowMs() - READ_RETRY_MS);
      for (const read of unanswered) this.route(read);
      // Refused by a leader that is still there, as it does for a moment before it hands over: no view will tell of that.
      if (this.leads() || this.leaderAddress() !== undefined) this.unpark();
      this.maybeProposeUpkeep();
      // What the log did not take is proposed again, what was given up is dropped.
      if (this.writes.hasUploads) this.flushLater();
    });
  }

  /** Expiry is a decision of the leader's clock that goes through the log (DESIGN.md, I2), and so is the memory cap. */
  private maybeProposeUpkeep(): void {
    if (!this.leads() || this.upkeepProposed || this.untaken >= MAX_UNTAKEN) return;
    const { store } = this.parts.stateMachine;
    const isDue = store.upkeepDueMs <= this.leaderTimeMs() || !sameRules(store.memoryRules, this.parts.memoryRules);
    if (!isDue) return;
    this.upkeepProposed = true;
    this.submit({ proposals: [this.writes.proposeUpkeep(this.batchHeader())], reads: [], applied: 0 });
  }

  /** Replicas decide alike, so what this node knows alone goes into the log before anything is decided on it. */
  private batchHeader(): BatchHeader {
    const { stateMachine, memoryRules } = this.parts;
    const { store } = stateMachine;
    return {
      timeMs: this.leaderTimeMs(),
      memoryRules: sameRules(store.memoryRules, memoryRules) ? undefined : memoryRules,
      readMarks: store.takeReadMarks(),
    };
  }

  /** Never behind the largest time in the log. */
  private leaderTimeMs(): number {
    return Math.max(this.parts.wallMs(), this.parts.stateMachine.store.timeMs);
  }

  private leads(): boolean {
    return this.view?.role === 'leader' && this.view.clusterId !== undefined;
  }

  private leaderAddress(): string | undefined {
    const { view } = this;
    if (view === undefined || view.leader === 0 || view.leader === view.raftId) return undefined;
    const address = view.members.find((member) => member.raftId === view.leader)?.clientAddress;
    return address === '' ? undefined : address;
  }

  private deadlineError(pending: PendingRequest): DcacheError {
    const waited = `no answer within ${pending.timeoutMs} ms`;
    if (!pending.exposed && this.view !== undefined && this.notServing !== undefined)
      return noLeaderError(this.view, this.obstacle);
    if (!isWrite(pending.request))
      return new DcacheError('DEADLINE_EXCEEDED', `${waited}; nothing was changed, read again`);
    if (!pending.exposed) return new DcacheError('NO_LEADER', `${waited}; the write is definitely not done`);
    return new DcacheError(
      'DEADLINE_EXCEEDED',
      `${waited}; the write may or may not be done: read the key to find out`,
    );
  }
}
