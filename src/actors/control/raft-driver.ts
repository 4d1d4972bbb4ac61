/**
 * Carries out what the Raft core decides: writes to the log, sends messages, hands committed entries on.
 *
 * Everything that arrives in one turn of the event loop is stepped first and carried out together at its end (`pump`), so
 * that one flush of the log serves all of it. The core runs with asynchronous storage writes: a write is made durable
 * here and now, but application happens on another thread, and the core bounds how much of it is under way.
 *
 * Invariant: `responses` of a StorageAppend leave only after its write is durable (RaftLog.append returns then).
 */
import { assert } from '../../base/assert.js';
import type { Logger } from '../../base/log.js';
import { decodeConfChange, type ConfChangeV2 } from '../../raft/conf-change.js';
import type { RaftConfig } from '../../raft/config.js';
import type { PeerMessage, StorageAppend, StorageApply, StorageApplyResponse } from '../../raft/messages.js';
import { RawNode } from '../../raft/raw-node.js';
import type { RaftLog } from '../../raft/log-store.js';
import type { ReadState, SoftState } from '../../raft/ready.js';
import type { ConfState, Entry, Snapshot } from '../../raft/types.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { CommitNews } from './commit-news.js';

export interface RaftDriverListener {
  /** To peers. */
  send(messages: readonly PeerMessage[]): void;
  onSoftState(state: SoftState): void;
  /** Just before entries become durable. */
  onAppend(entries: readonly Entry[]): void;
  /** A committed entry that changes no membership, in its turn among those that do. */
  onEntry(entry: Entry): void;
  /** All entries of an application, after their `onEntry` and `onMembership`. */
  onCommitted(entries: readonly Entry[]): void;
  /** A membership change is in force. */
  onMembership(change: ConfChangeV2, confState: ConfState, entry: Entry): void;
  onReadState(state: ReadState): void;
  /** A snapshot from the leader has been made durable and takes the place of the whole state. */
  onSnapshot(snapshot: Snapshot): void;
  /** The log cannot be written; the node must not go on. */
  onLogFailure(error: unknown): void;
}

export class RaftDriver {
  readonly raw: RawNode;
  private readonly raftId: number;
  private readonly log: RaftLog;
  private readonly scheduler: Scheduler;
  private readonly logger: Logger;
  private readonly listener: RaftDriverListener;
  /** Undefined: followers are told of a commit at once. */
  private readonly news: CommitNews | undefined;
  /** Applications under way, oldest first, and the index that ends each. */
  private readonly applying: { readonly lastIndex: number; readonly responses: readonly StorageApplyResponse[] }[] = [];
  private pumpScheduled = false;
  /** A write waits for its turn. No further Ready is taken until it is durable: writes keep their order. */
  private appending = false;
  private stopped = false;

  constructor(
    config: Omit<RaftConfig, 'storage' | 'asyncStorageWrites'>,
    parts: {
      log: RaftLog;
      scheduler: Scheduler;
      logger: Logger;
      /** Followers may hear a little later what is committed, if that saves messages. */
      holdsCommitNews: boolean;
      listener: RaftDriverListener;
    },
  ) {
    this.raftId = config.id;
    this.log = parts.log;
    this.scheduler = parts.scheduler;
    this.logger = parts.logger;
    this.listener = parts.listener;
    const send = (messages: readonly PeerMessage[]): void => this.listener.send(messages);
    this.news = parts.holdsCommitNews ? new CommitNews(parts.scheduler, send) : undefined;
    this.raw = new RawNode({ ...config, storage: parts.log, asyncStorageWrites: true });
  }

  /** Runs `change` on the core and carries out what follows at the end of this turn. */
  turn<T>(change: (raw: RawNode) => T): T {
    const result = change(this.raw);
    this.schedulePump();
    return result;
  }

  step(messages: readonly PeerMessage[]): void {
    for (const message of messages) {
      const refusal = this.raw.step(message);
      if (refusal !== undefined)
        this.logger.debug({ from: message.from, type: message.type, refusal }, 'message refused');
    }
    this.schedulePump();
  }

  /** The state machine has applied everything up to `index`. */
  onApplied(index: number): void {
    for (let next = this.applying[0]; next !== undefined && next.lastIndex <= index; next = this.applying[0]) {
      this.applying.shift();
      for (const response of next.responses) this.raw.stored(response);
    }
    this.schedulePump();
  }

  stop(): void {
    this.stopped = true;
    this.news?.stop();
  }

  private send(messages: readonly PeerMessage[]): void {
    this.listener.send(this.news?.take(messages) ?? messages);
  }

  private schedulePump(): void {
    if (this.pumpScheduled || this.stopped) return;
    this.pumpScheduled = true;
    this.scheduler.nextTurn(() => {
      this.pumpScheduled = false;
      if (!this.stopped) this.pump();
    });
  }

  private pump(): void {
    while (!this.stopped && !this.appending && this.raw.hasReady()) {
      const ready = this.raw.ready();
      if (ready.softState !== undefined) this.listener.onSoftState(ready.softState);
      if (ready.messages.length > 0) this.send(ready.messages);
      for (const state of ready.readStates) this.listener.onReadState(state);
      const write = ready.storageAppend;
      const replicates = write !== undefined && write.entries.length > 0 && ready.messages.length > 0;
      if (replicates) this.appendLater(write);
      else if (write !== undefined && !this.append(write)) return;
      if (ready.storageApply !== undefined && !this.apply(ready.storageApply)) return;
    }
  }

  /**
   * The disk holds this thread up, and what was sent in this turn with it. Writing in the next turn lets entries reach the peers
   * first, so that all disks work at the same time: a leader's write costs one flush then instead of two.
   */
  private appendLater(write: StorageAppend): void {
    this.appending = true;
    this.scheduler.nextTurn(() => {
      this.appending = false;
      if (!this.stopped && this.append(write)) this.pump();
    });
  }

  /** False when the write failed and the node is going down. */
  private append(write: StorageAppend): boolean {
    this.listener.onAppend(write.entries);
    if (!this.write(() => this.log.append(write))) return false;
    if (write.snapshot !== undefined) this.listener.onSnapshot(write.snapshot);
    const toPeers: PeerMessage[] = [];
    for (const response of write.responses) {
      if (response.type === 'storage-append-response' || response.to === this.raftId) this.raw.stored(response);
      else toPeers.push(response);
    }
    if (toPeers.length > 0) this.send(toPeers);
    return true;
  }

  /** False when a write failed and the node is going down. */
  private apply(work: StorageApply): boolean {
    const last = work.entries.at(-1);
    assert(last !== undefined, 'an application has entries');
    this.applying.push({ lastIndex: last.index, responses: work.responses });
    for (const entry of work.entries) {
      if (entry.type === 'normal') this.listener.onEntry(entry);
      else if (!this.applyMembership(entry)) return false;
    }
    this.listener.onCommitted(work.entries);
    return true;
  }

  private applyMembership(entry: Entry): boolean {
    const change = decodeConfChange(entry.data);
    assert(change !== undefined, 'a committed membership change can be read');
    if (!this.write(() => this.log.commitDurably(entry.index))) return false;
    this.listener.onMembership(change, this.raw.applyConfChange(entry), entry);
    return true;
  }

  /** False when it failed and the node is going down. */
  private write(change: () => void): boolean {
    try {
      change();
      return true;
    } catch (error) {
      this.stopped = true;
      this.listener.onLogFailure(error);
      return false;
    }
  }
}
