/** Whole runs of a GroupWorld: interleavings with mishaps, quiet, checks, and so again. */
import { GroupWorld } from './group-world.js';

const ROUNDS = 3;
const STEPS = 3_000;

/** Throws when something is lost, when members differ, or when the group does not come to rest. */
export function playGroup(seed: number, k: number, m: number): GroupWorld {
  const world = new GroupWorld(seed, k, m);
  world.settle();
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < STEPS; i++) world.step(true);
    world.settle();
    world.check();
  }
  return world;
}
