/**
 * Losses beyond what is promised, in the runs that are to have one: more memories of a group end at once than parity can bear. Such a
 * run goes on. What is checked then (DESIGN.md section 7, "Losing too much"):
 *
 * - A loss is declared of a group of which too many lives are over, and of no other; it raises the generation by one.
 * - Nothing is presented as missing before: to the history, every key of a partition whose holder is lost may end from the
 *   declaration on, until the group is whole again. The keys of all others may not, and nothing may be read that was not there.
 * - Once the group is whole, every sealed segment can be rebuilt from any k again (decodability-checker.ts); until then it may lack some.
 */
import { neededMembers, sameMember, type ClusterMap, type Group } from '../../../src/cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../../src/cluster/slots.js';
import type { KvResult } from '../../checker/kv-model.js';
import type { OperationHandle } from '../../checker/recorder.js';
import { atLeader, pause, reportDefect } from '../administrator.js';
import type { World } from '../world.js';
import { lifeOf, type EccCluster } from './ecc-cluster.js';
import type { MapChange } from './invariants/map-checker.js';

const LOOK_EVERY_MS = 250;

export class DeclaredLosses {
  private readonly world: World;
  private readonly cluster: EccCluster;
  private readonly keys: readonly string[];
  /** By group that is not whole since: the keys that may end. */
  private readonly open = new Map<number, OperationHandle<KvResult>[]>();
  private declared = 0;
  private begunEmpty = 0;
  private ended = 0;

  constructor(world: World, cluster: EccCluster, keys: readonly string[]) {
    this.world = world;
    this.cluster = cluster;
    this.keys = keys;
  }

  onMapChange({ command, before, after }: MapChange): void {
    if (command.type !== 'accept-loss' && command.type !== 'cold-start') return;
    for (const group of after.groups) {
      const earlier = before.groups[group.id];
      if (earlier !== undefined && earlier.epoch !== group.epoch) this.onDeclared(earlier, group, after);
    }
  }

  /** Whether what was lost of the group is behind it. */
  isOver({ id }: Group): boolean {
    return !this.open.has(id);
  }

  /** Everybody is in sync, and nothing is missing. */
  onWhole({ id }: Group): void {
    for (const loss of this.open.get(id) ?? []) loss.done({ type: 'lose' }, this.world.time.nowMs);
    if (this.open.delete(id)) this.ended++;
  }

  /** A person who gives up whatever is lost, from now on. Never rejects. */
  async acceptAll(): Promise<void> {
    for (;;) {
      await pause(this.world, LOOK_EVERY_MS);
      try {
        await atLeader(this.world, (control) =>
          control.acceptLosses(control.previewLosses().map(({ group, epoch }) => ({ group, epoch }))),
        );
      } catch (error) {
        if (reportDefect(this.world, error)) return;
      }
    }
  }

  counts(): Readonly<Record<string, number>> {
    return {
      'losses declared': this.declared,
      'partitions that began empty': this.begunEmpty,
      'groups whole again after a loss': this.ended,
    };
  }

  private onDeclared(before: Group, after: Group, map: ClusterMap): void {
    const what = `group ${after.id}, epoch ${after.epoch}`;
    this.declared++;
    const living = before.inSync.filter((member) => lifeOf(this.cluster, member) !== undefined).length;
    if (living >= neededMembers(before, map.k)) {
      this.cluster.fail('only what is lost is declared lost', `${what}: ${living} members live`);
    }
    if (after.lossGeneration !== before.lossGeneration + 1) {
      this.cluster.fail('a loss is told of', `${what}: generation ${after.lossGeneration}`);
    }
    this.begunEmpty += after.logStarts.filter((start, position) => start !== before.logStarts[position]).length;
    const isKept = (position: number): boolean =>
      before.inSync.some(
        (member) =>
          member.nodeId === before.holders[position] && after.inSync.some((other) => sameMember(other, member)),
      );
    const { nowMs } = this.world.time;
    const lost = this.keys.filter((key) => {
      const name = partitionOfSlot(slotOf(Buffer.from(key, 'latin1')), map.groups.length, map.k);
      return name.group === after.id && !isKept(name.position);
    });
    const handles = lost.map((key) => this.world.history.invoke('loss', { key, input: { type: 'lose' } }, nowMs));
    this.open.set(after.id, [...(this.open.get(after.id) ?? []), ...handles]);
  }
}
