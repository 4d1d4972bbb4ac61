/**
 * How many segments a node rebuilds at a time, over all its groups: as many as its free memory has buffers for, and one in any
 * case, for which there is a reserve (replication/memory-reserve.ts).
 */
import type { NodeMemory } from '../../replication/node-memory.js';

const MAX_UNDER_WAY = 4;

export class RebuildTurns {
  private readonly memory: NodeMemory;
  private readonly bytesOfOne: number;
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  /** @param nodes of a group: each may give a shard to a rebuild. */
  constructor(memory: NodeMemory, nodes: number) {
    this.memory = memory;
    this.bytesOfOne = memory.unitBytes * (nodes + 2);
  }

  async run(work: () => Promise<void>): Promise<void> {
    if (!this.mayRun) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running++;
    try {
      await work();
    } finally {
      this.running--;
      this.wakeNext();
    }
  }

  private get mayRun(): boolean {
    if (this.running === 0) return true;
    return this.running < MAX_UNDER_WAY && this.memory.hasRoom(this.bytesOfOne);
  }

  private wakeNext(): void {
    if (this.mayRun) this.waiting.shift()?.();
  }
}
