/**
 * I10: whatever loss of members leaves k in sync, every sealed segment can be rebuilt from those that remain. Looks at groups that are
 * quiet, since what is under way may have to be waited for: there, brute force over all sets of k members.
 */
import type { ErasureCodec, ParityShard } from '../../../../src/erasure/erasure-codec.js';
import { setOf } from '../../../../src/erasure/position-set.js';
import { primaryOf, sameMember, type Group } from '../../../../src/cluster/cluster-map.js';
import type { SegmentLayout } from '../../../../src/store/layout.js';
import { hashBytes } from '../../../../src/store/byte-hash.js';
import type { SegmentListing } from '../../../../src/replication/messages.js';
import type { EccLife } from '../ecc-life.js';
import type { Flips } from '../flips.js';
import type { SegmentFlips } from '../segment-flips.js';
import { lifeOf, type EccCluster } from '../ecc-cluster.js';

export interface DecodabilityCheckerParts {
  readonly cluster: EccCluster;
  readonly codec: ErasureCodec;
  readonly layout: SegmentLayout;
  readonly flips: Flips;
  readonly segmentFlips: SegmentFlips;
  /** False while a group may lack segments, after a declared loss. */
  readonly isStrict: (group: Group) => boolean;
}

export class DecodabilityChecker {
  private readonly cluster: EccCluster;
  private readonly codec: ErasureCodec;
  private readonly layout: SegmentLayout;
  private readonly flips: Flips;
  private readonly segmentFlips: SegmentFlips;
  private readonly isStrict: (group: Group) => boolean;
  private rebuilt = 0;
  /** Takes what is found wrong; undefined: that is broken. */
  private noteGap: ((what: string) => void) | undefined;

  constructor({ cluster, codec, layout, flips, segmentFlips, isStrict }: DecodabilityCheckerParts) {
    this.isStrict = isStrict;
    this.cluster = cluster;
    this.flips = flips;
    this.segmentFlips = segmentFlips;
    this.codec = codec;
    this.layout = layout;
  }

  /** Segments that were rebuilt. */
  get rebuilds(): number {
    return this.rebuilt;
  }

  /** @param pick leaves few of all sets of survivors, or all. */
  check(pick: (sets: readonly (readonly EccLife[])[]) => readonly (readonly EccLife[])[]): void {
    for (const group of this.cluster.map.groups) {
      const members = this.livingMembers(group);
      if (!this.isStrict(group) || members.length < this.cluster.map.k || this.unrest(group) !== undefined) continue;
      for (const survivors of pick(subsets(members, this.cluster.map.k))) this.checkSurvivors(group, survivors);
    }
  }

  /** The first segment of the group that cannot be rebuilt from some k of its members; undefined when all can. */
  gap(group: Group): string | undefined {
    let found: string | undefined;
    this.noteGap = (what) => (found ??= what);
    try {
      for (const survivors of subsets(this.livingMembers(group), this.cluster.map.k)) {
        if (found === undefined) this.checkSurvivors(group, survivors);
      }
    } finally {
      this.noteGap = undefined;
    }
    return found;
  }

  /** What keeps the group from being quiet: a member with another configuration, or that has not applied all that its primary has. */
  unrest(group: Group): string | undefined {
    const { id, epoch } = group;
    const members = this.livingMembers(group);
    const behind = members.find(({ replicas }) => replicas.get(id)?.epoch !== epoch);
    if (behind !== undefined) return `${behind.host} has not applied epoch ${epoch}`;
    for (let position = 0; position < this.cluster.map.k; position++) {
      const primary = primaryOf(group, position);
      const index = members.find(({ self }) => primary !== undefined && sameMember(self, primary))?.state(id, position)
        ?.log.lastIndex;
      for (const life of members) {
        // What a backup has in its log behind that is of an earlier primary; the next Append drops it.
        const applied = life.state(id, position)?.appliedIndex;
        if (applied !== undefined && applied !== index) return `${life.host} has applied ${applied} of ${index}`;
      }
    }
    return undefined;
  }

  private livingMembers({ inSync }: Group): readonly EccLife[] {
    return inSync.map((member) => lifeOf(this.cluster, member)).filter((life) => life !== undefined);
  }

  private checkSurvivors(group: Group, survivors: readonly EccLife[]): void {
    for (let position = 0; position < this.cluster.map.k; position++) {
      const witness = survivors.find((life) => life.state(group.id, position) !== undefined);
      if (witness === undefined) {
        this.fail(group, survivors, `nobody holds anything of position ${position}`);
        continue;
      }
      const listings = witness.state(group.id, position)?.store.sealedListings() ?? [];
      for (const listing of listings) this.checkSegment(group, survivors, position, listing);
    }
  }

  private checkSegment(
    group: Group,
    survivors: readonly EccLife[],
    position: number,
    { number, checksum }: SegmentListing,
  ): void {
    const { k } = this.cluster.map;
    if (survivors.some((life) => this.hasFlip(life, group.id, number))) return; // one of m, until it is mended
    const sizeBytes = this.layout.sizeBytes(number);
    const data = Array.from({ length: k }, (_, d) => this.rawSegment(group.id, survivors, d, number, sizeBytes));
    this.rebuilt++;
    const here = data[position];
    const target = here ?? new Uint8Array(sizeBytes);
    if (here === null) {
      const parities = survivors.flatMap((life) => shardOf(life, group.id, number));
      const wanted = [{ shard: { type: 'data', position }, target }] as const;
      const contents = parities.map(({ index, contributions }) => ({ index, contributions }));
      const known = setOf(data.flatMap((bytes, d) => (bytes === null ? [] : [d])));
      if (!this.codec.determines({ known, parities: contents, wanted: [{ type: 'data', position }] })) {
        this.fail(group, survivors, `segment ${number} of position ${position} is not determined`);
        return;
      }
      this.codec.rebuild({ data, parities, wanted });
    }
    const length = this.lengthOf(group.id, survivors, position, number);
    if (hashBytes(target, length, 0) !== checksum) {
      this.fail(group, survivors, `segment ${number} of position ${position} is rebuilt wrong`);
    }
  }

  private hasFlip(life: EccLife, group: number, number: number): boolean {
    const parity = life.replicas.get(group)?.parity;
    if (this.segmentFlips.isIn(life, group, number)) return true;
    return parity !== undefined && this.flips.of(parity, number) !== undefined;
  }

  private lengthOf(group: number, survivors: readonly EccLife[], position: number, number: number): number {
    for (const life of survivors) {
      const segment = life.state(group, position)?.store.table.maybe(number);
      if (segment !== undefined) return segment.length;
    }
    return 0;
  }

  /** Any survivor's raw bytes of a sealed segment, filled up to the size of its shard; null where there are none. */
  private rawSegment(
    group: number,
    survivors: readonly EccLife[],
    position: number,
    number: number,
    sizeBytes: number,
  ): Uint8Array | null {
    for (const life of survivors) {
      const segment = life.state(group, position)?.store.table.maybe(number);
      if (segment?.state !== 'sealed' || !segment.isRaw) continue;
      const shard = new Uint8Array(sizeBytes);
      shard.set(segment.bytes.subarray(0, segment.length));
      return shard;
    }
    return null;
  }

  private fail({ id, epoch }: Group, survivors: readonly EccLife[], what: string): void {
    const who = survivors.map(({ host }) => host).join(', ');
    if (this.noteGap !== undefined) return this.noteGap(`from ${who}: ${what}`);
    this.cluster.fail('I10: every sealed segment can be rebuilt', `group ${id}, epoch ${epoch}, from ${who}: ${what}`);
  }
}

function shardOf(life: EccLife, group: number, number: number): ParityShard[] {
  const parity = life.replicas.get(group)?.parity;
  const bytes = parity?.shard(number);
  if (parity === undefined || bytes === undefined) return [];
  const contributions = setOf(parity.contributions(number).map(({ position }) => position));
  return [{ index: parity.parityIndex, contributions, bytes }];
}

/** All sets of `size` of them. */
function subsets<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}
