import { beforeEach, expect, test } from 'vitest';
import { MapTable } from '../../../src/actors/control/map-table.js';
import { encodeDescription } from '../../../src/actors/control/snapshot-description.js';
import { snapshotName } from '../../../src/actors/snapshot-files.js';
import { EMPTY_MAP } from '../../../src/cluster/cluster-map.js';
import { defaultGroups } from '../../../src/cluster/default-groups.js';
import { encodeMapCommand } from '../../../src/cluster/map-codec.js';
import { encodeMemberCommand } from '../../../src/cluster/member-codec.js';
import { NO_MEMBERS } from '../../../src/cluster/members.js';
import { EMPTY_CONF_STATE, type Entry, type Snapshot } from '../../../src/raft/types.js';
import { member } from '../../cluster/some-members.js';
import { lives, newMap, nodes } from '../../cluster/some-maps.js';

const entry = (data: Uint8Array): Entry => ({ term: 1, index: 1, type: 'normal', data });
const creation = entry(
  encodeMapCommand({ type: 'create-groups', k: 2, m: 1, groups: defaultGroups(nodes(3), 2, 1), members: lives(3) }),
);

let table: MapTable;
beforeEach(() => {
  table = new MapTable();
});

test('map commands are applied, entries for others are not', () => {
  expect(table.onEntry(entry(new Uint8Array(0)))).toBe(false);
  expect(table.onEntry(entry(encodeMemberCommand({ type: 'update', member: member(1) })))).toBe(false);
  expect(table.current).toBe(EMPTY_MAP);
  expect(table.onEntry(creation)).toBe(true);
  expect(table.current).toEqual(newMap(2, 1));
});

test('a snapshot takes the place of the map, none at all that of the beginning', () => {
  const file = { name: snapshotName(5, 1, 0), bytes: 0, checksum: 0 };
  const snapshot: Snapshot = {
    metadata: { index: 5, term: 1, confState: EMPTY_CONF_STATE },
    data: encodeDescription({ file, members: NO_MEMBERS, map: newMap(3, 2) }),
  };
  table.onEntry(creation);
  table.restore(snapshot);
  expect(table.current).toEqual(newMap(3, 2));
  table.restore('unavailable');
  expect(table.current).toBe(EMPTY_MAP);
});
