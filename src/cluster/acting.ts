/**
 * Who leads in place of a data holder that is out of sync (DESIGN.md section 6). Chosen when the holder or the acting node leaves,
 * kept until the holder is back, so that a partition changes hands no oftener than it must.
 */
import { assert } from '../base/assert.js';
import type { NodeId } from '../base/ids.js';
import { inSyncMember, type Group } from './cluster-map.js';

/**
 * `acting` for the holders and in-sync set of `group`, given who was acting before: null where the holder leads; whoever is
 * acting and in sync stays; the others are replaced by the in-sync parity holder with the fewest such roles, of these the one at
 * the lowest position. Null as well where no parity holder is in sync, which only a loss can bring about.
 */
export function chooseActing(group: Omit<Group, 'epoch'>, k: number): readonly (NodeId | null)[] {
  const isInSync = (nodeId: NodeId): boolean => group.inSync.some((member) => member.nodeId === nodeId);
  const dataHolders = group.holders.slice(0, k);
  const candidates = group.holders.slice(k).filter(isInSync);
  const roles = new Map<NodeId, number>(candidates.map((nodeId) => [nodeId, 0]));
  const count = (nodeId: NodeId): number => roles.get(nodeId) ?? 0;

  const kept = dataHolders.map((holder, position) => {
    const before = group.acting[position] ?? null;
    return isInSync(holder) || before === null || !candidates.includes(before) ? null : before;
  });
  for (const nodeId of kept) if (nodeId !== null) roles.set(nodeId, count(nodeId) + 1);

  return dataHolders.map((holder, position) => {
    const keeps = kept[position] ?? null;
    if (keeps !== null || isInSync(holder) || candidates.length === 0) return keeps;
    const chosen = candidates.reduce((best, nodeId) => (count(nodeId) < count(best) ? nodeId : best));
    roles.set(chosen, count(chosen) + 1);
    return chosen;
  });
}

/** Throws InvariantViolation unless the group is as its fields say (cluster-map.ts). */
export function assertGroup(group: Group, k: number): void {
  const { holders, inSync, joining, acting } = group;
  const nodes = [...inSync, ...joining].map(({ nodeId }) => nodeId);
  assert(new Set(holders).size === holders.length, 'a node holds one position of a group');
  assert(new Set(nodes).size === nodes.length, 'a node is listed once, in sync or joining');
  assert(
    nodes.every((nodeId) => holders.includes(nodeId)),
    'who is in sync or joining is a holder',
  );
  assert(acting.length === k, 'somebody or nobody acts at every data position');
  assert(group.logStarts.length === k, 'the log of every partition begins somewhere');
  assert(Math.max(...group.logStarts) < group.versionFloor, 'logs have indexes to use');
  acting.forEach((nodeId, position) => {
    if (nodeId === null) return;
    assert(inSyncMember(group, holders[position]) === undefined, 'nobody acts for a holder in sync');
    assert(inSyncMember(group, nodeId) !== undefined && holders.indexOf(nodeId) >= k, 'an in-sync parity holder acts');
  });
}
