/**
 * What ecc mode promises to bear (DESIGN.md, section 1): that no more than m nodes of a group are out of sync at once, their memory
 * lost, or taken out and not back yet. Says what may go wrong now so that it stays within that, whatever follows, and notices
 * when it has not.
 */
import type { Group } from '../../../src/cluster/cluster-map.js';
import type { SimNode } from '../node.js';
import type { World } from '../world.js';
import { lifeOf, type EccCluster } from './ecc-cluster.js';
import { mapCommandOf } from './invariants/map-checker.js';

/** What a disturbance does to heartbeats and links may have an effect for so long after it. */
const AFTERMATH_MS = 2_500;

export class LossOracle {
  private readonly world: World;
  private readonly cluster: EccCluster;
  /** By host: disturbances that last, and when the last one is quite over. */
  private readonly disturbances = new Map<string, number>();
  /** Hosts whose process will end at its next write. */
  private readonly doomed = new Set<string>();
  /** Hosts of which a shard is wrong, with how many: what they hold of a stripe may be of no use. */
  private readonly damaged = new Map<string, number>();
  private tooMuch: string | undefined;
  /** More is lost in this run, and what follows is checked (declared-losses.ts). */
  private readonly isPlanned: boolean;

  constructor(world: World, cluster: EccCluster) {
    this.isPlanned = world.parameters.ecc?.loss !== undefined;
    this.world = world;
    this.cluster = cluster;
  }

  /** When more was lost than is promised, and what; the run proves nothing from then on. */
  get beyondPromise(): string | undefined {
    return this.tooMuch;
  }

  /** Whether all these may lose their memory now. */
  mayLose(victims: readonly SimNode[]): boolean {
    const { groups } = this.cluster.map;
    if (groups.length === 0) return false; // who is in them is being decided
    return groups.every((group) => {
      const lost = new Set(victims.filter((node) => this.isMember(group, node.host)).map(({ host }) => host));
      return lost.size === 0 || this.outOfSync(group, lost) <= this.spare(group);
    });
  }

  /** Whether all these may be held up now, so that others may take them for gone. */
  mayDisturb(victims: readonly SimNode[]): boolean {
    return this.cluster.map.groups.every((group) => {
      if (this.deadIn(group).size === 0) return true;
      return this.outOfSync(group, new Set(victims.map(({ host }) => host))) <= this.spare(group);
    });
  }

  /** They are held up from now on. Returns what says that it is over. */
  disturb(victims: readonly SimNode[]): () => void {
    const add = (by: number): void => {
      for (const { host } of victims) this.disturbances.set(host, (this.disturbances.get(host) ?? 0) + by);
    };
    add(1);
    return () => void this.world.time.after(AFTERMATH_MS, () => add(-1));
  }

  /** Its process will end soon; `spare` when it is over, either way. */
  doom({ host }: SimNode): void {
    this.doomed.add(host);
  }

  /** A shard of it is wrong from now on. Returns what says that it is right again, or gone. */
  damage({ host }: SimNode): () => void {
    const add = (by: number): void => void this.damaged.set(host, (this.damaged.get(host) ?? 0) + by);
    add(1);
    return () => add(-1);
  }

  onEnded(host: string): void {
    this.doomed.delete(host);
    this.look();
  }

  /** After a change of the map or the end of a life. */
  look(): void {
    if (this.isPlanned) return;
    for (const group of this.cluster.map.groups) {
      const living = group.inSync.filter((member) => lifeOf(this.cluster, member) !== undefined).length;
      if (living < this.cluster.map.k) this.tooMuch ??= `${living} members of group ${group.id} are left`;
    }
  }

  /** How many may be out of sync beside those that are: fewer when removals are under way. */
  private spare(group: Group): number {
    const leaving = new Set<string>();
    for (const { disk } of this.world.nodes) {
      for (const entry of disk.entriesAbove(this.cluster.mapIndex)) {
        const command = mapCommandOf(entry);
        if (command?.type === 'remove' && command.group === group.id) leaving.add(command.member.nodeId);
      }
    }
    const staying = group.inSync.filter(({ nodeId }) => !leaving.has(nodeId)).length;
    return staying - this.cluster.map.k;
  }

  /** In-sync members that are lost, will be, or may be taken out. */
  private outOfSync(group: Group, more: ReadonlySet<string>): number {
    const dead = this.deadIn(group);
    return group.inSync.filter(({ nodeId }) => {
      return more.has(nodeId) || dead.has(nodeId) || (this.disturbances.get(nodeId) ?? 0) > 0;
    }).length;
  }

  private deadIn(group: Group): ReadonlySet<string> {
    const dead = group.inSync.filter((member) => {
      const isDamaged = (this.damaged.get(member.nodeId) ?? 0) > 0;
      return isDamaged || this.doomed.has(member.nodeId) || lifeOf(this.cluster, member) === undefined;
    });
    return new Set(dead.map(({ nodeId }) => nodeId));
  }

  private isMember(group: Group, host: string): boolean {
    return group.inSync.some(({ nodeId }) => nodeId === host);
  }
}
