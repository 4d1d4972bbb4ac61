/** Losses of data as the map tells of them: what a node says when groups lose data, so that a loss is never an ordinary miss. Pure. */
import type { NodeId } from '../base/ids.js';
import { inSyncMember, type ClusterMap, type LossNotice } from './cluster-map.js';

/** A process life, as a node knows its own. */
interface Life {
  readonly nodeId: NodeId;
  readonly incarnation: number;
}

/**
 * Groups that lose data between two maps, in the given way, by id. Only those that `self` is in sync in: a node that applies the log
 * again after a restart is not told of losses before its time.
 */
export function groupsThatLost(
  how: Exclude<LossNotice, 'none'>,
  before: ClusterMap | undefined,
  after: ClusterMap,
  self: Life,
): number[] {
  const begun = after.groups.filter((group) => {
    const earlier = before?.groups[group.id]?.lossGeneration ?? 0;
    const isOwn = inSyncMember(group, self.nodeId)?.incarnation === self.incarnation;
    return isOwn && group.lossGeneration > earlier && group.loss === how;
  });
  return begun.map(({ id }) => id);
}
