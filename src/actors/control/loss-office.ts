/**
 * What a person is told about lost groups, and what is done on a person's word, while this node leads (cluster/loss-plan.ts). The word
 * is passed on to the planner, which declares a loss as soon as it may be.
 */
import { DcacheError } from '../../base/errors.js';
import type { ClusterMap, Group } from '../../cluster/cluster-map.js';
import type { GroupEpoch } from '../../cluster/heartbeat.js';
import type { HeartbeatMonitor } from '../../cluster/heartbeat-monitor.js';
import type { LossPreview } from '../../cluster/loss-plan.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { AppliedWaiters } from './applied-waiters.js';

export interface LossOfficeParts {
  readonly monitor: HeartbeatMonitor;
  readonly scheduler: Scheduler;
  readonly map: () => ClusterMap;
  /** What is planned may have changed. */
  readonly onAsked: () => void;
}

export class LossOffice {
  private readonly parts: LossOfficeParts;
  private readonly waiters: AppliedWaiters;

  constructor(parts: LossOfficeParts) {
    this.parts = parts;
    this.waiters = new AppliedWaiters(parts.scheduler);
  }

  /** What declaring the loss of the groups that are lost would do now; empty: none is. */
  preview(): readonly LossPreview[] {
    return this.parts.monitor.previewLosses(this.parts.scheduler.nowMs());
  }

  /**
   * Declares the losses of these groups. Resolves when that is in force.
   * @param losses as `preview` has told them. Rejects with INVALID_ARGUMENT when that is not how things are any more, with
   * NOT_ENOUGH_NODES while a node is not up that has to begin empty.
   */
  async accept(losses: readonly GroupEpoch[]): Promise<void> {
    const known = this.preview();
    for (const { group, epoch } of losses) {
      const loss = known.find((other) => other.group === group && other.epoch === epoch);
      if (loss === undefined) {
        const told = `group ${group} is not what it was when its loss was looked at; look again`;
        throw new DcacheError('INVALID_ARGUMENT', told);
      }
      if (loss.missing.length > 0) {
        const told = `group ${group} begins empty on ${loss.missing.join(', ')}, which must be up for that: start it first`;
        throw new DcacheError('NOT_ENOUGH_NODES', told);
      }
    }
    const isOver = ({ group, epoch }: GroupEpoch): boolean => (this.group(group)?.epoch ?? 0) > epoch;
    this.parts.monitor.acceptLosses(losses);
    this.parts.onAsked();
    await this.waiters.until(() => losses.every(isOver));
  }

  /** Nobody needs to be told any more of the losses that the map tells of. Resolves when that is in force. */
  async acknowledge(): Promise<void> {
    const told = this.parts.map().groups.filter(({ loss }) => loss !== 'none');
    const acknowledged = told.map(({ id: group, lossGeneration }) => ({ group, lossGeneration }));
    this.parts.monitor.acknowledgeLosses(acknowledged);
    this.parts.onAsked();
    await this.waiters.until(() =>
      acknowledged.every(({ group, lossGeneration }) => {
        const now = this.group(group);
        return now === undefined || now.loss === 'none' || now.lossGeneration !== lossGeneration;
      }),
    );
  }

  onApplied(): void {
    this.waiters.onApplied();
  }

  stop(): void {
    this.waiters.onLeadershipLost();
  }

  private group(id: number): Group | undefined {
    return this.parts.map().groups[id];
  }
}
