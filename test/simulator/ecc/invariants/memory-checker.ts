/**
 * Memory accounting, counted anew: what a table says of its segments is the sum over them, what the index names is what is live, and
 * the blocks of a node's pool are those of its segments and shards, so that none is lost and none is handed out twice.
 */
import type { PartitionStore } from '../../../../src/store/partition-store.js';
import { IndexCursor } from '../../../../src/store/hash-index.js';
import { offsetOf, segmentOf } from '../../../../src/store/layout.js';
import { RecordView } from '../../../../src/store/record.js';
import { SEGMENT_OBJECT_BYTES } from '../../../../src/store/segment.js';
import type { EccLife } from '../ecc-life.js';
import type { EccCluster } from '../ecc-cluster.js';

const LOWEST_TAG = -(2 ** 31);

export class MemoryChecker {
  private readonly cluster: EccCluster;
  private readonly view = new RecordView();
  private looked = 0;

  constructor(cluster: EccCluster) {
    this.cluster = cluster;
  }

  /** Stores that were counted anew. */
  get checked(): number {
    return this.looked;
  }

  check(life: EccLife): void {
    let blockBytes = 0;
    for (const { parity } of life.replicas.values()) blockBytes += parity?.heldBytes ?? 0;
    for (const { name, state } of life.states()) {
      for (const segment of state.store.table.all()) blockBytes += segment.heldBytes;
      this.checkTable(life, name, state.store);
      this.checkIndex(life, name, state.store);
      this.looked++;
    }
    const pool = life.memory?.pool;
    if (pool !== undefined) this.expect(life, 'blocks of the pool', pool.blockBytes - pool.lingeringBytes, blockBytes);
  }

  private checkTable(life: EccLife, name: string, { table }: PartitionStore): void {
    const sums = {
      liveBytes: 0,
      chargedBytes: 0,
      writtenBytes: 0,
      droppedCount: 0,
      overheadBytes: 0,
      openGrowthBytes: 0,
    };
    for (const segment of table.all()) {
      sums.liveBytes += segment.liveBytes;
      sums.chargedBytes += segment.chargedBytes;
      if (segment.state !== 'releasing') sums.writtenBytes += segment.length;
      // One that is being given up has no bytes anywhere.
      if (!segment.isRaw && segment.state !== 'releasing') sums.droppedCount++;
      sums.overheadBytes += segment.bitBytes + SEGMENT_OBJECT_BYTES;
      const isOpen = segment.state === 'open';
      if (isOpen) sums.openGrowthBytes += segment.chargedBytes - segment.heldBytes - segment.bitBytes;
    }
    const fields = [
      'liveBytes',
      'chargedBytes',
      'writtenBytes',
      'droppedCount',
      'overheadBytes',
      'openGrowthBytes',
    ] as const;
    for (const field of fields) {
      this.expect(life, `${field} of partition ${name}`, table[field], sums[field]);
    }
  }

  /** Every entry of the index is a record; those of a segment that is here add up to what is live in it. */
  private checkIndex(life: EccLife, name: string, store: PartitionStore): void {
    const { index, table } = store;
    const liveBytes = new Map<number, number>();
    let entries = 0;
    const cursor = new IndexCursor();
    for (let more = index.seek(cursor, LOWEST_TAG); more; more = index.advance(cursor)) {
      entries++;
      const segment = table.maybe(segmentOf(cursor.location));
      if (segment === undefined) continue; // a learner's, which is still to come
      if (!segment.isRaw) continue;
      this.view.read(segment.bytes, offsetOf(cursor.location));
      liveBytes.set(segment.number, (liveBytes.get(segment.number) ?? 0) + this.view.sizeBytes);
    }
    this.expect(life, `entries of partition ${name}`, index.size, entries);
    for (const segment of table.all()) {
      if (!segment.isRaw) continue;
      const what = `live bytes in segment ${segment.number} of partition ${name}`;
      this.expect(life, what, segment.liveBytes, liveBytes.get(segment.number) ?? 0);
    }
  }

  private expect({ host }: EccLife, what: string, told: number, counted: number): void {
    if (told === counted) return;
    this.cluster.fail('memory is accounted for exactly', `${host}, ${what}: told ${told}, counted ${counted}`);
  }
}
