/** Why there is nobody to lead a request to, in words for whoever asked. */
import { DcacheError } from '../../base/errors.js';
import { describeShortage, type ClusterView } from '../../cluster/view.js';

/** Whether too few voters are up, so that waiting for an election is of no use. A node that does not vote yet cannot tell. */
export function lacksNodes(view: ClusterView): boolean {
  return !isJoining(view) && view.up < view.needed;
}

/** @param obstacle what keeps this node from taking part, if something does. */
export function noLeaderError(view: ClusterView, obstacle: string | undefined): DcacheError {
  if (obstacle !== undefined) return new DcacheError('NO_LEADER', `this node cannot take part: ${obstacle}`);
  if (view.role === 'removed') {
    return new DcacheError('SHUTTING_DOWN', 'this node was removed from the cluster; ask another one');
  }
  if (isJoining(view)) {
    return new DcacheError('NO_LEADER', 'this node is joining the cluster; ask another one, or again in a moment');
  }
  if (lacksNodes(view)) {
    return new DcacheError(
      'NOT_ENOUGH_NODES',
      `${describeShortage(view)}; not up: ${view.missing.join(', ')}. Start one with \`dcache node start\` in another terminal`,
    );
  }
  return new DcacheError(
    'NO_LEADER',
    `${view.up} of ${view.size} nodes up, no leader elected yet; try again in a moment`,
  );
}

function isJoining({ role }: ClusterView): boolean {
  return role === 'joining' || role === 'learner';
}
