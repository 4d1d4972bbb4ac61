/**
 * How many segments a node rebuilds at a time, over all its groups: as many as its free memory has buffers for, and one in any
 * case, for which there is a reserve (replication/memory-reserve.ts). What somebody waits for never waits for what is only of use
 * later (segments for learners and for holders that stay away, scrubs): each sort has turns of its own, and where memory is short
 * the urgent go first.
 */
import type { NodeMemory } from '../../replication/node-memory.js';

/** Of each sort. */
const MAX_UNDER_WAY = 4;

/** Urgent: a request, or memory that has to come free, waits for it. */
export type Haste = 'urgent' | 'patient';

export interface RebuildTurn {
  /** Settles as the work does. */
  readonly done: Promise<void>;
  /** Somebody waits for it now: if it has not begun, it goes before what is patient. */
  readonly hurry: () => void;
}

interface Waiting {
  haste: Haste;
  begin(haste: Haste): void;
}

export class RebuildTurns {
  private readonly memory: Pick<NodeMemory, 'unitBytes' | 'hasRoom'>;
  private readonly bytesOfOne: number;
  /** In the order in which they came. */
  private waiting: Waiting[] = [];
  private readonly running = { urgent: 0, patient: 0 };

  /** @param nodes of a group: each may give a shard to a rebuild. */
  constructor(memory: Pick<NodeMemory, 'unitBytes' | 'hasRoom'>, nodes: number) {
    this.memory = memory;
    this.bytesOfOne = memory.unitBytes * (nodes + 2);
  }

  run(work: () => Promise<void>, haste: Haste): RebuildTurn {
    const waiting: Waiting = { haste, begin: () => undefined };
    const turn = new Promise<Haste>((resolve) => (waiting.begin = resolve));
    const done = this.carryOut(turn, work);
    this.waiting.push(waiting);
    this.beginNext();
    const hurry = (): void => {
      waiting.haste = 'urgent';
      this.beginNext();
    };
    return { done, hurry };
  }

  private async carryOut(turn: Promise<Haste>, work: () => Promise<void>): Promise<void> {
    const haste = await turn;
    try {
      await work();
    } finally {
      this.running[haste]--;
      this.beginNext();
    }
  }

  private beginNext(): void {
    for (;;) {
      const next = this.nextOf('urgent') ?? this.nextOf('patient');
      if (next === undefined) return;
      const { haste } = next;
      this.waiting = this.waiting.filter((other) => other !== next);
      this.running[haste]++;
      next.begin(haste);
    }
  }

  /** The first that waits and may begin now. */
  private nextOf(haste: Haste): Waiting | undefined {
    const { urgent, patient } = this.running;
    const isFree = urgent + patient === 0;
    if (!isFree && (this.running[haste] >= MAX_UNDER_WAY || !this.memory.hasRoom(this.bytesOfOne))) return undefined;
    return this.waiting.find((other) => other.haste === haste);
  }
}
