/** The hard promise of a memory cap: nobody ever holds more. Looks at a node after each of its turns, and counts those that get short. */
import type { NodeMemory } from '../../../../src/replication/node-memory.js';
import { type FaultCounts, MEMORY_SHORT } from '../../fault-counts.js';
import type { EccCluster } from '../ecc-cluster.js';
import type { EccLife } from '../ecc-life.js';

export class CapChecker {
  private readonly cluster: EccCluster;
  private readonly faults: FaultCounts;
  /** Of lives that have been short of memory. */
  private readonly short = new WeakSet<NodeMemory>();

  constructor(cluster: EccCluster, faults: FaultCounts) {
    this.cluster = cluster;
    this.faults = faults;
  }

  check({ host, memory }: EccLife): void {
    if (memory?.isLimited !== true) return;
    const { heldBytes, rules } = memory;
    if (heldBytes > rules.maxBytes) {
      this.cluster.fail('memory cap', `${host} holds ${heldBytes} of ${rules.maxBytes} bytes`);
    }
    if (!memory.isShort || this.short.has(memory)) return;
    this.short.add(memory);
    this.faults.add(MEMORY_SHORT);
  }
}
