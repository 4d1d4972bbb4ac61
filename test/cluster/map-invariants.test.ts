/** Random commands, planned from the map as it is or as it was, keep what the fields of the map promise. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import {
  inSyncMember,
  learnersOf,
  membersOf,
  neededMembers,
  primaryOf,
  roleIn,
  type ClusterMap,
  type Group,
} from '../../src/cluster/cluster-map.js';
import type { MapCommand } from '../../src/cluster/map-commands.js';
import { declared, groupOf, life, newMap } from './some-maps.js';

const CODES = [
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 3],
] as const;

type Losses = 'accept-loss' | 'acknowledge-loss' | 'replace-holder';

interface Step {
  readonly kind: 'remove' | 'renew' | 'join' | 'stop-joining' | 'promote' | 'raise-floor' | 'cold-start' | Losses;
  readonly group: number;
  readonly place: number;
  readonly incarnation: number;
  /** How many maps ago it was planned. */
  readonly late: number;
}

const someStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    'remove',
    'remove',
    'renew',
    'join',
    'join',
    'stop-joining',
    'promote',
    'raise-floor',
    'cold-start',
    'accept-loss',
    'acknowledge-loss',
    'replace-holder',
  ),
  group: fc.nat({ max: 20 }),
  place: fc.nat({ max: 20 }),
  incarnation: fc.integer({ min: 1, max: 3 }),
  late: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat({ max: 3 })),
});

/** The command of that kind as it would be planned from `map`; undefined where there is nothing to name. */
function commandFrom(map: ClusterMap, step: Step): MapCommand | undefined {
  const group = groupOf(map, step.group % map.groups.length);
  const { id, epoch, inSync, joining, holders } = group;
  const learner = joining[step.place % Math.max(1, joining.length)];
  switch (step.kind) {
    case 'remove': {
      const member = inSync[step.place % inSync.length];
      return member && { type: 'remove', group: id, epoch, member };
    }
    case 'renew':
      return { type: 'renew', group: id, epoch };
    case 'join': {
      const nodeId = holders[step.place % holders.length];
      const member = life(Number(nodeId?.slice(1)), step.incarnation);
      const replaces = joining.find((other) => other.nodeId === nodeId)?.joinIndex ?? 0;
      return { type: 'join', group: id, epoch, member, replaces };
    }
    case 'stop-joining':
      return learner && { type: 'stop-joining', group: id, member: learner, joinIndex: learner.joinIndex };
    case 'promote': {
      if (learner === undefined) return undefined;
      const { nodeId, incarnation, joinIndex } = learner;
      const member = { nodeId, incarnation };
      const declarations = group.acting.map((_, position) => declared(map, id, position, member, joinIndex));
      return { type: 'promote', group: id, epoch, member, joinIndex, declarations };
    }
    case 'raise-floor':
      return { type: 'raise-floor', group: id, versionFloor: group.versionFloor + step.place };
    case 'cold-start': {
      const members = holders.map((nodeId) => life(Number(nodeId.slice(1)), step.incarnation));
      return { type: 'cold-start', epochs: map.groups.map((other) => other.epoch), members };
    }
    case 'accept-loss':
      return loss(group, map.k, step);
    case 'replace-holder': {
      const holder = holders[step.place % holders.length];
      return holder && { type: 'replace-holder', group: id, epoch, holder, by: life(10 + step.incarnation).nodeId };
    }
    case 'acknowledge-loss':
      return { type: 'acknowledge-loss', group: id, lossGeneration: group.lossGeneration };
  }
}

/** All but a few of those in sync are lost. */
function loss(group: Group, k: number, { place, incarnation }: Step): MapCommand {
  const { id, epoch, inSync, holders } = group;
  const survivors = inSync.filter((_, i) => (i + place) % inSync.length < neededMembers(group, k) - 1);
  const names = survivors.map(({ nodeId }) => nodeId);
  const knows = names.some((nodeId) => holders.indexOf(nodeId) >= k);
  const beginners = holders
    .slice(0, k)
    .filter((nodeId) => !knows && !names.includes(nodeId))
    .map((nodeId) => life(Number(nodeId.slice(1)), incarnation));
  return { type: 'accept-loss', group: id, epoch, survivors, beginners };
}

function expectSound(group: Group, k: number): void {
  const { holders, inSync, joining, acting, lossGeneration } = group;
  if (lossGeneration === 0) expect(inSync.length).toBeGreaterThanOrEqual(k);
  const named = [...inSync, ...joining].map(({ nodeId }) => nodeId);
  expect(new Set(named).size).toBe(named.length);
  for (const list of [inSync, joining]) {
    const places = list.map(({ nodeId }) => holders.indexOf(nodeId));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  }
  for (let position = 0; position < k; position++) {
    const actingNode = acting[position] ?? undefined;
    expect(actingNode === undefined).toBe(inSyncMember(group, holders[position]) !== undefined);
    if (actingNode !== undefined) {
      expect(inSyncMember(group, actingNode)).toBeDefined();
      expect(holders.indexOf(actingNode)).toBeGreaterThanOrEqual(k);
    }
    expectRolesAgree(group, k, position);
  }
}

/** Everybody has one role; the primary is a member; a primary is never a learner. */
function expectRolesAgree(group: Group, k: number, position: number): void {
  const members = membersOf(group, k, position);
  const primary = primaryOf(group, position);
  expect(members).toContainEqual(primary);
  const roles = [...group.inSync, ...group.joining].map((member) => ({
    member,
    role: roleIn(group, k, position, member),
  }));
  expect(roles.filter(({ role }) => role === 'primary').map(({ member }) => member)).toEqual([primary]);
  expect(roles.filter(({ role }) => role === 'backup')).toHaveLength(members.length - 1);
  expect(roles.filter(({ role }) => role === 'learner')).toHaveLength(learnersOf(group, k, position).length);
}

function expectOnlyForwards(before: Group, after: Group): void {
  const configuration = ({ inSync, acting, lossGeneration }: Group) => ({ inSync, acting, lossGeneration });
  expect([0, 1]).toContain(after.epoch - before.epoch);
  if (after.epoch === before.epoch) expect(configuration(after)).toEqual(configuration(before));
  expect(after.versionFloor).toBeGreaterThanOrEqual(before.versionFloor);
  expect(Math.max(...after.logStarts)).toBeLessThan(after.versionFloor);
  for (const [position, start] of after.logStarts.entries()) {
    if (start !== before.logStarts[position]) expect(start).toBe(before.versionFloor);
  }
  const isLoss = after.lossGeneration > before.lossGeneration;
  if (!isLoss) expect(after.logStarts).toEqual(before.logStarts);
  if (isLoss) expect(after.loss).not.toBe('none');
}

test('whatever the order of commands, groups stay sound and go forwards only', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CODES), fc.array(someStep, { maxLength: 60 }), ([k, m], steps) => {
      const maps = [newMap(k, m)];
      for (const [i, step] of steps.entries()) {
        const map = maps.at(-1) ?? newMap(k, m);
        const command = commandFrom(maps.at(-1 - step.late) ?? map, step);
        if (command === undefined) continue;
        const next = applyMapCommand(map, command, 10 + i);
        for (const group of next.groups) {
          expectSound(group, k);
          expectOnlyForwards(groupOf(map, group.id), group);
        }
        if (next !== map) maps.push(next);
      }
    }),
    { numRuns: 100 },
  );
});

test('a command has an effect once: again, it is stale', () => {
  fc.assert(
    fc.property(fc.array(someStep, { maxLength: 40 }), (steps) => {
      let map = newMap(3, 2);
      for (const [i, step] of steps.entries()) {
        const command = commandFrom(map, step);
        if (command === undefined) continue;
        map = applyMapCommand(map, command, 10 + i);
        expect(applyMapCommand(map, command, 500 + i)).toBe(map);
      }
    }),
  );
});
