/** What declaring a loss would do to a group, as it is told to people and programs. Pure. */
import type { GroupEpoch } from './heartbeat.js';
import type { LossPreview } from './loss-plan.js';

export interface GroupLossReport extends GroupEpoch {
  /** Node ids of members that cannot come back with what they held, of those that do not answer, and of those that stay. */
  readonly over: readonly string[];
  readonly silent: readonly string[];
  readonly survivors: readonly string[];
  /** By data position: a PositionFate. */
  readonly fates: readonly string[];
  /** Nodes that have to be up before the loss can be declared, and are not. */
  readonly missing: readonly string[];
}

export function reportLoss({ group, epoch, over, silent, survivors, fates, missing }: LossPreview): GroupLossReport {
  return { group, epoch, over, silent, survivors: survivors.map(({ nodeId }) => nodeId), fates, missing };
}
