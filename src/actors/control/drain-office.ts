/**
 * Takes a node that is up out of all its groups before it is taken out of the cluster for good, while this node leads. The planner treats
 * it as one that is about to stop (cluster/planned-hand-over.ts): it leaves the groups in which it is a backup, hands over what it
 * leads, a group at a time, and serves until then; so clients get no failure and no unknown outcome of it.
 *
 * A node that is not up has nothing to hand over. Who could not be done without is refused. Nothing of this is in the log: if another
 * node comes to lead, the caller is told, and the node joins its groups again unless somebody asks once more.
 */
import { DcacheError } from '../../base/errors.js';
import type { NodeId } from '../../base/ids.js';
import type { ClusterMap } from '../../cluster/cluster-map.js';
import type { HeartbeatMonitor } from '../../cluster/heartbeat-monitor.js';
import { isLeaveRefused } from '../../cluster/planned-hand-over.js';
import type { Scheduler } from '../runtime/scheduler.js';

/** Longer than a new leader's quiet time and a hand-over of each group. */
const PATIENCE_MS = 10_000;

export interface DrainOfficeParts {
  readonly monitor: HeartbeatMonitor;
  readonly scheduler: Scheduler;
  readonly map: () => ClusterMap;
  /** What is planned may have changed. */
  readonly onAsked: () => void;
}

interface Waiting {
  readonly nodeId: NodeId;
  readonly untilMs: number;
  readonly resolve: () => void;
  readonly reject: (error: DcacheError) => void;
}

export class DrainOffice {
  private readonly parts: DrainOfficeParts;
  /** Removals that have not settled, by node. */
  private readonly underWay = new Map<NodeId, Promise<void>>();
  private waiting: readonly Waiting[] = [];

  constructor(parts: DrainOfficeParts) {
    this.parts = parts;
  }

  /**
   * Calls `remove` when the node has no part in any group, or is not up. It is kept out until that has settled. Rejects with
   * NOT_ENOUGH_NODES when a group would be left with fewer than k, DEADLINE_EXCEEDED when the node is still in one after ten seconds,
   * NO_LEADER when this node leads no more; the node stays a member then. Who asks for a removal that is under way waits for that one.
   */
  drain(nodeId: NodeId, remove: () => Promise<void>): Promise<void> {
    const before = this.underWay.get(nodeId);
    if (before !== undefined) return before;
    const removal = this.remove(nodeId, remove).finally(() => this.underWay.delete(nodeId));
    this.underWay.set(nodeId, removal);
    return removal;
  }

  /** The map has changed, or time has passed. */
  look(): void {
    const waiting = this.waiting;
    this.waiting = waiting.filter((one) => !this.settle(one));
  }

  stop(): void {
    for (const { nodeId, reject } of this.waiting) {
      reject(new DcacheError('NO_LEADER', `leadership moved on while ${nodeId} was handing over; try again`));
    }
    this.waiting = [];
  }

  private async remove(nodeId: NodeId, remove: () => Promise<void>): Promise<void> {
    const { monitor } = this.parts;
    monitor.beginRemoval(nodeId);
    try {
      await this.untilOut(nodeId);
      await remove();
    } finally {
      monitor.endRemoval(nodeId);
    }
  }

  private untilOut(nodeId: NodeId): Promise<void> {
    return new Promise((resolve, reject) => {
      const untilMs = this.parts.scheduler.nowMs() + PATIENCE_MS;
      this.waiting = [...this.waiting, { nodeId, untilMs, resolve, reject }];
      this.look();
      this.parts.onAsked();
    });
  }

  /** @returns whether it has come to an end. */
  private settle({ nodeId, untilMs, resolve, reject }: Waiting): boolean {
    const { monitor, scheduler, map } = this.parts;
    const nowMs = scheduler.nowMs();
    const observed = monitor.observations(nowMs);
    const member = map()
      .groups.flatMap(({ inSync, joining }) => [...inSync, ...joining])
      .find((other) => other.nodeId === nodeId);
    if (member === undefined || !monitor.mayBeUp(nodeId, nowMs)) resolve();
    else if (isLeaveRefused(map(), observed, member)) {
      const told = `without ${nodeId} fewer nodes would be left than it takes to serve, and it is up; start or add another one first`;
      reject(new DcacheError('NOT_ENOUGH_NODES', told));
    } else if (nowMs >= untilMs) {
      const told = `${nodeId} is still needed after ${PATIENCE_MS / 1000} s and stays a member; try again when \`dcache cluster recover\` says that nothing is missing`;
      reject(new DcacheError('DEADLINE_EXCEEDED', told));
    } else return false;
    return true;
  }
}
