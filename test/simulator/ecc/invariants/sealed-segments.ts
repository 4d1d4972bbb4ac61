/**
 * What primaries have sealed, byte for byte: taken from their memory, or put together from their committed entries where a segment was
 * sealed, folded and dropped in one turn.
 */

import { visitEntry } from '../../../../src/replication/entry-codec.js';
import type { PartitionState } from '../../../../src/replication/partition-state.js';
import { hashBytes } from '../../../../src/store/byte-hash.js';
import { type Location, offsetOf, segmentOf } from '../../../../src/store/layout.js';
import type { EccLife } from '../ecc-life.js';

interface Placed {
  readonly offset: number;
  readonly record: Uint8Array;
}

export class SealedSegments {
  private readonly copies = new Map<string, Uint8Array>();
  private readonly lastIndexSeen = new WeakMap<PartitionState, number>();
  /** Records of segments that are open by what is committed; by partition and number. */
  private readonly open = new Map<string, Placed[]>();

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

  /** The first node says that it is committed. */
  onCommitted(name: string, entry: Uint8Array): void {
    const place = (to: Location, record: Uint8Array): void => {
      this.open.get(`${name}/${segmentOf(to)}`)?.push({ offset: offsetOf(to), record: record.slice() });
    };
    visitEntry(entry, {
      open: (number) => void this.open.set(`${name}/${number}`, []),
      put: (to, _, __, record) => place(to, record),
      move: (to, _, __, record) => place(to, record),
      seal: (number, length, expected) => {
        const bytes = new Uint8Array(length);
        for (const { offset, record } of this.open.get(`${name}/${number}`) ?? []) bytes.set(record, offset);
        this.open.delete(`${name}/${number}`);
        const key = keyOf(name, number, expected);
        // Another one: not all of its entries came by here.
        if (!this.copies.has(key) && hashBytes(bytes, length, 0) === expected) this.copies.set(key, bytes);
      },
    });
  }

  /** Up to the segment's length; undefined if no primary was seen to seal it. */
  find(name: string, number: number, checksum: number): Uint8Array | undefined {
    return this.copies.get(keyOf(name, number, checksum));
  }
}

function keyOf(name: string, number: number, checksum: number): string {
  return `${name}/${number}/${checksum}`;
}
