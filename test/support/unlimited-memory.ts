/** The memory of a node without a cap. */
import { NodeMemory } from '../../src/replication/node-memory.js';
import { STANDARD_LAYOUT } from '../../src/store/layout.js';
import { NO_CAP } from '../../src/store/memory-cap.js';
import { SlabPool } from '../../src/store/slab-pool.js';

export function unlimitedMemory(pool = new SlabPool()): NodeMemory {
  return new NodeMemory(pool, NO_CAP, { k: 2, m: 1, layout: STANDARD_LAYOUT });
}
