/** A primary whose log the test commits, on a real store, with as much of the decisions as the tests need. */
import type { LedPartition } from '../../../src/actors/ecc/replica.js';
import type { Decisions } from '../../../src/actors/ecc/partition-service.js';
import type { KvReply } from '../../../src/store/requests.js';
import { seedOfCluster, SipKeyHash } from '../../../src/store/key-hash.js';
import type { LocationCommands } from '../../../src/store/location-commands.js';
import type { PartitionStore } from '../../../src/store/partition-store.js';
import { SegmentStore } from '../../../src/store/segment-store.js';

export class FakePartition implements LedPartition {
  readonly store: SegmentStore;
  serving = true;
  isAlone = false;
  isFull = false;
  lastIndex = 0;
  commitIndex = 0;
  private readonly uncommitted = new Map<number, number>();
  private touched: number[] = [];

  constructor() {
    this.store = new SegmentStore({
      hash: new SipKeyHash(seedOfCluster('0'.repeat(32))),
      intercept: (partition) => this.watch(partition),
    });
  }

  change<Result>(work: () => Result): { readonly result: Result; readonly index: number } {
    if (!this.serving) throw new Error('changed while it does not serve');
    const result = work();
    if (this.touched.length === 0) return { result, index: 0 };
    this.lastIndex++;
    for (const tag of this.touched.splice(0)) this.uncommitted.set(tag, this.lastIndex);
    if (this.isAlone) this.commitIndex = this.lastIndex;
    return { result, index: this.lastIndex };
  }

  uncommittedIndexOf(tag: number): number {
    const index = this.uncommitted.get(tag) ?? 0;
    return index > this.commitIndex ? index : 0;
  }

  private watch(partition: PartitionStore): LocationCommands {
    return {
      open: (segment) => partition.open(segment),
      put: (to, tag, supersedes) => {
        this.touched.push(tag);
        partition.put(to, tag, supersedes);
      },
      move: (to, from, tag, sizeBytes) => {
        this.touched.push(tag);
        partition.move(to, from, tag, sizeBytes);
      },
      remove: (records) => {
        for (let i = 0; i < records.count; i++) this.touched.push(records.tag(i));
        partition.remove(records);
      },
      seal: (segment, stripe) => partition.seal(segment, stripe),
      release: (segment) => partition.release(segment),
    };
  }
}

/** Sets (with a time to live, when absent), deletes and gets. `needed` is what the next look finds missing. */
export class FakeDecisions implements Decisions {
  needed: readonly number[] = [];
  private readonly partition: FakePartition;

  constructor(partition: FakePartition) {
    this.partition = partition;
  }

  segmentsNeeded(): readonly number[] {
    return this.needed;
  }

  write(request: Parameters<Decisions['write']>[0]): ReturnType<Decisions['write']> {
    const { store, lastIndex } = this.partition;
    const nowMs = store.clockMs;
    switch (request.type) {
      case 'set': {
        const { key, value, lifetime, condition } = request;
        const expiresAtMs = lifetime.type === 'ttl' ? nowMs + lifetime.ttlMs : 0;
        const only = condition.type === 'absent' ? condition : undefined;
        const version = lastIndex + 1;
        const applied = store.set(key, value, version, nowMs, expiresAtMs, only);
        return { type: 'set', applied, version: applied ? version : 0, old: null };
      }
      case 'delete':
        return { type: 'delete', deleted: store.delete(request.key, nowMs) };
      default:
        return { type: 'rejected', code: 'INVALID_ARGUMENT', message: `no ${request.type} here` };
    }
  }

  read(request: Parameters<Decisions['read']>[0], nowMs: number): KvReply {
    const { store } = this.partition;
    if (request.type !== 'get') throw new Error(`no ${request.type} here`);
    if (store.lookUp(request.key, nowMs) !== 'hit') return { type: 'get', value: null, version: 0 };
    return { type: 'get', value: store.entry.copyOfValue(), version: store.entry.version };
  }
}
