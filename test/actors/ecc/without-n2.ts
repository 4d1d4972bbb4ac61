/** Three nodes of RS(2,1) of which n2 goes away: what the tests of its stand-in have in common. */
import type { ClusterMap } from '../../../src/cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import type { Replica } from '../../../src/actors/ecc/replica.js';
import type { SegmentTable } from '../../../src/store/segment-table.js';
import { applyAll, life, newMap } from '../../cluster/some-maps.js';
import type { VirtualNodes } from './virtual-nodes.js';

export const MAP = newMap(2, 1);
export const WITHOUT_N2: ClusterMap = applyAll(
  MAP,
  MAP.groups.map(({ id }) => ({ type: 'remove', group: id, epoch: 1, member: life(2) }) as const),
);
/** The data holder of this partition is n2, the parity holder of its group n1. */
const [GROUP, POSITION] = [1, 0];
/** Who stands in. */
export const ACTING = 1;

/** Keys of that partition: those of `prefix-0`, `prefix-1`, ... that are. */
export function* keysOfTheDead(prefix: string): Generator<string, never> {
  for (let i = 0; ; i++) {
    const key = `${prefix}-${i}`;
    const { group, position } = partitionOfSlot(slotOf(new TextEncoder().encode(key)), 3, 2);
    if (group === GROUP && position === POSITION) yield key;
  }
}

export function keysOf(prefix: string, count: number): string[] {
  const keys = keysOfTheDead(prefix);
  return Array.from({ length: count }, () => keys.next().value);
}

/** It is dead, and the others know. */
export async function loseN2(cluster: VirtualNodes): Promise<void> {
  cluster.kill(2);
  await cluster.tellMap(6, WITHOUT_N2);
  await cluster.scheduler.advance(100);
}

/** What a node has of the group of that partition. */
export function replicaOf(cluster: VirtualNodes, node: number): Replica | undefined {
  return cluster.node(node).replicas[GROUP];
}

/** The segments of that partition. */
export function tableOf(cluster: VirtualNodes, node: number): SegmentTable {
  const table = replicaOf(cluster, node)?.state(POSITION)?.store.table;
  if (table === undefined) throw new Error(`n${node} holds nothing of the partition`);
  return table;
}

/** As the cache of rebuilt segments does when it is full: the stand-in has no bytes any more of what it has folded. */
export function dropFolded(cluster: VirtualNodes): void {
  const parity = replicaOf(cluster, ACTING)?.parity;
  const table = tableOf(cluster, ACTING);
  for (const { number, state, isRaw, checksum } of table.all()) {
    if (state === 'sealed' && isRaw && parity?.has(POSITION, number, checksum) === true) table.dropBytes(number);
  }
}
