import { test, expect } from 'vitest';
import { MalformedBytes } from '../../src/base/byte-reader.js';
import { decodeMap, decodeMapCommand, encodeMap, encodeMapCommand } from '../../src/cluster/map-codec.js';
import { EMPTY_MAP } from '../../src/cluster/cluster-map.js';
import { describeFormat } from './describe-format.js';
import { newMap, someMap, someMapCommand } from './some-maps.js';

describeFormat('a cluster map', { some: someMap, encode: encodeMap, decode: decodeMap });
describeFormat('a map command', { some: someMapCommand, encode: encodeMapCommand, decode: decodeMapCommand });

test('the map before the first command can be written and read', () => {
  expect(decodeMap(encodeMap(EMPTY_MAP))).toEqual(EMPTY_MAP);
});

test('an acting node that holds nothing is refused', () => {
  const bytes = encodeMap(newMap(2, 1));
  // Everything behind the `acting` of the last group: lossGeneration, loss, logStarts (1 + 2 bytes), versionFloor (4 bytes).
  const last = bytes.length - 9 - 1;
  expect(bytes[last]).toBe(0);
  bytes[last] = 4;
  expect(() => decodeMap(bytes)).toThrow(MalformedBytes);
});

test('bytes of another kind of entry are refused', () => {
  const bytes = encodeMapCommand({ type: 'renew', group: 0, epoch: 1 });
  expect(() => decodeMapCommand(bytes.with(0, 1))).toThrow(/not a map command/);
  expect(() => decodeMapCommand(bytes.with(1, 2))).toThrow(/format 2/);
  expect(() => decodeMapCommand(bytes.with(2, 99))).toThrow(/unknown kind 99/);
});
