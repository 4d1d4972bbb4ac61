/** Random runs under faults; see chaos.ts for what happens in them and what is checked. */
import { describe, expect, it } from 'vitest';
import type { RaftConfig } from '../../src/raft/config.js';
import { Chaos } from './chaos.js';

const STEPS = 6000;
const SEEDS = Array.from({ length: Number(process.env['DCACHE_CHAOS_SEEDS'] ?? 12) }, (_, i) => i + 1);

const CONFIGURATIONS: readonly (readonly [string, Partial<RaftConfig>])[] = [
  ['plain', {}],
  ['with pre-vote and check quorum', { preVote: true, checkQuorum: true, stepDownOnRemoval: true }],
  ['with asynchronous storage', { asyncStorageWrites: true }],
  [
    'with everything and tight limits',
    {
      asyncStorageWrites: true,
      preVote: true,
      checkQuorum: true,
      stepDownOnRemoval: true,
      maxAppendBytes: 0,
      maxInflightAppends: 1,
      maxCommittedBytesPerReady: 1,
      maxUncommittedBytes: 100,
    },
  ],
];

describe.each(CONFIGURATIONS)('a group %s', (_, config) => {
  it.each(SEEDS)('stays safe under faults and agrees after them (seed %i)', (seed) => {
    const outcome = new Chaos(seed, config).run(STEPS);
    expect(outcome.committed).toBeGreaterThan(0);
  });

  it('does in these runs what they are for', () => {
    const runs = SEEDS.slice(0, 6).map((seed) => new Chaos(1000 + seed, config).run(STEPS));
    const total = (of: (run: (typeof runs)[number]) => number): number => runs.reduce((sum, run) => sum + of(run), 0);
    expect(total(({ committed }) => committed)).toBeGreaterThan(50);
    expect(total(({ leaders }) => leaders)).toBeGreaterThan(10);
    expect(total(({ readsAnswered }) => readsAnswered)).toBeGreaterThan(5);
    expect(total(({ reconfigurations }) => reconfigurations)).toBeGreaterThan(0);
  });
});
