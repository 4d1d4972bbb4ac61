import { describe, expect, it } from 'vitest';
import { scrubTable, totalOf, verdictOf } from '../../src/cli/scrub-table.js';

const CLEAN = { stripes: 4, stripesDone: 4, shards: 9, bytes: 4096, mended: 0, unmended: 0, unchecked: 0 };

describe('what a scrub has found', () => {
  it('is a row for each node, with the reason where one was not scrubbed', () => {
    const table = scrubTable([
      { nodeId: 'n1', progress: CLEAN },
      { nodeId: 'n2', problem: 'it is not up' },
    ]);
    expect(table).toMatch(/n1 +9 +4\.0 KiB +0 +0 +0/);
    expect(table).toMatch(/n2 +- .*it is not up/);
  });

  it('is one sentence for all nodes', () => {
    const total = totalOf([CLEAN, { ...CLEAN, mended: 1, shards: 1 }]);
    expect(total).toMatchObject({ shards: 10, mended: 1, stripes: 8 });
    expect(verdictOf(CLEAN, true)).toBe('9 shards checked, all right');
    expect(verdictOf(total, true)).toBe('1 wrong shard mended');
    expect(verdictOf(total, false)).toMatch(/^1 wrong shard mended; not everything could be checked/);
    expect(verdictOf({ ...total, unmended: 2 }, true)).toMatch(/^2 shards could not be mended/);
  });
});
