/**
 * I4: at most one node could answer reads for a partition at any instant, by true time; and a primary that is taken out of its group
 * could not answer any more.
 */
import { primaryOf, sameMember } from '../../../../src/cluster/cluster-map.js';
import type { EccLife } from '../ecc-life.js';
import { lifeOf, type EccCluster } from '../ecc-cluster.js';
import type { MapChange } from './map-checker.js';

interface Seen {
  turns: number;
  served: readonly string[];
}

export class LeaseChecker {
  private readonly cluster: EccCluster;
  /** What each life serves, which only a turn of its main thread can change. */
  private readonly seen = new WeakMap<EccLife, Seen>();

  constructor(cluster: EccCluster) {
    this.cluster = cluster;
  }

  check(): void {
    const answers = new Map<string, EccLife>();
    for (const life of this.cluster.lives) {
      const served = this.servedBy(life);
      if (served.length === 0 || !life.leaseHeld) continue;
      for (const name of served) {
        const other = answers.get(name);
        if (other !== undefined) {
          const who = `${life.host} and ${other.host} both answer for partition ${name}`;
          this.cluster.fail('I4: one node answers reads for a partition', who);
        }
        answers.set(name, life);
      }
    }
  }

  private servedBy(life: EccLife): readonly string[] {
    const { turns } = life.thread;
    const seen = this.seen.get(life);
    if (seen?.turns === turns) return seen.served;
    const served = life.served();
    this.seen.set(life, { turns, served });
    return served;
  }

  /** I4(c), when the removal is committed. */
  onMapChange({ before, after }: MapChange): void {
    for (const group of after.groups) {
      const earlier = before.groups[group.id];
      if (earlier === undefined || earlier.epoch === group.epoch) continue;
      for (let position = 0; position < after.k; position++) {
        const primary = primaryOf(earlier, position);
        if (primary === undefined || group.inSync.some((member) => sameMember(member, primary))) continue;
        const life = lifeOf(this.cluster, primary);
        if (life?.leaseHeld !== true || life.replicas.get(group.id)?.primary(position)?.serving !== true) continue;
        const who = `${life.host} leaves group ${group.id} as primary of ${position}`;
        this.cluster.fail('I4(c): a primary that leaves has no running lease', who);
      }
    }
  }
}
