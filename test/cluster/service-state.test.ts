import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../src/base/ids.js';
import type { ClusterMap, Group } from '../../src/cluster/cluster-map.js';
import { reportMap } from '../../src/cluster/map-report.js';
import { describeService, serviceState } from '../../src/cluster/service-state.js';
import { life, newMap, nodes } from './some-maps.js';

const NODES = nodes(5);
const [, , n3, n4] = NODES as [NodeId, NodeId, NodeId, NodeId];

/** Five groups of RS(3,2) over five nodes; `change` is made to each. */
function mapWith(change: (group: Group) => Partial<Group> = () => ({})): ClusterMap {
  const map = newMap(3, 2);
  return { ...map, groups: map.groups.map((group) => ({ ...group, ...change(group) })) };
}

const without =
  (...gone: NodeId[]) =>
  (group: Group): Partial<Group> => {
    const inSync = group.inSync.filter(({ nodeId }) => !gone.includes(nodeId));
    const acting = inSync.find(({ nodeId }) => group.holders.indexOf(nodeId) >= 3)?.nodeId ?? null;
    const lacks = (position: number): boolean => gone.includes(group.holders[position] as NodeId);
    return { inSync, acting: [0, 1, 2].map((position) => (lacks(position) ? acting : null)), epoch: 2 };
  };

interface Scene {
  readonly map?: ClusterMap;
  readonly down?: readonly string[];
  /** Nodes in their second life. */
  readonly restarted?: readonly string[];
  readonly hasLeader?: boolean;
  readonly lostGroups?: readonly number[];
}

function sentence({ map = mapWith(), down = [], restarted = [], hasLeader = true, lostGroups = [] }: Scene): string {
  const up = NODES.filter((nodeId) => !down.includes(nodeId));
  const isUp = (nodeId: string, incarnation: number): boolean =>
    !down.includes(nodeId) && incarnation % 100 === (restarted.includes(nodeId) ? 2 : 1);
  const attendance = { nodes: 5, up: up.length, votersUp: up.length, votersNeeded: 3, isUp, lostGroups };
  return describeService(serviceState(reportMap(map, 7), 5, hasLeader, attendance));
}

describe('a cluster of RS(3,2) on five nodes', () => {
  test('that has lost too much says which groups wait for a decision', () => {
    expect(sentence({ restarted: ['n1', 'n2', 'n3'], lostGroups: [0, 4] })).toMatch(
      /^serving in part; too few nodes still have what groups 0, 4 held, .* `dcache cluster recover --accept-data-loss`$/,
    );
  });

  test('that goes on with what a declared loss has left says so until it is acknowledged', () => {
    const left = mapWith(({ inSync }) => ({ inSync: inSync.slice(0, 2), lossGeneration: 1, loss: 'declared' }));
    expect(sentence({ map: left })).toBe(
      'serving; no further node may fail; groups 0, 1, 2, 3, 4 lost data that was given up (`dcache cluster recover --acknowledge-loss`)',
    );
    const anew = mapWith(() => ({ lossGeneration: 1, loss: 'began-empty' }));
    expect(sentence({ map: anew })).toContain('began empty after all nodes had been started anew');
    expect(sentence({ map: mapWith(() => ({ lossGeneration: 1 })) })).toBe('serving; 2 more nodes may fail');
  });

  test('with everybody in sync may lose two nodes', () => {
    expect(sentence({})).toBe('serving; 2 more nodes may fail');
  });

  test('whose node has just died is taking over from it, and counts it no more', () => {
    expect(sentence({ down: ['n3'] })).toBe('serving; taking over from n3; 1 more node may fail');
  });

  test('that has taken a node out goes on with one less to lose', () => {
    expect(sentence({ map: mapWith(without(n3)), down: ['n3'] })).toBe('serving; 1 more node may fail');
  });

  test('with two nodes out has none to lose', () => {
    const map = mapWith(without(n3, n4));
    expect(sentence({ map, down: ['n3', 'n4'] })).toBe('serving; no further node may fail');
  });

  test('says which node it takes back, and how far that is', () => {
    const map = mapWith((group) => {
      const joining = [{ ...life(3, 2), joinIndex: 9 }];
      const back = group.inSync.map((member) => (member.nodeId === n3 ? life(3, 2) : member));
      return group.id < 2 ? { ...without(n3)(group), joining } : { inSync: back };
    });
    expect(sentence({ map, restarted: [n3] })).toBe(
      'serving; recovering n3 (joining 2 of 5 groups); 1 more node may fail',
    );
  });

  test('with too few nodes up does not serve', () => {
    expect(sentence({ down: ['n1', 'n2', 'n3'] })).toBe('not serving; 2 of 5 nodes up, 3 needed');
  });

  test('does not count a node that has been started anew for the life that is in sync', () => {
    expect(sentence({ restarted: ['n1', 'n2', 'n3'] })).toBe(
      'not serving; group 0 has 2 of the 3 nodes in sync that it needs',
    );
  });

  test('without a leader does not serve', () => {
    expect(sentence({ hasLeader: false })).toBe('not serving; 5 of 5 nodes up, no leader elected yet');
  });

  test('without groups waits for all nodes', () => {
    expect(sentence({ map: { k: 0, m: 0, groups: [] }, down: ['n4', 'n5'] })).toBe(
      'waiting for 5 nodes before the groups are created; 3 of 5 are here',
    );
  });
});
