/**
 * What cannot be served because too few members of a group are up (cluster/loss-plan.ts): what the leader of the map has told last, as
 * answers to requests. While a member that is missing may return that is NOT_ENOUGH_NODES, once it cannot DATA_LOSS; in a group in
 * trouble nobody takes over from anybody, so waiting inside a request is of no use.
 *
 * The word is for an epoch: a newer one of the map makes it void.
 */
import { DcacheError } from '../../base/errors.js';
import {
  EMPTY_MAP,
  membersOf,
  primaryOf,
  type ClusterMap,
  type Group,
  type GroupMember,
  type PartitionName,
} from '../../cluster/cluster-map.js';
import type { GroupTrouble } from '../../cluster/heartbeat.js';

export class Troubles {
  private map: ClusterMap = EMPTY_MAP;
  private told: readonly GroupTrouble[] = [];

  onMap(map: ClusterMap): void {
    this.map = map;
  }

  onTroubles(troubles: readonly GroupTrouble[]): void {
    this.told = troubles;
  }

  /** Groups that are lost, ascending. */
  get lostGroups(): readonly number[] {
    return this.current.filter(({ isLost }) => isLost).map(({ group }) => group);
  }

  /** Of any group, one that is lost before others. */
  get worst(): DcacheError | undefined {
    const { current } = this;
    const worst = current.find(({ isLost }) => isLost) ?? current[0];
    return worst && errorOf(worst);
  }

  /** Why nobody answers for the partition: its primary is down. */
  withoutPrimary({ group, position }: PartitionName): DcacheError | undefined {
    return this.ofGroup(group, (known) => {
      const primary = primaryOf(known, position);
      return primary === undefined ? [] : [primary];
    });
  }

  /** Why nothing that is written to the partition can be committed: a member is down. */
  withoutMember({ group, position }: PartitionName): DcacheError | undefined {
    return this.ofGroup(group, (known) => membersOf(known, this.map.k, position));
  }

  /** Why a segment of the group cannot be rebuilt now. */
  withoutShards(group: number): DcacheError | undefined {
    return this.ofGroup(group, ({ inSync }) => inSync);
  }

  private get current(): readonly GroupTrouble[] {
    return this.told.filter(({ group, epoch }) => this.map.groups[group]?.epoch === epoch);
  }

  private ofGroup(id: number, concerned: (group: Group) => readonly GroupMember[]): DcacheError | undefined {
    const group = this.map.groups[id];
    const trouble = this.current.find((told) => told.group === id);
    if (group === undefined || trouble === undefined) return undefined;
    const down = new Set([...trouble.over, ...trouble.silent]);
    return concerned(group).some(({ nodeId }) => down.has(nodeId)) ? errorOf(trouble) : undefined;
  }
}

function errorOf({ group, over, silent, isLost }: GroupTrouble): DcacheError {
  if (isLost) {
    const gone = `${listed(over)} cannot come back with what ${over.length === 1 ? 'it' : 'they'} held`;
    const wayOut = '`dcache cluster recover --accept-data-loss` says what can be kept, and goes on without the rest';
    return new DcacheError('DATA_LOSS', `group ${group} has lost more than its parity can bear: ${gone}; ${wayOut}`);
  }
  const waits = `group ${group} waits for ${listed(silent)}: too few nodes that are in sync there are up`;
  return new DcacheError('NOT_ENOUGH_NODES', `${waits}; start what is missing`);
}

/** "n1, n2 and n3" */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? 'nobody';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
