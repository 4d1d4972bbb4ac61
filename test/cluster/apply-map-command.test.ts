import { describe, expect, test } from 'vitest';
import { applyMapCommand, FLOOR_STEP, MAX_VERSION_FLOOR } from '../../src/cluster/apply-map-command.js';
import { EMPTY_MAP, type ClusterMap, type GroupMember } from '../../src/cluster/cluster-map.js';
import { defaultGroups } from '../../src/cluster/default-groups.js';
import type { MapCommand } from '../../src/cluster/map-commands.js';
import { applyAll, declared, groupOf, life, lives, newMap, node, nodes } from './some-maps.js';

/** RS(3, 2): group 0 has n1, n2, n3 at data positions and n4, n5 at parity positions. */
const MAP = newMap(3, 2);
const remove = (number: number, epoch: number): MapCommand => ({
  type: 'remove',
  group: 0,
  epoch,
  member: life(number),
});
const join = (number: number, epoch: number, incarnation = 2, replaces = 0): MapCommand => ({
  type: 'join',
  group: 0,
  epoch,
  member: life(number, incarnation),
  replaces,
});

function expectNoEffect(map: ClusterMap, command: MapCommand): void {
  expect(applyMapCommand(map, command, 99)).toBe(map);
}

describe('create-groups', () => {
  const create = {
    type: 'create-groups' as const,
    k: 3,
    m: 2,
    groups: defaultGroups(nodes(5), 3, 2),
    members: lives(5),
  };

  test('puts all holders in sync, by position, in epoch 1', () => {
    const map = applyMapCommand(EMPTY_MAP, create, 1);
    expect(map.groups).toHaveLength(5);
    expect(groupOf(map, 3)).toEqual({
      id: 3,
      holders: [node(4), node(5), node(1), node(2), node(3)],
      epoch: 1,
      inSync: [life(4), life(5), life(1), life(2), life(3)],
      joining: [],
      acting: [null, null, null],
      lossGeneration: 0,
      loss: 'none',
      logStarts: [0, 0, 0],
      versionFloor: FLOOR_STEP,
    });
  });

  test.each<[string, ClusterMap, MapCommand]>([
    ['there are groups', MAP, create],
    ['it has no groups', EMPTY_MAP, { ...create, groups: [] }],
    ['the code cannot be used', EMPTY_MAP, { ...create, k: 2, m: 3 }],
    ['the life of a holder is missing', EMPTY_MAP, { ...create, members: lives(4) }],
    ['a node has two lives', EMPTY_MAP, { ...create, members: [...lives(5), life(1, 2)] }],
    ['a group has too few holders', EMPTY_MAP, { ...create, groups: [nodes(4)] }],
    ['a node has two positions', EMPTY_MAP, { ...create, groups: [[...nodes(4), node(1)]] }],
  ])('has no effect when %s', (_, map, command) => {
    expectNoEffect(map, command);
  });
});

describe('remove', () => {
  test('of a data holder begins an epoch in which a parity holder acts for it', () => {
    const group = groupOf(applyAll(MAP, [remove(1, 1)]));
    expect(group.epoch).toBe(2);
    expect(group.inSync).toEqual([2, 3, 4, 5].map((number) => life(number)));
    expect(group.acting).toEqual([node(4), null, null]);
  });

  test('leaves the other groups as they are', () => {
    const after = applyAll(MAP, [remove(1, 1)]);
    expect(after.groups.slice(1)).toEqual(MAP.groups.slice(1));
  });

  test('spreads acting over the parity holders', () => {
    const group = groupOf(applyAll(MAP, [remove(2, 1), remove(1, 2)]));
    expect(group.acting).toEqual([node(5), node(4), null]);
  });

  test('of an acting node gives its roles to another; those of others stay', () => {
    const group = groupOf(applyAll(MAP, [remove(1, 1), remove(4, 2)]));
    expect(group.acting).toEqual([node(5), null, null]);
  });

  test.each<[string, ClusterMap, MapCommand]>([
    ['it is of another epoch', MAP, remove(1, 2)],
    ['the group does not exist', MAP, { ...remove(1, 1), group: 9 } as MapCommand],
    ['the member is another life of its node', MAP, { type: 'remove', group: 0, epoch: 1, member: life(1, 2) }],
    ['it leaves fewer than k in sync', applyAll(MAP, [remove(1, 1), remove(2, 2)]), remove(3, 3)],
  ])('has no effect when %s', (_, map, command) => {
    expectNoEffect(map, command);
  });
});

describe('renew', () => {
  test('begins an epoch with the same members', () => {
    expect(groupOf(applyAll(MAP, [{ type: 'renew', group: 0, epoch: 1 }]))).toEqual({ ...groupOf(MAP), epoch: 2 });
  });

  test('has no effect in another epoch', () => {
    expectNoEffect(MAP, { type: 'renew', group: 0, epoch: 2 });
  });
});

describe('join', () => {
  const without1 = applyAll(MAP, [remove(1, 1)]);

  test('names the attempt by its Raft index and begins no epoch', () => {
    const group = groupOf(applyMapCommand(without1, join(1, 2), 77));
    expect(group.joining).toEqual([{ ...life(1, 2), joinIndex: 77 }]);
    expect(group.epoch).toBe(2);
  });

  test('replaces the attempt that it was planned from, also by the same life', () => {
    const joining = applyMapCommand(without1, join(1, 2), 77);
    const again = applyMapCommand(joining, join(1, 2, 2, 77), 80);
    expect(groupOf(again).joining).toEqual([{ ...life(1, 2), joinIndex: 80 }]);
    expectNoEffect(again, join(1, 2, 2, 77));
  });

  test.each<[string, MapCommand]>([
    ['it is of another epoch', join(1, 1)],
    ['a life of its node is in sync', join(2, 2)],
    ['the node holds nothing', join(6, 2)],
    ['there is no attempt to replace', join(1, 2, 2, 5)],
  ])('has no effect when %s', (_, command) => {
    expectNoEffect(without1, command);
  });
});

describe('stop-joining', () => {
  const joining = applyMapCommand(applyAll(MAP, [remove(1, 1)]), join(1, 2), 77);
  const stop = { type: 'stop-joining', group: 0, member: life(1, 2), joinIndex: 77 } as const;

  test('gives the learner up and begins no epoch', () => {
    expect(groupOf(applyMapCommand(joining, stop, 78))).toEqual({ ...groupOf(joining), joining: [] });
  });

  test('has no effect on another attempt or another life', () => {
    expectNoEffect(joining, { ...stop, joinIndex: 76 });
    expectNoEffect(joining, { ...stop, member: life(1) });
  });
});

describe('promote', () => {
  const data = applyMapCommand(applyAll(MAP, [remove(1, 1)]), join(1, 2), 77);
  const parity = applyMapCommand(applyAll(MAP, [remove(4, 1)]), join(4, 2), 77);
  const promoteData = {
    type: 'promote' as const,
    group: 0,
    epoch: 2,
    member: life(1, 2),
    joinIndex: 77,
    declarations: [declared(data, 0, 0, life(1, 2), 77)],
  };
  const promoteParity = {
    ...promoteData,
    member: life(4, 2),
    declarations: [0, 1, 2].map((position) => declared(parity, 0, position, life(4, 2), 77)),
  };

  test('hands the partition over to its data holder', () => {
    const group = groupOf(applyMapCommand(data, promoteData, 78));
    expect(group.epoch).toBe(3);
    expect(group.inSync).toEqual([life(1, 2), life(2), life(3), life(4), life(5)]);
    expect(group.joining).toEqual([]);
    expect(group.acting).toEqual([null, null, null]);
  });

  test('of a parity holder takes the declarations of all primaries', () => {
    const group = groupOf(applyMapCommand(parity, promoteParity, 78));
    expect(group.inSync).toEqual([life(1), life(2), life(3), life(4, 2), life(5)]);
  });

  test('of a parity holder leaves who acts as it is', () => {
    const bothOut = applyMapCommand(applyAll(MAP, [remove(4, 1), remove(1, 2)]), join(4, 3), 77);
    const declarations = [0, 1, 2].map((position) => declared(bothOut, 0, position, life(4, 2), 77));
    const back = applyMapCommand(bothOut, { ...promoteParity, epoch: 3, declarations }, 78);
    expect(groupOf(back).epoch).toBe(4);
    expect(groupOf(back).acting).toEqual([node(5), null, null]);
  });

  const [first] = promoteData.declarations;
  if (first === undefined) throw new Error('there is a declaration');
  test.each<[string, ClusterMap, MapCommand]>([
    ['it is of another epoch', data, { ...promoteData, epoch: 1 }],
    ['it is of another attempt', data, { ...promoteData, joinIndex: 76 }],
    ['the learner is another life', data, { ...promoteData, member: life(1, 3) }],
    ['nobody has declared', data, { ...promoteData, declarations: [] }],
    ['the declaration is of another group', data, { ...promoteData, declarations: [{ ...first, group: 1 }] }],
    ['the declaration is of another position', data, { ...promoteData, declarations: [{ ...first, position: 1 }] }],
    ['the declaration is of another epoch', data, { ...promoteData, declarations: [{ ...first, epoch: 1 }] }],
    ['the declaration is of another attempt', data, { ...promoteData, declarations: [{ ...first, joinIndex: 76 }] }],
    ['the declaration is of another life', data, { ...promoteData, declarations: [{ ...first, learner: life(1, 3) }] }],
    ['who declared is not the primary', data, { ...promoteData, declarations: [{ ...first, by: life(5) }] }],
    ['one primary has not declared', parity, { ...promoteParity, declarations: promoteParity.declarations.slice(1) }],
  ])('has no effect when %s', (_, map, command) => {
    expectNoEffect(map, command);
  });
});

describe('raise-floor', () => {
  test('raises the floor of one group', () => {
    const after = applyAll(MAP, [{ type: 'raise-floor', group: 2, versionFloor: 2 * FLOOR_STEP }]);
    expect(groupOf(after, 2)).toEqual({ ...groupOf(MAP, 2), versionFloor: 2 * FLOOR_STEP });
  });

  test('has no effect when it does not raise, or raises beyond what a version can be', () => {
    expectNoEffect(MAP, { type: 'raise-floor', group: 2, versionFloor: FLOOR_STEP });
    expectNoEffect(MAP, { type: 'raise-floor', group: 2, versionFloor: MAX_VERSION_FLOOR + 1 });
  });
});

describe('cold-start', () => {
  const epochs = MAP.groups.map(({ epoch }) => epoch);
  const coldStart = { type: 'cold-start' as const, epochs, members: lives(5, 2) };

  test('begins all groups empty behind their floor, with the new lives in sync', () => {
    const map = applyMapCommand(MAP, coldStart, 50);
    for (const { epoch, inSync, lossGeneration, loss, logStarts, versionFloor, acting } of map.groups) {
      expect([epoch, lossGeneration, loss, versionFloor]).toEqual([2, 1, 'began-empty', 2 * FLOOR_STEP]);
      expect(logStarts).toEqual([FLOOR_STEP, FLOOR_STEP, FLOOR_STEP]);
      expect(inSync).toHaveLength(5);
      expect(acting).toEqual([null, null, null]);
    }
  });

  test('starts without a node that was out of sync and is not there', () => {
    const epoch2 = [2, ...epochs.slice(1)];
    const only = (id: number): ClusterMap => ({ ...MAP, groups: [groupOf(applyAll(MAP, [remove(id, 1)]))] });
    const map = applyMapCommand(
      only(1),
      { ...coldStart, epochs: epoch2.slice(0, 1), members: lives(5, 2).slice(1) },
      50,
    );
    expect(groupOf(map).inSync).toEqual([2, 3, 4, 5].map((number) => life(number, 2)));
    expect(groupOf(map).acting).toEqual([node(4), null, null]);
  });

  test.each<[string, MapCommand]>([
    ['a group has another epoch', { ...coldStart, epochs: [2, 1, 1, 1, 1] }],
    ['a group is missing', { ...coldStart, epochs: [1, 1, 1, 1] }],
    ['an in-sync node may return', { ...coldStart, members: lives(4, 2) }],
    ['an in-sync life goes on', { ...coldStart, members: [...lives(4, 2), life(5)] }],
    ['a node has two lives', { ...coldStart, members: [...lives(5, 2), life(1, 3)] }],
  ])('has no effect when %s', (_, command) => {
    expectNoEffect(MAP, command);
  });
});

describe('accept-loss', () => {
  // Group 0: data on n1, n2, n3, parity on n4, n5. Group 1: data on n2, n3, n4, parity on n5, n1.
  const accept = (group: number, survivors: readonly GroupMember[], beginners: readonly GroupMember[] = []) =>
    ({ type: 'accept-loss', group, epoch: 1, survivors, beginners }) as const;

  test('leaves the survivors with what they hold, parity holders leading for who is gone, in a new epoch', () => {
    const after = groupOf(applyAll(MAP, [accept(0, [life(2), life(5)])]));
    expect(after).toEqual({
      ...groupOf(MAP),
      epoch: 2,
      inSync: [life(2), life(5)],
      acting: [node(5), null, node(5)],
      lossGeneration: 1,
      loss: 'declared',
    });
  });

  test('lets positions that nobody knows begin empty behind the floor, each on its holder; the others keep their logs', () => {
    const after = groupOf(applyAll(MAP, [accept(0, [life(2)], [life(1, 2), life(3, 2)])]));
    expect(after.inSync).toEqual([life(1, 2), life(2), life(3, 2)]);
    expect(after.acting).toEqual([null, null, null]);
    expect(after.logStarts).toEqual([FLOOR_STEP, 0, FLOOR_STEP]);
    expect(after.versionFloor).toBe(2 * FLOOR_STEP);
  });

  test('ends every attempt to join', () => {
    const learning = applyAll(MAP, [
      remove(5, 1),
      { type: 'join', group: 0, epoch: 2, member: life(5, 2), replaces: 0 },
    ]);
    const after = groupOf(applyAll(learning, [{ ...accept(0, [life(4)]), epoch: 2 }]));
    expect(after.joining).toEqual([]);
  });

  test('can be followed by another one, when fewer than k are left', () => {
    const after = applyAll(MAP, [accept(0, [life(2), life(5)]), { ...accept(0, [life(5)]), epoch: 2 }]);
    expect(groupOf(after)).toMatchObject({ inSync: [life(5)], acting: [node(5), node(5), node(5)], lossGeneration: 2 });
  });

  test('leaves everybody in when what they hold is damaged', () => {
    const all = [1, 2, 3, 4, 5].map((number) => life(number));
    const before = groupOf(MAP);
    expect(groupOf(applyAll(MAP, [accept(0, all)]))).toEqual({
      ...{ ...before, epoch: before.epoch + 1, lossGeneration: 1, loss: 'declared' },
    });
  });

  test.each<[string, ClusterMap, MapCommand]>([
    ['the group has another epoch', MAP, { ...accept(0, [life(5)]), epoch: 2 }],
    ['enough survive', MAP, accept(0, [life(1), life(2), life(3)])],
    ['a survivor was out of sync', MAP, accept(0, [life(5, 2)])],
    ['a node is named twice', MAP, accept(0, [life(5), life(5)])],
    ['a position begins empty that a parity holder knows', MAP, accept(0, [life(5)], [life(1, 2)])],
    ['a position would have nobody', MAP, accept(0, [life(2)], [life(1, 2)])],
    ['a position begins on another node than its holder', MAP, accept(0, [life(2)], [life(1, 2), life(4, 2)])],
  ])('has no effect when %s', (_, map, command) => {
    expectNoEffect(map, command);
  });
});

describe('replace-holder', () => {
  const out = applyAll(MAP, [{ type: 'remove', group: 0, epoch: 1, member: life(3) }]);
  const replace = (epoch: number, holder: number, by: number) =>
    ({ type: 'replace-holder', group: 0, epoch, holder: node(holder), by: node(by) }) as const;

  test('gives a place to another node, which can join from then on, and changes no configuration', () => {
    const after = applyAll(out, [replace(2, 3, 6)]);
    expect(groupOf(after)).toEqual({ ...groupOf(out), holders: [1, 2, 6, 4, 5].map(node) });
    const joined = applyAll(after, [{ type: 'join', group: 0, epoch: 2, member: life(6), replaces: 0 }]);
    expect(groupOf(joined).joining).toEqual([{ ...life(6), joinIndex: 10 }]);
    expectNoEffect(after, { type: 'join', group: 0, epoch: 2, member: life(3, 2), replaces: 0 });
  });

  const joining = applyAll(out, [{ type: 'join', group: 0, epoch: 2, member: life(3, 2), replaces: 0 }]);
  test.each<[string, ClusterMap, MapCommand]>([
    ['the holder is in sync', MAP, replace(1, 3, 6)],
    ['the holder is joining', joining, replace(2, 3, 6)],
    ['the group has another epoch', out, replace(1, 3, 6)],
    ['the node holds no place of the group', out, replace(2, 7, 6)],
    ['the other one holds a place already', out, replace(2, 3, 5)],
  ])('has no effect when %s', (_, map, command) => {
    expectNoEffect(map, command);
  });
});

describe('acknowledge-loss', () => {
  const lost = applyAll(MAP, [{ type: 'accept-loss', group: 0, epoch: 1, survivors: [life(5)], beginners: [] }]);

  test('ends the notice, and nothing else', () => {
    const after = applyAll(lost, [{ type: 'acknowledge-loss', group: 0, lossGeneration: 1 }]);
    expect(groupOf(after)).toEqual({ ...groupOf(lost), loss: 'none' });
  });

  test('has no effect for another loss than the last, or where nothing was lost', () => {
    expectNoEffect(lost, { type: 'acknowledge-loss', group: 0, lossGeneration: 0 });
    expectNoEffect(lost, { type: 'acknowledge-loss', group: 1, lossGeneration: 0 });
  });
});
