import { expect, test } from 'vitest';
import type { DataPlane } from '../../src/actors/data-plane.js';
import type { NodeId } from '../../src/base/ids.js';
import type { ClusterView } from '../../src/cluster/view.js';
import { topologyOf } from '../../src/node/topology.js';
import { applyAll, life, newMap } from '../cluster/some-maps.js';
import { CLUSTER, member } from '../cluster/some-members.js';

const members = [1, 2, 3].map((raftId) => ({ ...member(raftId), clientAddress: `h${raftId}:1` }));
const VIEW: ClusterView = {
  nodeId: 'n1' as NodeId,
  raftId: 1,
  clusterId: CLUSTER,
  role: 'follower',
  term: 1,
  leader: 2,
  members,
  voters: [1, 2, 3],
  size: 3,
  needed: 2,
  up: 3,
  missing: [],
};
type Known = Pick<DataPlane, 'currentView' | 'ecc'>;
const eccOf = (map: NonNullable<DataPlane['ecc']>['map']): DataPlane['ecc'] => ({
  map,
  mapIndex: 7,
  incarnation: 1,
  leaseLeftMs: 0,
  partitionsLed: 1,
  lostGroups: [],
  memory: { capBytes: 0, freeBytes: 0, reserveBytes: 0 },
  transfers: [],
  candidateBytes: 0,
  refillPauseMs: 0,
});

test('in raft mode requests go to the leader', () => {
  const known: Known = { currentView: VIEW, ecc: undefined };
  expect(topologyOf('raft', known)).toEqual({
    nodes: ['h1:1', 'h2:1', 'h3:1'],
    leader: 'h2:1',
    mode: 'raft',
    k: 0,
    primaries: [],
    mapIndex: 0,
    lossGenerations: [],
  });
});

test('how often each group has lost data is told with them', () => {
  const lost = applyAll(newMap(2, 1), [
    { type: 'accept-loss', group: 1, epoch: 1, survivors: [life(1)], beginners: [] },
  ]);
  expect(topologyOf('ecc', { currentView: VIEW, ecc: eccOf(lost) }).lossGenerations).toEqual([0, 1, 0]);
});

test('in ecc mode they go to the primaries, group by group, and not to the Raft leader', () => {
  const known: Known = { currentView: VIEW, ecc: eccOf(newMap(2, 1)) };
  expect(topologyOf('ecc', known)).toMatchObject({
    leader: '',
    k: 2,
    primaries: ['h1:1', 'h2:1', 'h2:1', 'h3:1', 'h3:1', 'h1:1'],
    mapIndex: 7,
  });
});

test('an acting primary counts; nobody, and one whose address is not known, is empty', () => {
  const map = newMap(2, 1);
  const groups = map.groups.map((group) => ({
    ...group,
    inSync: group.inSync.filter(({ nodeId }) => nodeId !== 'n1'),
    acting: group.id === 0 ? [life(3).nodeId, null] : group.acting,
  }));
  const currentView = { ...VIEW, members: members.slice(0, 2) };
  const { primaries } = topologyOf('ecc', { currentView, ecc: eccOf({ ...map, groups }) });
  expect(primaries).toEqual(['', 'h2:1', 'h2:1', '', '', '']);
});

test('nothing is known before the control side has told anything', () => {
  expect(topologyOf('ecc', { currentView: undefined, ecc: undefined })).toMatchObject({ nodes: [], primaries: [] });
});
