/**
 * The groups of a new cluster: n groups over n nodes, each begun one node further, so that every node holds every position once
 * and parity is spread evenly (RAID 5 rather than RAID 4).
 */
import { assert } from '../base/assert.js';
import type { NodeId } from '../base/ids.js';

/**
 * Holders by group and position: group g has position i on node (g + i) mod n of the first n node ids by name. The others are
 * spares.
 *
 * @param nodeIds at least k + m different ones, in any order
 */
export function defaultGroups(nodeIds: readonly NodeId[], k: number, m: number): readonly (readonly NodeId[])[] {
  const n = k + m;
  const nodes = sortedNodeIds(nodeIds).slice(0, n);
  assert(nodes.length === n && new Set(nodes).size === n, 'a node for every position');
  return nodes.map((_, group) => [...nodes.slice(group), ...nodes.slice(0, group)]);
}

/** By character code, so that every machine has the same order. Copied. */
export function sortedNodeIds(nodeIds: readonly NodeId[]): NodeId[] {
  return [...nodeIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
