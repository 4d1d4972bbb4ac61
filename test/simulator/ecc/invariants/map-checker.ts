/**
 * I3 and I11: the cluster map changes by committed commands alone, the same on all nodes; a removal leaves k in sync; whoever is in
 * a new configuration was in the old one, or a declared learner of it.
 */
import { ENTRY_KIND } from '../../../../src/base/entry-kind.js';
import { applyMapCommand } from '../../../../src/cluster/apply-map-command.js';
import { EMPTY_MAP, sameMember, type ClusterMap, type Group } from '../../../../src/cluster/cluster-map.js';
import { decodeMapCommand, encodeMap } from '../../../../src/cluster/map-codec.js';
import type { MapCommand } from '../../../../src/cluster/map-commands.js';
import type { Entry } from '../../../../src/raft/types.js';

export interface MapChange {
  readonly index: number;
  readonly command: MapCommand;
  readonly before: ClusterMap;
  readonly after: ClusterMap;
}

interface Known {
  readonly from: number;
  readonly map: ClusterMap;
}

export class MapChecker {
  private readonly fail: (invariant: string, details: string) => void;
  private readonly onChange: (change: MapChange) => void;
  private readonly history: Known[] = [{ from: 0, map: EMPTY_MAP }];
  private lastIndex = 0;

  constructor(parts: {
    fail(invariant: string, details: string): void;
    /** A committed command has changed the map. */
    onChange(change: MapChange): void;
  }) {
    this.fail = (invariant, details) => parts.fail(invariant, details);
    this.onChange = (change) => parts.onChange(change);
  }

  /** Newest that is committed anywhere. */
  get map(): ClusterMap {
    return this.history.at(-1)?.map ?? EMPTY_MAP;
  }

  /** Up to which entry of the log it is known what is committed. */
  get index(): number {
    return this.lastIndex;
  }

  /** Epochs, joins and promotions so far. */
  get changes(): number {
    return this.history.length - 1;
  }

  /** A control side says that these are committed. */
  onCommitted(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index !== this.lastIndex + 1) continue;
      this.lastIndex = entry.index;
      const command = mapCommandOf(entry);
      if (command === undefined) continue;
      const before = this.map;
      const after = applyMapCommand(before, command, entry.index);
      if (after === before) continue;
      this.history.push({ from: entry.index, map: after });
      for (const group of after.groups) this.checkGroup(command, before.groups[group.id], group, after.k);
      this.onChange({ index: entry.index, command, before, after });
    }
  }

  /** A control side tells its main thread that this is the map at `index`. */
  onMap(host: string, index: number, map: ClusterMap): void {
    const expected = this.history.findLast(({ from }) => from <= index)?.map;
    if (index > this.lastIndex) this.fail('I3: the map follows from committed commands', `${host}: index ${index}`);
    else if (expected !== undefined && !Buffer.from(encodeMap(map)).equals(encodeMap(expected))) {
      this.fail('I3: the map follows from committed commands', `${host} has another one at ${index}`);
    }
  }

  /** The group as it was in `epoch`; undefined when that is not committed, or not any more the newest of several. */
  inEpoch(group: number, epoch: number): Group | undefined {
    const known = this.history.findLast(({ map }) => map.groups[group]?.epoch === epoch);
    return known?.map.groups[group];
  }

  private checkGroup(command: MapCommand, before: Group | undefined, after: Group, k: number): void {
    if (before === undefined || before === after) return;
    const what = `${command.type} in group ${after.id}, epoch ${after.epoch}`;
    const changed = (part: (group: Group) => unknown): boolean =>
      JSON.stringify(part(before)) !== JSON.stringify(part(after));
    const isNewEpoch = after.epoch !== before.epoch;
    if (isNewEpoch && after.epoch !== before.epoch + 1) this.fail('I3: epochs grow by one', what);
    if (!isNewEpoch && changed(({ inSync, acting, lossGeneration }) => [inSync, acting, lossGeneration])) {
      this.fail('I3: a configuration changes with its epoch', what);
    }
    if (after.lossGeneration === 0 && after.inSync.length < k)
      this.fail('I3: no removal leaves fewer than k in sync', what);
    if (command.type === 'cold-start') return;
    for (const member of after.inSync) {
      if (before.inSync.some((other) => sameMember(other, member))) continue;
      const learner = before.joining.find((other) => sameMember(other, member));
      const isDeclared =
        command.type === 'promote' &&
        learner !== undefined &&
        command.epoch === before.epoch &&
        command.declarations.every(
          ({ joinIndex, epoch, learner: declared }) =>
            joinIndex === learner.joinIndex && epoch === before.epoch && sameMember(declared, member),
        );
      const place = after.holders.indexOf(member.nodeId);
      const beginsEmpty = command.type === 'accept-loss' && after.logStarts[place] === before.versionFloor;
      if (!isDeclared && !beginsEmpty)
        this.fail('I11: members were members or declared learners', `${member.nodeId} by ${what}`);
    }
  }
}

/** The map command that an entry of the log carries, if it does. */
export function mapCommandOf({ type, data }: Entry): MapCommand | undefined {
  return type === 'normal' && data[0] === ENTRY_KIND.map ? decodeMapCommand(data) : undefined;
}
