import { expect, test } from 'vitest';
import type { Code } from '../../src/cluster/code-layout.js';
import { LeaseSimulation } from './lease-simulation.js';

/** Seeds that between them try everything that the test below wants tried. */
const SEEDS = [1, 2, 3, 4];

test.each<Code>([
  { k: 2, m: 1 },
  { k: 3, m: 2 },
])('RS($k, $m): at most one node answers, no primary is taken out under its lease, and what can heal heals', (code) => {
  const tried = new Set<string>();
  let livePrimariesOut = 0;
  let handedBack = 0;
  let healed = 0;
  for (const seed of SEEDS) {
    const simulation = new LeaseSimulation(seed, code);
    simulation.run(20_000);
    simulation.heal();
    simulation.run(5_000);
    for (const type of simulation.tally.commands.keys()) tried.add(type);
    livePrimariesOut += simulation.tally.livePrimariesOut;
    handedBack += simulation.tally.handedBack;
    for (const group of simulation.bearable) {
      expect(group.inSync, `seed ${seed}, group ${group.id}`).toHaveLength(code.k + code.m);
      expect(simulation.answers(group), `seed ${seed}, group ${group.id}`).toEqual(group.acting.map(() => 1));
      healed++;
    }
  }
  expect([...tried]).toEqual(expect.arrayContaining(['create-groups', 'remove', 'renew', 'join', 'promote']));
  expect(livePrimariesOut).toBeGreaterThan(2);
  expect(handedBack).toBeGreaterThan(2);
  expect(healed).toBeGreaterThan((SEEDS.length * (code.k + code.m)) / 2);
});
