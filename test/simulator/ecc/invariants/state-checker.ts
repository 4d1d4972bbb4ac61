/**
 * Equal applied index means equal state: the index, the segment table and the segments of a partition, and at parity holders the
 * contributions. I12 is part of it: a learner that has come in sync is compared like every other member, at every index for as
 * long as anybody learns in its group.
 */
import { hashOfPartition } from '../../../../src/store/state-hash.js';
import type { PartitionState } from '../../../../src/replication/partition-state.js';
import type { EccLife, PartitionSeen } from '../ecc-life.js';
import type { EccCluster } from '../ecc-cluster.js';

/** While nobody learns, states are compared at every index that this divides. */
const HASH_EVERY = 4;
/** A member that has just come in sync is looked at closely for as long. */
const CLOSELY_MS = 500;

interface Known {
  readonly host: string;
  readonly hash: string;
}

export class StateChecker {
  private readonly cluster: EccCluster;
  private readonly known = new Map<string, Known>();
  private readonly lastChecked = new WeakMap<PartitionState, number>();
  /** By group: until when states are compared at every index. */
  private readonly closelyUntilMs = new Map<number, number>();
  private compared = 0;

  constructor(cluster: EccCluster) {
    this.cluster = cluster;
  }

  /** States that were compared with one known before. */
  get comparisons(): number {
    return this.compared;
  }

  check(life: EccLife): void {
    for (const partition of life.states()) {
      const { state } = partition;
      if (this.lastChecked.get(state) === state.appliedIndex || !isComparable(partition)) continue;
      this.lastChecked.set(state, state.appliedIndex);
      const isDue = state.appliedIndex % HASH_EVERY === 0 || this.isWatched(partition.group);
      if (isDue) this.compare(life, partition);
    }
  }

  /** Every state, whatever its index. */
  checkAll(life: EccLife): void {
    for (const partition of life.states()) if (isComparable(partition)) this.compare(life, partition);
  }

  private compare({ host }: EccLife, { name, position, state, replica }: PartitionSeen): void {
    const place = `${name}@${state.appliedIndex}`;
    const hash = hashOfPartition(state.store);
    const known = this.known.get(place);
    if (known === undefined) this.known.set(place, { host, hash });
    else {
      this.compared++;
      if (known.hash !== hash) {
        const what = `${host} has ${hash} at ${place}, ${known.host} has ${known.hash}`;
        this.cluster.fail('equal applied index, equal state', what);
      }
    }
    if (replica.parity === undefined) return;
    const owed = replica.parity.owed().filter((segment) => segment.position === position);
    const listings = [
      ...replica.parity.listings(position),
      ...owed.map(({ number, checksum }) => ({ number, checksum })),
    ];
    const folded = JSON.stringify(listings.sort((a, b) => a.number - b.number));
    const sealed = JSON.stringify(state.store.sealedListings());
    if (folded !== sealed) {
      this.cluster.fail('what is sealed is folded or owed', `${host} at ${place}: sealed ${sealed}, folded ${folded}`);
    }
  }

  private isWatched(id: number): boolean {
    const { map, nowMs } = this.cluster;
    if ((map.groups[id]?.joining.length ?? 0) > 0) this.closelyUntilMs.set(id, nowMs + CLOSELY_MS);
    return nowMs <= (this.closelyUntilMs.get(id) ?? 0);
  }
}

/** A learner's store lacks what has not come yet; a primary's is ahead of its applied index while something is not committed. */
function isComparable({ replica, position, state }: PartitionSeen): boolean {
  if (!replica.isInSync) return false;
  return replica.primary(position) === undefined || state.log.lastIndex === state.appliedIndex;
}
