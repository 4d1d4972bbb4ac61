/** Why there is nobody to lead a request to in ecc mode, in words for whoever asked. */
import { DcacheError } from '../../base/errors.js';
import type { ClusterMap, PartitionName } from '../../cluster/cluster-map.js';
import type { ClusterView } from '../../cluster/view.js';
import { lacksNodes, noLeaderError } from '../data/shortage.js';

/** What this node knows of the cluster. */
export interface Knowledge {
  readonly view: ClusterView | undefined;
  readonly map: ClusterMap;
  /** What keeps this node from taking part, if something does. */
  readonly obstacle: string | undefined;
}

/** What every request fails with while too few nodes are up; undefined while waiting is of use. */
export function shortageError({ view }: Knowledge): DcacheError | undefined {
  return view !== undefined && lacksNodes(view) ? noLeaderError(view, undefined) : undefined;
}

/** @param partition what was asked for, if it is known. Definitely not done, and worth another try. */
export function noPrimaryError(knowledge: Knowledge, partition: PartitionName | undefined): DcacheError {
  const { view, map, obstacle } = knowledge;
  if (view === undefined) return new DcacheError('NO_LEADER', 'this node is starting; try again in a moment');
  if (obstacle !== undefined || lacksNodes(view) || view.role === 'removed') return noLeaderError(view, obstacle);
  if (map.groups.length === 0) {
    const told = `${view.up} of ${view.size} nodes up, the cluster is being set up`;
    return new DcacheError('NO_LEADER', `${told}; try again in a moment`);
  }
  const what = partition === undefined ? 'a partition' : `partition ${partition.group}.${partition.position}`;
  return new DcacheError('NO_LEADER', `${what} has no primary that serves at the moment; try again in a moment`);
}
