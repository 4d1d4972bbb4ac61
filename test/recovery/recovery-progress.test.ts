import { describe, expect, test } from 'vitest';
import { recoveryProgress, type FeederReport } from '../../src/recovery/recovery-progress.js';

type Transfer = NonNullable<FeederReport['ecc']>['transfers'][number];

const transfer = (changed: Partial<Transfer> = {}): Transfer => ({
  group: 0,
  position: 0,
  nodeId: 'n3',
  incarnation: 33,
  totalBytes: 1_000,
  doneBytes: 400,
  keptBytes: 100,
  bytesPerSecond: 200,
  ...changed,
});
const node = (nodeId: string, incarnation: number, transfers: readonly Transfer[] = []): FeederReport => ({
  nodeId,
  ecc: { incarnation, transfers },
});

describe('the progress of recovery', () => {
  test('is the sum over all that a node is sent, by whomever', () => {
    const reports = [
      node('n1', 11, [transfer(), transfer({ group: 1, doneBytes: 1_000, bytesPerSecond: 0 })]),
      node('n2', 22, [transfer({ position: 1, bytesPerSecond: 300 })]),
      node('n3', 33),
    ];
    expect(recoveryProgress(reports)).toEqual([
      { nodeId: 'n3', doneBytes: 1_800, totalBytes: 3_000, keptBytes: 300, bytesPerSecond: 500, leftMs: 2_400 },
    ]);
  });

  test('does not know how long it takes while nothing comes, and knows when nothing is left', () => {
    const left = (changed: Partial<Transfer>): number | undefined =>
      recoveryProgress([node('n1', 11, [transfer(changed)])])[0]?.leftMs;
    expect(left({ bytesPerSecond: 0 })).toBeUndefined();
    expect(left({ bytesPerSecond: 0, doneBytes: 1_000 })).toBe(0);
  });

  test('leaves out what is told of a process life that is over', () => {
    expect(recoveryProgress([node('n1', 11, [transfer()]), node('n3', 34)])).toEqual([]);
  });

  test('counts one stream once, though two nodes tell of it', () => {
    const reports = [node('n1', 11, [transfer({ doneBytes: 700 })]), node('n2', 22, [transfer()])];
    expect(recoveryProgress(reports)[0]).toMatchObject({ doneBytes: 700, totalBytes: 1_000 });
  });

  test('is in order of nodes, and empty when nobody refills or nobody answers', () => {
    const both = [transfer({ nodeId: 'n5', incarnation: 55 }), transfer()];
    expect(recoveryProgress([node('n1', 11, both)]).map(({ nodeId }) => nodeId)).toEqual(['n3', 'n5']);
    expect(recoveryProgress([{ nodeId: 'n1', ecc: undefined }])).toEqual([]);
  });
});
