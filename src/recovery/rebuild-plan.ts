/**
 * Which of the shards at hand to rebuild a sealed segment from (DESIGN.md section 7, "Degraded read", I10).
 *
 * A parity shard is used with exactly the contributions that it records, as long as it names no other segment for a position that
 * the ones before it name; so the first one, this node's own if it has one, says which segments lie in the stripe. Known data
 * counts only with the checksum that the parity shards in use name for its position.
 *
 * Pure: knows positions and checksums, no bytes. What is wrong shows in the checksum of the result; then another subset is tried.
 */
import { hasPosition, NO_POSITIONS, type PositionSet, setOf, withPosition } from '../erasure/position-set.js';
import type { RebuildPattern } from '../erasure/solver.js';

export interface NamedSegment {
  /** Data position. */
  readonly position: number;
  readonly checksum: number;
}

export interface OfferedParity {
  /** 0..m-1 */
  readonly index: number;
  /** What is folded in. */
  readonly contributions: readonly NamedSegment[];
}

/** What is at hand of one stripe, nothing twice; of a data position perhaps several segments. */
export interface Offers {
  /** This node's own first, where it has one. */
  readonly parities: readonly OfferedParity[];
  readonly data: readonly NamedSegment[];
}

export type RebuildPlan =
  /** Somebody has the segment as it is. */
  | { readonly type: 'copy'; readonly name: string }
  | {
      readonly type: 'solve';
      /** Equal for plans that take the same shards. */
      readonly name: string;
      readonly data: readonly NamedSegment[];
      readonly parities: readonly OfferedParity[];
    };

/**
 * The ways to rebuild `wanted`, the cheapest first: with all that is at hand, then without each one of it in turn. Ends when none
 * is left; nothing at all when what is at hand does not determine the segment.
 *
 * @param determines whether the code restores the wanted shards of a pattern.
 */
export function* planRebuilds(
  wanted: NamedSegment,
  offers: Offers,
  determines: (pattern: RebuildPattern) => boolean,
): IterableIterator<RebuildPlan> {
  if (offers.data.some((segment) => sameSegment(segment, wanted))) yield { type: 'copy', name: 'copy' };
  const others = offers.data.filter(({ position }) => position !== wanted.position);
  const { parities } = offers;
  const seen = new Set<string>();
  const suspects: (NamedSegment | OfferedParity | undefined)[] = [undefined, ...parities, ...others];
  for (const suspect of suspects) {
    const plan = solve(
      wanted,
      parities.filter((parity) => parity !== suspect),
      others.filter((segment) => segment !== suspect),
      determines,
    );
    if (plan === undefined) continue;
    if (seen.has(plan.name)) continue;
    seen.add(plan.name);
    yield plan;
  }
}

/** Takes parity shards in until they determine what is wanted: the fewer, the fewer bytes to add up. */
function solve(
  wanted: NamedSegment,
  parities: readonly OfferedParity[],
  data: readonly NamedSegment[],
  determines: (pattern: RebuildPattern) => boolean,
): Extract<RebuildPlan, { type: 'solve' }> | undefined {
  const checksums = new Map([[wanted.position, wanted.checksum]]);
  const taken: OfferedParity[] = [];
  let inUse: PositionSet = NO_POSITIONS;
  for (const parity of parities) {
    const agrees = parity.contributions.every(({ position, checksum }) => {
      return (checksums.get(position) ?? checksum) === checksum;
    });
    if (!agrees) continue;
    taken.push(parity);
    for (const { position, checksum } of parity.contributions) {
      checksums.set(position, checksum);
      inUse = withPosition(inUse, position);
    }
    const known = data.filter(({ position, checksum }) => {
      return hasPosition(inUse, position) && checksums.get(position) === checksum;
    });
    const pattern: RebuildPattern = {
      known: setOf(known.map(({ position }) => position)),
      parities: taken.map(({ index, contributions }) => ({ index, contributions: positionsIn(contributions) })),
      wanted: [{ type: 'data', position: wanted.position }],
    };
    if (hasPosition(inUse, wanted.position) && determines(pattern)) {
      return { type: 'solve', name: nameOf(known, taken), data: known, parities: taken };
    }
  }
  return undefined;
}

export function positionsIn(segments: readonly NamedSegment[]): PositionSet {
  return setOf(segments.map(({ position }) => position));
}

export function sameSegment(a: NamedSegment, b: NamedSegment): boolean {
  return a.position === b.position && a.checksum === b.checksum;
}

function nameOf(data: readonly NamedSegment[], parities: readonly OfferedParity[]): string {
  const positions = data.map(({ position, checksum }) => `${position}:${checksum}`);
  return `data ${positions.join(' ')}, parity ${parities.map(({ index }) => index).join(' ')}`;
}
