import { expect, test } from 'vitest';
import { LeaseSimulation } from './lease-simulation.js';

const SEEDS = 12;

test.each([
  { k: 2, m: 1 },
  { k: 3, m: 2 },
])('RS($k, $m): at most one node answers, no primary is taken out under its lease, and all heals', (code) => {
  const seen = new Set<string>();
  let primariesOut = 0;
  let livePrimariesOut = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const simulation = new LeaseSimulation(seed, code);
    simulation.run(30_000);
    for (const type of simulation.tally.commands.keys()) seen.add(type);
    primariesOut += simulation.tally.primariesOut;
    livePrimariesOut += simulation.tally.livePrimariesOut;
  }
  // Otherwise the run has not tried what it is for.
  expect([...seen]).toEqual(
    expect.arrayContaining(['create-groups', 'remove', 'renew', 'join', 'stop-joining', 'promote']),
  );
  expect(primariesOut).toBeGreaterThan(SEEDS);
  expect(livePrimariesOut).toBeGreaterThan(SEEDS / 2);
});
