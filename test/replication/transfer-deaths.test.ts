/** A learner with memory is filled while, at each message of the transfer in turn, somebody dies or a connection breaks. */
import { describe, expect, it } from 'vitest';
import { GroupWorld } from './group-world.js';

const SEED = 5;
const BEFORE = 60;
const AWAY = 12;

/** Who returns, and one of those that it learns from, by place. Where one more may die there are two parity positions. */
interface Scene {
  readonly what: string;
  readonly k: number;
  readonly m: number;
  readonly learner: number;
  readonly primary: number;
}

const ONE_AWAY: readonly Scene[] = [
  { what: 'data holder', k: 2, m: 1, learner: 0, primary: 2 },
  { what: 'parity holder', k: 2, m: 1, learner: 2, primary: 0 },
];
const ONE_MORE_MAY_DIE: readonly Scene[] = [
  { what: 'data holder', k: 3, m: 2, learner: 0, primary: 3 },
  { what: 'parity holder', k: 3, m: 2, learner: 3, primary: 0 },
];

type Mishap = (world: GroupWorld, scene: Scene) => void;

const CUT_OFF = 'the learner is cut off for a moment';
const DEATHS: readonly (readonly [string, Mishap])[] = [
  ['the learner dies', (world, { learner }) => world.crash(learner)],
  [CUT_OFF, (world, { learner }) => world.resetLinksOf(learner)],
  ['a primary is cut off for a moment', (world, { primary }) => world.resetLinksOf(primary)],
  ['the leader of the map dies, and the next one begins an epoch', (world) => world.renew()],
];
const DEATHS_OF_PRIMARIES: readonly (readonly [string, Mishap])[] = [
  ['a primary dies', (world, { primary }) => world.crash(primary)],
  ['a primary is taken out and comes back', (world, { primary }) => void world.takeOutNode(primary)],
];

/** A group whose learner has been away for some writes, with its memory, and may come back now. */
function returning({ k, m, learner }: Scene): GroupWorld {
  const world = new GroupWorld(SEED, k, m);
  world.settle();
  world.writeSome(BEFORE);
  world.settle();
  expect(world.takeOutNode(learner)).toBe(true);
  world.writeSome(AWAY);
  return world;
}

/** Plays the return with something in between, after `at` messages. */
function play(scene: Scene, mishap: Mishap, at: number): { readonly steps: number; readonly world: GroupWorld } {
  const world = returning(scene);
  let isOver = false;
  const steps = world.run((step) => {
    if (step === at && !isOver) {
      mishap(world, scene);
      isOver = true;
    }
    return world.group.inSync.length === scene.k + scene.m;
  });
  world.settle();
  world.check();
  return { steps, world };
}

/** Every message of the return, or every `stride`th. */
function playEach(scene: Scene, mishap: Mishap, stride: number): readonly GroupWorld[] {
  const { steps } = play(scene, () => undefined, -1);
  const worlds: GroupWorld[] = [];
  for (let at = 0; at < steps; at += stride) {
    try {
      worlds.push(play(scene, mishap, at).world);
    } catch (error) {
      throw new Error(`at message ${at} of ${steps}`, { cause: error });
    }
  }
  return worlds;
}

describe.each(ONE_AWAY)('a $what that returns with its memory', (scene) => {
  it('is sent what it lacks and nothing that it has', () => {
    const { sent, keptRaw, keptFolded, sentAgain } = play(scene, () => undefined, -1).world.counts;
    expect(keptRaw + keptFolded).toBeGreaterThan(sent);
    expect(sentAgain).toBe(0);
  });

  it.each(DEATHS)('loses nothing when at any message %s', (what, mishap) => {
    const worlds = playEach(scene, mishap, 1);
    expect(worlds.length).toBeGreaterThan(20);
    // What it had taken in when its connections broke is not sent again.
    if (what === CUT_OFF) for (const { counts } of worlds) expect(counts.sentAgain).toBe(0);
  });
});

describe.each(ONE_MORE_MAY_DIE)('a $what of a group in which one more may die', (scene) => {
  it.each(DEATHS_OF_PRIMARIES)('loses nothing when, at any time, %s', (_, mishap) => {
    const worlds = playEach(scene, mishap, 3);
    expect(worlds.some(({ counts }) => counts.failovers + counts.outings > 1)).toBe(true);
  });
});

describe.each(ONE_AWAY)('a $what that has been declared complete and dies before it is promoted', (scene) => {
  it('is not promoted in its next life, which holds nothing, before that is complete as well', () => {
    const world = returning(scene);
    world.run(() => world.hasDeclaration);
    expect(world.group.inSync).toHaveLength(scene.k + scene.m - 1);
    const { promotions } = world.counts;
    world.crash(scene.learner);
    const sentBefore = world.counts.sent + world.counts.keptRaw + world.counts.keptFolded;
    world.run(() => world.counts.promotions > promotions);
    expect(world.counts.sent).toBeGreaterThan(sentBefore);
    world.settle();
    world.check();
  });
});

describe('a primary in whose sealed segments bits have flipped', () => {
  it.each(['comes back empty', 'comes back with its memory'])('sends none of it to a parity holder that %s', (what) => {
    const world = new GroupWorld(SEED, 3, 2);
    world.settle();
    world.writeSome(BEFORE);
    world.settle();
    if (what === 'comes back empty') world.crash(4);
    else expect(world.takeOutNode(4)).toBe(true);
    expect(world.flipBits(0, 0, 'sealed').length).toBeGreaterThan(2);
    world.writeSome(AWAY);
    const { rebuilds } = world.counts;
    world.settle();
    if (what === 'comes back empty') expect(world.counts.rebuilds).toBeGreaterThan(rebuilds);
    world.check();
  });
});
