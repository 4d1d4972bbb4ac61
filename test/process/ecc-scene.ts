/** Scenes in ecc mode: five nodes with RS(3,2) unless told otherwise. */
import { test } from 'vitest';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import type { PartitionName } from '../../src/cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../src/cluster/slots.js';
import type { ClusterShape } from '../support/process-cluster.js';
import { playScene, SCENE_TIMEOUT_MS, type Scene } from './harness.js';

export const RS_3_2: ClusterShape = { mode: 'ecc', nodes: 5, code: { k: 3, m: 2 } };

/** One after the other: leases are short, and many nodes on few processors would be about that and nothing else. */
export function eccScene(name: string, play: (scene: Scene) => Promise<void>, shape = RS_3_2): void {
  test(name, { timeout: SCENE_TIMEOUT_MS }, () => playScene(play, shape));
}

/** Waits until every group has all of its nodes in sync, each the process life that is up, and every holder leads its partition. */
export function untilRedundant(scene: Scene, asked = 'n1'): Promise<ClusterReport> {
  return scene.until(
    'all nodes are in sync in all groups',
    async () => {
      const report = await scene.status(asked);
      return report !== undefined && isRedundant(report) ? report : undefined;
    },
    60_000,
  );
}

export function partitionOf({ map }: ClusterReport, key: string): PartitionName {
  return partitionOfSlot(slotOf(Buffer.from(key)), map?.groups.length ?? 0, map?.k ?? 0);
}

/** The node that leads the partition of `key`, as `report` has it. */
export function primaryOf(report: ClusterReport, key: string): string {
  const { group, position } = partitionOf(report, key);
  return report.map?.groups[group]?.positions[position]?.primary ?? '';
}

function isRedundant({ map, nodes }: ClusterReport): boolean {
  if (map === undefined || map.groups.length === 0) return false;
  const lives = new Map(nodes.map(({ nodeId, ecc }) => [nodeId, ecc?.incarnation]));
  const positions = map.groups.flatMap((group) => group.positions);
  return positions.every(
    ({ state, holder, incarnation, role, primary }) =>
      state === 'in-sync' && lives.get(holder) === incarnation && (role === 'parity' || primary === holder),
  );
}
