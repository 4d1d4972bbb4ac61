/** Bits that flip in open segments, which have no checksum yet: found at the seal, and mended from the others. */
import { expect, it } from 'vitest';
import { GroupWorld } from './group-world.js';

const SEED = 7;
const WRITES = 30;
const ROUNDS = 5;
const BACKUP = 4;

const owedIn = ({ nodes }: GroupWorld): number =>
  nodes.reduce((sum, { replica }) => sum + (replica?.parity?.owed().length ?? 0), 0);

it('a backup folds none of it: its shard owes the segment until it has it as the primary has sealed it', () => {
  const world = new GroupWorld(SEED, 3, 2);
  world.settle();
  let mostOwed = 0;
  const write = (): void =>
    world.writeSome(WRITES, () => {
      mostOwed = Math.max(mostOwed, owedIn(world));
      return false;
    });
  write();
  for (let round = 0; round < ROUNDS; round++) {
    const flipped = [0, 1, 2].flatMap((position) => world.flipBits(BACKUP, position, 'open'));
    expect(flipped.length).toBeGreaterThan(0);
    for (let spells = 0; flipped.some(({ state }) => state === 'open'); spells++) {
      if (spells > 20) throw new Error('a segment stays open');
      write();
    }
    world.settle();
    expect(owedIn(world)).toBe(0);
    world.check();
  }
  expect(mostOwed).toBeGreaterThan(0);
});
