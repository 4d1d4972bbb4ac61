/** Maps, groups and members of ecc mode for tests. */
import fc from 'fast-check';
import { InvariantViolation } from '../../src/base/assert.js';
import type { Incarnation, NodeId } from '../../src/base/ids.js';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import {
  EMPTY_MAP,
  LOSS_NOTICES,
  primaryOf,
  type ClusterMap,
  type Group,
  type GroupMember,
} from '../../src/cluster/cluster-map.js';
import { defaultGroups } from '../../src/cluster/default-groups.js';
import type { AttributedDeclaration, MapCommand } from '../../src/cluster/map-commands.js';

export const node = (number: number): NodeId => `n${number}` as NodeId;
export const nodes = (count: number): NodeId[] => Array.from({ length: count }, (_, i) => node(i + 1));

/** Node n`number` in its first life, or a later one. */
export const life = (number: number, incarnation = 1): GroupMember => ({
  nodeId: node(number),
  incarnation: (100 * number + incarnation) as Incarnation,
});
export const lives = (count: number, incarnation = 1): GroupMember[] =>
  Array.from({ length: count }, (_, i) => life(i + 1, incarnation));

/** A map with the default groups, all members in their first life. Group 0 has position i on node n(i + 1). */
export function newMap(k: number, m: number): ClusterMap {
  const groups = defaultGroups(nodes(k + m), k, m);
  return applyMapCommand(EMPTY_MAP, { type: 'create-groups', k, m, groups, members: lives(k + m) }, 1);
}

export function groupOf(map: ClusterMap, id = 0): Group {
  const group = map.groups[id];
  if (group === undefined) throw new InvariantViolation('the map has that group');
  return group;
}

/** Applies commands at Raft indexes from 10 on; every one must have an effect. */
export function applyAll(map: ClusterMap, commands: readonly MapCommand[]): ClusterMap {
  return commands.reduce((before, command, i) => {
    const after = applyMapCommand(before, command, 10 + i);
    if (after === before) throw new InvariantViolation(`without effect: ${JSON.stringify(command)}`);
    return after;
  }, map);
}

const someNumber = fc.oneof(fc.nat({ max: 200 }), fc.integer({ min: 0, max: 2 ** 48 - 1 }));
const someNodeId = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).map((text) => text as NodeId);
export const someIncarnation = fc.integer({ min: 1, max: 2 ** 48 - 1 }).map((number) => number as Incarnation);
const someGroupMember: fc.Arbitrary<GroupMember> = fc.record({ nodeId: someNodeId, incarnation: someIncarnation });

const declarationFields = {
  group: someNumber,
  position: someNumber,
  epoch: someNumber,
  learner: someGroupMember,
  joinIndex: someNumber,
};
const some = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 4 });
const someEpochs = some(fc.record({ group: someNumber, epoch: someNumber }));

export const someMapCommand: fc.Arbitrary<MapCommand> = fc.oneof(
  fc.record({
    type: fc.constant('create-groups' as const),
    k: someNumber,
    m: someNumber,
    groups: some(some(someNodeId)),
    members: some(someGroupMember),
  }),
  fc.record({ type: fc.constant('remove' as const), group: someNumber, epoch: someNumber, member: someGroupMember }),
  fc.record({ type: fc.constant('renew' as const), group: someNumber, epoch: someNumber }),
  fc.record({
    type: fc.constant('join' as const),
    group: someNumber,
    epoch: someNumber,
    member: someGroupMember,
    replaces: someNumber,
  }),
  fc.record({
    type: fc.constant('stop-joining' as const),
    group: someNumber,
    member: someGroupMember,
    joinIndex: someNumber,
  }),
  fc.record({
    type: fc.constant('promote' as const),
    group: someNumber,
    epoch: someNumber,
    member: someGroupMember,
    joinIndex: someNumber,
    declarations: some(fc.record({ ...declarationFields, by: someGroupMember })),
  }),
  fc.record({ type: fc.constant('raise-floor' as const), group: someNumber, versionFloor: someNumber }),
  fc.record({ type: fc.constant('cold-start' as const), epochs: some(someNumber), members: some(someGroupMember) }),
  fc.record({
    type: fc.constant('accept-loss' as const),
    group: someNumber,
    epoch: someNumber,
    survivors: some(someGroupMember),
    beginners: some(someGroupMember),
  }),
  fc.record({
    type: fc.constant('replace-holder' as const),
    group: someNumber,
    epoch: someNumber,
    holder: someNodeId,
    by: someNodeId,
  }),
  fc.record({ type: fc.constant('acknowledge-loss' as const), group: someNumber, lossGeneration: someNumber }),
);

/** As bytes go: fields as they may be, not as they make sense. */
export const someMap: fc.Arbitrary<ClusterMap> = fc
  .record({
    k: someNumber,
    m: someNumber,
    groups: some(
      fc
        .record({
          holders: fc.uniqueArray(someNodeId, { minLength: 1, maxLength: 5 }),
          epoch: someNumber,
          inSync: some(someGroupMember),
          joining: some(fc.record({ nodeId: someNodeId, incarnation: someIncarnation, joinIndex: someNumber })),
          acting: some(fc.option(fc.nat({ max: 4 }))),
          lossGeneration: someNumber,
          loss: fc.constantFrom(...LOSS_NOTICES),
          logStarts: some(someNumber),
          versionFloor: someNumber,
        })
        .map((group) => ({
          ...group,
          acting: group.acting.map((place) => (place === null ? null : (group.holders[place] ?? null))),
        })),
    ),
  })
  .map((map) => ({ ...map, groups: map.groups.map((group, id) => ({ ...group, id })) }));

export const someHeartbeat = fc.record({
  nodeId: someNodeId,
  incarnation: someIncarnation,
  sequence: someNumber,
  mapIndex: someNumber,
  letGo: someEpochs,
  declarations: some(fc.record(declarationFields)),
  brokenJoins: some(fc.record({ group: someNumber, joinIndex: someNumber })),
  unacknowledged: some(fc.record({ nodeId: someNodeId, ageMs: someNumber })),
  lastIndexes: some(fc.record({ group: someNumber, index: someNumber })),
  freeBytes: someNumber,
  leaving: fc.boolean(),
  refillPaused: fc.boolean(),
  damaged: someEpochs,
  answeredIn: someNumber,
});

export const someHeartbeatReply = fc.record({
  incarnation: someIncarnation,
  sequence: someNumber,
  term: someNumber,
  leaseMs: someNumber,
  mapIndex: someNumber,
  letGo: someEpochs,
  handOver: someEpochs,
  leaveRefused: fc.boolean(),
  troubles: some(
    fc.record({
      group: someNumber,
      epoch: someNumber,
      over: some(someNodeId),
      silent: some(someNodeId),
      isLost: fc.boolean(),
    }),
  ),
});

/** What the primary of the position says about a learner that is complete. */
export function declared(
  map: ClusterMap,
  group: number,
  position: number,
  learner: GroupMember,
  joinIndex: number,
): AttributedDeclaration {
  const by = primaryOf(groupOf(map, group), position);
  if (by === undefined) throw new InvariantViolation('the partition has a primary');
  return { group, position, epoch: groupOf(map, group).epoch, learner, joinIndex, by };
}
