/**
 * This node's way out of all its groups before it stops, while it goes on serving: it says in its heartbeats that it is leaving, the
 * leader of the map takes it out of one group after the other, and partitions that it leads are handed over in good order.
 */
import { sameMember, type ClusterMap, type GroupMember } from '../../cluster/cluster-map.js';
import type { Scheduler } from '../runtime/scheduler.js';

/** Longer than everything that has to be waited for: a new leader's quiet time, another node's way back into sync. */
const LEAVE_MS = 10_000;

export class Leave {
  private readonly self: GroupMember;
  private readonly scheduler: Scheduler;
  private begun: Promise<void> | undefined;
  private finish: () => void = () => undefined;

  constructor(self: GroupMember, scheduler: Scheduler) {
    this.self = self;
    this.scheduler = scheduler;
  }

  get isLeaving(): boolean {
    return this.begun !== undefined;
  }

  /** Resolves when this node has a part in no group, when waiting is of no use, or after LEAVE_MS. Idempotent. */
  begin(): Promise<void> {
    this.begun ??= new Promise((resolve) => {
      const stopTimer = this.scheduler.after(LEAVE_MS, () => this.finish());
      this.finish = () => {
        stopTimer();
        resolve();
      };
    });
    return this.begun;
  }

  /** @param isOfNoUse there is no leader who could take this node out. */
  onKnown(map: ClusterMap, isOfNoUse: boolean): void {
    const hasPart = map.groups.some(({ inSync, joining }) =>
      [...inSync, ...joining].some((member) => sameMember(member, this.self)),
    );
    if (isOfNoUse || !hasPart) this.finish();
  }

  /** The others could not do without this node: nothing is gained by waiting. */
  onRefused(): void {
    this.finish();
  }
}
