/** A primary whose log the test commits, on a real store. */
import type { Pressure } from '../../../src/replication/node-memory.js';
import type { LedPartition } from '../../../src/actors/ecc/replica.js';
import { seedOfCluster, SipKeyHash } from '../../../src/store/key-hash.js';
import type { LocationCommands } from '../../../src/store/location-commands.js';
import type { PartitionStore } from '../../../src/store/partition-store.js';
import { SegmentStore } from '../../../src/store/segment-store.js';

export class FakePartition implements LedPartition {
  readonly store: SegmentStore;
  serving = true;
  isAlone = false;
  isFull = false;
  /** Without a cap unless a test says otherwise. */
  readonly memory = {
    allowanceBytes: Infinity,
    pressure: 'none' as Pressure,
    isReleasing: false,
    releasingBytes: 0,
    deniedBytes: 0,
    heardAtMs: -Infinity,
    asked: [] as number[],
    isKnownSince: (sinceMs: number): boolean => this.memory.heardAtMs >= sinceMs,
    ask: (bytes: number): void => void this.memory.asked.push(bytes),
  };
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
      open: (segment, head) => partition.open(segment, head),
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
      lose: (segment, records) => partition.lose(segment, records),
      release: (segment) => partition.release(segment),
    };
  }
}
