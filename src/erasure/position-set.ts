/** A set of positions of a group as the bits of a small integer: bit p is position p. */

export type PositionSet = number;

export const NO_POSITIONS: PositionSet = 0;

export function setOf(positions: Iterable<number>): PositionSet {
  let set = NO_POSITIONS;
  for (const position of positions) set |= 1 << position;
  return set;
}

/** Positions 0 to count - 1; count is at most 30. */
export function firstPositions(count: number): PositionSet {
  return 2 ** count - 1;
}

export function hasPosition(set: PositionSet, position: number): boolean {
  return (set & (1 << position)) !== 0;
}

export function withPosition(set: PositionSet, position: number): PositionSet {
  return set | (1 << position);
}

export function withoutPosition(set: PositionSet, position: number): PositionSet {
  return set & ~(1 << position);
}

/** Ascending. */
export function positionsOf(set: PositionSet): number[] {
  const positions: number[] = [];
  for (let rest = set; rest !== 0; rest &= rest - 1) positions.push(31 - Math.clz32(rest & -rest));
  return positions;
}
