/** Losses of data as the map tells of them: what a node says when it begins empty, so that a loss is never an ordinary miss. Pure. */
import type { NodeId } from '../base/ids.js';
import { inSyncMember, type ClusterMap } from './cluster-map.js';

/** A process life, as a node knows its own. */
interface Life {
  readonly nodeId: NodeId;
  readonly incarnation: number;
}

/**
 * Groups that begin empty between two maps, by id. Only those that `self` is in sync in: a node that applies the log again after a
 * restart is not told of losses before its time.
 */
export function groupsBegunEmpty(before: ClusterMap | undefined, after: ClusterMap, self: Life): number[] {
  const begun = after.groups.filter((group) => {
    const earlier = before?.groups[group.id]?.lossGeneration ?? 0;
    const isOwn = inSyncMember(group, self.nodeId)?.incarnation === self.incarnation;
    return isOwn && group.lossGeneration > earlier;
  });
  return begun.map(({ id }) => id);
}
