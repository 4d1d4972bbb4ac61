import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedBytes } from '../../src/base/byte-reader.js';
import {
  decodeAddedMembers,
  decodeMemberCommand,
  decodeMembers,
  encodeAddedMembers,
  encodeMemberCommand,
  encodeMembers,
} from '../../src/cluster/member-codec.js';
import { NO_MEMBERS } from '../../src/cluster/members.js';
import { member, someCommand, someMember, someMembers } from './some-members.js';

/** For each format, what it encodes and both directions. */
const FORMATS = {
  'a member command': format(someCommand, encodeMemberCommand, decodeMemberCommand),
  'the context of a membership change': format(
    fc.array(someMember, { minLength: 1, maxLength: 3 }),
    encodeAddedMembers,
    decodeAddedMembers,
  ),
  'a list of nodes': format(someMembers, encodeMembers, decodeMembers),
};

function format<T>(some: fc.Arbitrary<T>, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => unknown) {
  return {
    roundTrip: () =>
      fc.assert(
        fc.property(some, (value) => {
          expect(decode(encode(value))).toEqual(value);
        }),
      ),
    cutShort: () =>
      fc.assert(
        fc.property(some, (value) => {
          const bytes = encode(value);
          // The context of a change may be empty: nobody is added.
          for (let length = 1; length < bytes.length; length++) {
            expect(() => decode(bytes.subarray(0, length)), `first ${length} bytes`).toThrow(MalformedBytes);
          }
          expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(MalformedBytes);
        }),
        { numRuns: 20 },
      ),
  };
}

describe.each(Object.entries(FORMATS))('%s', (_, { roundTrip, cutShort }) => {
  test('is decoded as it was encoded', roundTrip);
  test('is refused when it was cut short or goes on', cutShort);
});

test('the list before the first entry can be written and read', () => {
  expect(decodeMembers(encodeMembers(NO_MEMBERS))).toEqual(NO_MEMBERS);
});

test('an empty context adds nobody', () => {
  expect(decodeAddedMembers(new Uint8Array(0))).toEqual([]);
});

test('names, raft ids and cluster ids that cannot be are refused', () => {
  const update = encodeMemberCommand({ type: 'update', member: member(1) });
  const withRaftId0 = update.slice();
  withRaftId0[3] = 0;
  expect(() => decodeMemberCommand(withRaftId0)).toThrow('not a raft id');
  const withSpaceInName = update.slice();
  withSpaceInName[5] = 0x20;
  expect(() => decodeMemberCommand(withSpaceInName)).toThrow('not a node id');
});

test('a later format is refused by number', () => {
  expect(() => decodeMembers(Uint8Array.of(3))).toThrow('list of nodes of format 3, this version reads 2');
});

/** Bytes of format 1 are those of format 2 without the data address, which is the empty string's length at the end. */
test('what was written before there were data addresses is still read', () => {
  const command = encodeMemberCommand({ type: 'update', member: member(1) });
  command[1] = 1;
  expect(decodeMemberCommand(command.subarray(0, -1))).toEqual({ type: 'update', member: member(1) });
  const added = encodeAddedMembers([member(4)]);
  added[0] = 1;
  expect(decodeAddedMembers(added.subarray(0, -1))).toEqual([member(4)]);
  const list = encodeMembers({ ...NO_MEMBERS, list: [member(1)] });
  list[0] = 1;
  expect(decodeMembers(list.subarray(0, -1)).list).toEqual([member(1)]);
});
