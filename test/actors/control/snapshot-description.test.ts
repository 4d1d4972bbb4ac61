import { expect, test } from 'vitest';
import { decodeDescription, encodeDescription } from '../../../src/actors/control/snapshot-description.js';
import { snapshotName } from '../../../src/actors/snapshot-files.js';
import { MalformedBytes } from '../../../src/base/byte-reader.js';
import { EMPTY_MAP } from '../../../src/cluster/cluster-map.js';
import { encodeMap } from '../../../src/cluster/map-codec.js';
import { NO_MEMBERS } from '../../../src/cluster/members.js';
import { newMap } from '../../cluster/some-maps.js';

const description = {
  file: { name: snapshotName(12, 3, 0xffffffff), bytes: 4096, checksum: 0xffffffff },
  members: NO_MEMBERS,
  map: newMap(3, 2),
};

test('a description reads as it was written', () => {
  expect(decodeDescription(encodeDescription(description))).toEqual(description);
});

test('a description from before there were maps reads as one with an empty map', () => {
  // The same bytes, but for the map at the end: its length and an empty one.
  const bytes = encodeDescription({ ...description, map: EMPTY_MAP });
  bytes[0] = 1;
  const before = bytes.subarray(0, bytes.length - encodeMap(EMPTY_MAP).length - 1);
  expect(decodeDescription(before)).toEqual({ ...description, map: EMPTY_MAP });
});

test('every cut of a description is refused', () => {
  const bytes = encodeDescription(description);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeDescription(bytes.subarray(0, length)), `cut at ${length}`).toThrow(MalformedBytes);
  }
});

test.each([
  '../../etc/passwd',
  'snapshot-1-2-0/../x',
  'snapshot-1-2',
  'snapshot--1-2-00000000',
  '',
  'snapshot-1-2-00000000.old',
])('the name "%s" from the network is refused: it would name another file', (name) => {
  const bytes = encodeDescription({ ...description, file: { ...description.file, name } });
  expect(() => decodeDescription(bytes)).toThrow(MalformedBytes);
});
