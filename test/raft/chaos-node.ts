/**
 * A node for random runs: its disk keeps only what has been written, a crash may come between any two steps of carrying
 * out a Ready, and its state machine is the list of applied entries, rebuilt from snapshot and log after a restart.
 */
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import type { Prng } from '../../src/base/prng.js';
import type { RaftConfig } from '../../src/raft/config.js';
import { MemoryStorage } from '../../src/raft/memory-storage.js';
import type { PeerMessage, StorageAppend, StorageApply, StorageResponse } from '../../src/raft/messages.js';
import { RawNode } from '../../src/raft/raw-node.js';
import type { ReadState, Ready } from '../../src/raft/ready.js';
import type { ConfState, Entry } from '../../src/raft/types.js';

export interface ChaosHooks {
  send(message: PeerMessage): void;
  applied(node: ChaosNode, entry: Entry): void;
  read(node: ChaosNode, read: ReadState): void;
}

export class ChaosNode {
  readonly id: number;
  readonly storage: MemoryStorage;
  raw: RawNode;
  /** Membership as of the last applied entry. */
  private conf: ConfState;
  private readonly config: Omit<RaftConfig, 'storage' | 'id' | 'prng'>;
  private readonly prng: Prng;
  private readonly hooks: ChaosHooks;
  private appendWork: StorageAppend[] = [];
  private applyWork: StorageApply[] = [];

  constructor(
    id: number,
    conf: ConfState,
    config: Omit<RaftConfig, 'storage' | 'id' | 'prng'>,
    prng: Prng,
    hooks: ChaosHooks,
  ) {
    this.id = id;
    this.conf = conf;
    this.config = config;
    this.prng = prng;
    this.hooks = hooks;
    this.storage = new MemoryStorage(conf);
    this.raw = this.start();
  }

  private start(): RawNode {
    const snapshot = this.storage.snapshot();
    if (snapshot === 'unavailable') throw new Error('a memory storage has a snapshot');
    const { metadata } = snapshot;
    this.conf = metadata.confState;
    const { id, storage, prng } = this;
    return new RawNode({ ...this.config, id, storage, prng: prng.fork(), applied: metadata.index });
  }

  /** Everything but the disk is lost. */
  crash(): void {
    this.appendWork = [];
    this.applyWork = [];
    this.raw = this.start();
  }

  get hasWork(): boolean {
    return this.raw.hasReady() || this.appendWork.length > 0 || this.applyWork.length > 0;
  }

  /** Does some of the work that is there; with a chance of one in `crashChance` it crashes in the middle. */
  work(crashChance: number): void {
    if (this.config.asyncStorageWrites) this.workAsync(crashChance);
    else if (this.raw.hasReady()) this.carryOut(this.raw.ready(), crashChance);
  }

  private crashes(chance: number): boolean {
    return Number.isFinite(chance) && this.prng.chance(1, chance);
  }

  private carryOut(ready: Ready, crashChance: number): void {
    // Appends may overtake the own write.
    const early = ready.messages.filter(({ type }) => type === 'append');
    for (const message of early) this.hooks.send(message);
    if (this.crashes(crashChance)) return this.crash();
    this.persist(ready);
    if (this.crashes(crashChance)) return this.crash();
    for (const message of ready.messages) if (message.type !== 'append') this.hooks.send(message);
    if (this.crashes(crashChance)) return this.crash();
    for (const read of ready.readStates) this.hooks.read(this, read);
    this.apply(ready.committedEntries);
    this.raw.advance();
  }

  private workAsync(crashChance: number): void {
    if (this.crashes(crashChance)) return this.crash();
    switch (this.prng.below(3)) {
      case 0:
        if (this.raw.hasReady()) this.handOut(this.raw.ready());
        return;
      case 1: {
        const work = this.appendWork.shift();
        if (!work) return;
        this.persist(work);
        if (this.crashes(crashChance)) return this.crash();
        for (const response of work.responses) this.respond(response);
        return;
      }
      default: {
        const work = this.applyWork.shift();
        if (!work) return;
        this.apply(work.entries);
        for (const response of work.responses) this.respond(response);
      }
    }
  }

  private handOut(ready: Ready): void {
    for (const message of ready.messages) this.hooks.send(message);
    for (const read of ready.readStates) this.hooks.read(this, read);
    if (ready.storageAppend) this.appendWork.push(ready.storageAppend);
    if (ready.storageApply) this.applyWork.push(ready.storageApply);
  }

  private respond(response: PeerMessage | StorageResponse): void {
    const isLocal =
      response.type === 'storage-append-response' ||
      response.type === 'storage-apply-response' ||
      response.to === this.id;
    if (isLocal) this.raw.stored(response);
    else this.hooks.send(response);
  }

  private persist({ hardState, snapshot, entries }: Pick<Ready, 'hardState' | 'snapshot' | 'entries'>): void {
    if (hardState) this.storage.setHardState(hardState);
    if (snapshot) {
      this.storage.applySnapshot(snapshot);
      this.conf = snapshot.metadata.confState;
    }
    this.storage.append(entries);
  }

  private apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.hooks.applied(this, entry);
      if (entry.type !== 'normal') this.conf = this.raw.applyConfChange(entry);
    }
    const last = entries.at(-1);
    // A snapshot that has overtaken these entries leaves nothing to take one of.
    const inLog = last && last.index >= this.storage.firstIndex() && last.index <= this.storage.lastIndex();
    if (!inLog || !this.prng.chance(1, 20)) return;
    this.storage.createSnapshot(last.index, this.conf, EMPTY_BYTES);
    if (this.prng.chance(1, 2)) this.storage.compact(last.index - this.prng.below(3));
  }
}
