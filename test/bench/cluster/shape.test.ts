import { describe, expect, it } from 'vitest';
import { describeShape, resolveShape, toleratedFailures, type GivenShape } from '../../../src/bench/cluster/shape.js';

describe('the cluster that a benchmark starts', () => {
  it.each<[GivenShape, string, number]>([
    [{ mode: 'ecc' }, 'ecc RS(3,2), 5 nodes', 2],
    [{ mode: 'ecc', k: 2, m: 1 }, 'ecc RS(2,1), 3 nodes', 1],
    [{ mode: 'ecc', nodes: 4 }, 'ecc RS(3,1), 4 nodes', 1],
    [{ mode: 'ecc', k: 4 }, 'ecc RS(4,1), 5 nodes', 1],
    [{ mode: 'raft' }, 'raft, 3 nodes', 1],
    [{ mode: 'raft', nodes: 5 }, 'raft, 5 nodes', 2],
  ])('is what was asked for, the rest by default: %j', (given, description, tolerates) => {
    const shape = resolveShape(given);
    expect(describeShape(shape)).toBe(description);
    expect(toleratedFailures(shape)).toBe(tolerates);
  });

  it.each<[GivenShape, RegExp]>([
    [{ mode: 'both' }, /--spawn is "both"; it must be raft or ecc/],
    [{ mode: 'raft', k: 3 }, /--k and --m are for ecc mode/],
    [{ mode: 'raft', nodes: 0 }, /--nodes is 0; it must be from 1 to 63/],
    [{ mode: 'ecc', k: 2, m: 2 }, /k must be a majority/],
    [{ mode: 'ecc', k: 4, m: 2, nodes: 5 }, /needs 6 nodes/],
  ])('is refused with the reason: %j', (given, reason) => {
    expect(() => resolveShape(given)).toThrow(reason);
  });
});
