/**
 * Writes with their seals, folds, moves and releases, and somebody dies between any two messages: the primary before or after any
 * backup has the entry, a backup, or as many at once as the code bears.
 */
import { describe, expect, it } from 'vitest';
import { visitEntry } from '../../src/replication/entry-codec.js';
import { GroupWorld } from './group-world.js';

const [K, M] = [3, 2];
const SEED = 3;
const BEFORE = 60;
const WRITES = 24;
/** No divisor of the turns that a write takes. */
const STRIDE = 5;
const POSITION = 0;

interface Scene {
  readonly what: string;
  /** By place: data holders come first. */
  readonly victims: readonly number[];
}

const SCENES: readonly Scene[] = [
  { what: 'its primary', victims: [0] },
  { what: 'a backup', victims: [3] },
  { what: 'its primary and a backup at once', victims: [0, 4] },
];

const COMMANDS = ['put', 'move', 'seal', 'release'] as const;
const HALF_APPLIED = 'a release is taken out of one parity shard of two';

const havingOf = (having: number, backups: number): string =>
  `${having} of ${backups} backups have an entry that is not committed`;

/** How things stand for the partition at the moment of the death. */
function situations({ nodes }: GroupWorld): string[] {
  const [first] = nodes;
  const primary = first?.replica?.primary(POSITION);
  const state = first?.replica?.state(POSITION);
  const backups = nodes.slice(K).flatMap(({ replica }) => replica?.state(POSITION) ?? []);
  if (primary === undefined || state === undefined) throw new Error('the first node leads the first partition');
  const { commitIndex, lastIndex } = primary;
  const found: string[] = [];
  if (commitIndex < lastIndex) {
    found.push(havingOf(backups.filter(({ log }) => log.lastIndex >= lastIndex).length, backups.length));
  }
  for (let index = commitIndex + 1; index <= lastIndex; index++) {
    const visitor = COMMANDS.map((command) => [command, () => found.push(command)] as const);
    visitEntry(state.log.entryAt(index)?.bytes ?? new Uint8Array(0), Object.fromEntries(visitor));
  }
  for (const { number, state: stands } of state.store.table.all()) {
    const holding = backups.filter(({ store }) => store.table.maybe(number) !== undefined).length;
    if (stands === 'releasing' && holding === 1 && backups.length === M) found.push(HALF_APPLIED);
  }
  return found;
}

/** Undefined when the writes were over before turn `at`. */
function play({ victims }: Scene, at: number): readonly string[] | undefined {
  const world = new GroupWorld(SEED, K, M);
  world.settle();
  world.writeSome(BEFORE);
  let met: readonly string[] | undefined;
  world.writeSome(WRITES, (turns) => {
    if (turns !== at) return false;
    met = situations(world);
    for (const place of victims) world.crash(place);
    expect(world.nodes.filter(({ self }) => self === undefined)).toHaveLength(victims.length);
    return true;
  });
  world.settle();
  world.writeSome(K);
  world.settle();
  world.check();
  return met;
}

describe.each(SCENES)('while a partition is written to, $what may die between any two messages', (scene) => {
  it('and nothing that was acknowledged is missing, and all hold the same', { timeout: 60_000 }, () => {
    const met = new Set<string>();
    for (let at = 0; ; at += STRIDE) {
      let found: readonly string[] | undefined;
      try {
        found = play(scene, at);
      } catch (error) {
        throw new Error(`death at turn ${at}`, { cause: error });
      }
      if (found === undefined) break;
      for (const each of found) met.add(each);
    }
    const waiting = Array.from({ length: M + 1 }, (_, having) => havingOf(having, M));
    const all = [...waiting, ...COMMANDS, HALF_APPLIED];
    expect([...met].sort()).toEqual(all.sort());
  });
});
