/**
 * Makes memory free at a node that has too little, in the partitions that it leads: there cleaning and eviction free raw segments of
 * this very node, where elsewhere they might free nothing here (DESIGN.md section 5). In small steps, as what they set off is
 * applied by the other members; when no partition has anything to gain, the node is full and tells so.
 */
import type { NodeMemory } from '../../replication/node-memory.js';
import type { PartitionService } from './partition-service.js';

/** Partitions that one call works on, at most: a bound of the pause. */
const MAX_STEPS = 6;

export class MemoryRelief {
  private readonly memory: NodeMemory;
  private readonly services: () => Iterable<PartitionService>;
  /** Partitions take turns. */
  private turn = 0;

  constructor(memory: NodeMemory, services: () => Iterable<PartitionService>) {
    this.memory = memory;
    this.services = services;
  }

  /** To be called often: every few milliseconds, and when something is committed. */
  step(): void {
    const { memory } = this;
    if (!memory.isShort) {
      memory.onEase();
      return;
    }
    const services = [...this.services()];
    const comingBytes = services.reduce((sum, { primary }) => sum + primary.memory.releasingBytes, 0);
    if (comingBytes > 0 && memory.isEnough(comingBytes)) return;
    let hasGained = comingBytes > 0;
    for (let step = 0; step < services.length && step < MAX_STEPS; step++) {
      const service = services[this.turn++ % services.length];
      if (service?.relieve(memory.unitBytes / 2) === true) hasGained = true;
    }
    // With more partitions than steps, the others may have something yet.
    if (!hasGained && services.length > MAX_STEPS && this.turn % services.length >= MAX_STEPS) return;
    // What is left are values that are better kept, at a stand-in.
    if (!hasGained) hasGained = services.some((service) => service.relieve(memory.unitBytes / 2, true));
    memory.onRelief(hasGained);
  }
}
