/** What the checkers of ecc mode share: the lives that run, the map as it is committed, and whom to tell what is broken. */
import { sameMember, type ClusterMap, type GroupMember } from '../../../src/cluster/cluster-map.js';
import type { EccLife } from './ecc-life.js';

export interface EccCluster {
  /** Those that run. */
  readonly lives: readonly EccLife[];
  readonly nowMs: number;
  /** Newest that is committed anywhere. */
  readonly map: ClusterMap;
  /** Up to which entry of the Raft log it is known what is committed. */
  readonly mapIndex: number;
  fail(invariant: string, details: string): void;
}

export function lifeOf({ lives }: EccCluster, member: GroupMember): EccLife | undefined {
  return lives.find(({ self }) => sameMember(self, member));
}
