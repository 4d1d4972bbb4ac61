/** Copies of all segments that any primary has sealed, taken when it was sealed: what parity shards and rebuilds must agree with. */
import type { PartitionState } from '../../../../src/replication/partition-state.js';
import type { EccLife } from '../ecc-life.js';

export class SealedSegments {
  private readonly copies = new Map<string, Uint8Array>();
  private readonly lastIndexSeen = new WeakMap<PartitionState, number>();

  get count(): number {
    return this.copies.size;
  }

  /** After a turn of the node: primaries seal, and have the bytes then. */
  look(life: EccLife): void {
    for (const { name, replica, position, state } of life.states()) {
      if (replica.primary(position) === undefined) continue;
      if (this.lastIndexSeen.get(state) === state.log.lastIndex) continue;
      this.lastIndexSeen.set(state, state.log.lastIndex);
      for (const segment of state.store.table.all()) {
        if (segment.state === 'open' || !segment.isRaw) continue;
        const key = keyOf(name, segment.number, segment.checksum);
        if (!this.copies.has(key)) this.copies.set(key, segment.bytes.slice(0, segment.length));
      }
    }
  }

  /** Up to the segment's length; undefined if no primary was seen to seal it. */
  find(name: string, number: number, checksum: number): Uint8Array | undefined {
    return this.copies.get(keyOf(name, number, checksum));
  }
}

function keyOf(name: string, number: number, checksum: number): string {
  return `${name}/${number}/${checksum}`;
}
