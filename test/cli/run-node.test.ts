/** What a node tells the person who has started it. */
import { expect, test } from 'vitest';
import type { EccReport } from '../../src/actors/data-plane.js';
import type { NodeId } from '../../src/base/ids.js';
import { sentence } from '../../src/cli/run-node.js';
import { EMPTY_MAP } from '../../src/cluster/cluster-map.js';
import type { ClusterView } from '../../src/cluster/view.js';
import { newMap } from '../cluster/some-maps.js';
import { CLUSTER, member } from '../cluster/some-members.js';

const view = (changed: Partial<ClusterView> = {}): ClusterView => ({
  nodeId: 'n1' as NodeId,
  raftId: 1,
  clusterId: CLUSTER,
  role: 'leader',
  term: 1,
  leader: 1,
  members: [1, 2, 3, 4, 5].map((raftId) => member(raftId)),
  voters: [1, 2, 3, 4, 5],
  size: 5,
  needed: 3,
  up: 5,
  missing: [],
  ...changed,
});
const CODE = { k: 3, m: 2 };
const report = (map: EccReport['map']): EccReport => ({
  map,
  mapIndex: 9,
  incarnation: 101,
  leaseLeftMs: 400,
  partitionsLed: 1,
  lostGroups: [],
  memory: { capBytes: 0, freeBytes: 0, reserveBytes: 0 },
  transfers: [],
  candidateBytes: 0,
  refillPauseMs: 0,
});
const [FULL, EMPTY] = [report(newMap(3, 2)), report(EMPTY_MAP)];
const THREE = { up: 3, missing: ['n4', 'n5'] };

test.each<[string, ClusterView, EccReport | undefined]>([
  ['serving: n1 leads, 5 of 5 nodes up; 2 more may fail', view(), undefined],
  ['serving: n1 leads, 3 of 5 nodes up; no further node may fail', view(THREE), undefined],
  ['n1 leads: serving; 2 more nodes may fail', view(), FULL],
  ['n1 follows n2: serving; 2 more nodes may fail', view({ role: 'follower', leader: 2 }), FULL],
  ['n1 leads: waiting for 5 nodes before the groups are created; 3 of 5 are here', view(THREE), EMPTY],
  [
    '2 of 5 nodes up, 3 needed: run this in another terminal, or `dcache cluster start`',
    view({ up: 2, leader: 0, missing: ['n3', 'n4', 'n5'] }),
    EMPTY,
  ],
  ['n1 is catching up with the cluster', view({ role: 'learner' }), FULL],
])('"%s"', (said, seen, ecc) => {
  expect(sentence(seen, ecc && CODE, ecc)).toBe(said);
});
