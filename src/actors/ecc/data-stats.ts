/** Where the memory of a node of ecc mode is (data-plane.ts, ECC_BYTES). Exact: segments and shards are of one pool. */
import type { NodeMemory } from '../../replication/node-memory.js';
import type { DataStats, EccBytes } from '../data-plane.js';
import type { Replica } from './replica.js';

/** @param k data positions of a group. */
export function statsOf(replicas: Iterable<Replica>, k: number, memory: NodeMemory | undefined): DataStats {
  const bytesFor = { live: 0, dead: 0, index: 0, parity: 0, tail: 0, other: 0 };
  let keys = 0;
  for (const replica of replicas) {
    bytesFor.parity += replica.parity?.heldBytes ?? 0;
    for (let position = 0; position < k; position++) {
      const state = replica.state(position);
      if (state === undefined) continue;
      const primary = replica.primary(position);
      if (primary?.serving === true) keys += primary.store.values.keyCount;
      bytesFor.index += state.store.index.heldBytes;
      bytesFor.tail += state.log.heldBytes;
      for (const segment of state.store.table.all()) {
        if (!segment.isRaw) continue;
        if (primary === undefined) bytesFor.tail += segment.heldBytes;
        else {
          bytesFor.live += segment.liveBytes;
          bytesFor.dead += segment.length - segment.liveBytes;
        }
      }
    }
  }
  const { live, dead, index, parity, tail } = bytesFor;
  const bytes = memory?.heldBytes ?? 0;
  const told: EccBytes = { ...bytesFor, other: bytes - live - dead - index - parity - tail };
  return { keys, bytes, bytesFor: told };
}
