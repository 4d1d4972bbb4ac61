/** What control threads tell each other and what the Raft log and snapshots carry of the cluster. */
import fc from 'fast-check';
import { decodeControlMessage, encodeControlMessage } from '../../../src/actors/control/control-message.js';
import { decodeDescription, encodeDescription } from '../../../src/actors/control/snapshot-description.js';
import { snapshotName } from '../../../src/actors/snapshot-files.js';
import { decodeMap, decodeMapCommand, encodeMap, encodeMapCommand } from '../../../src/cluster/map-codec.js';
import {
  decodeAddedMembers,
  decodeMemberCommand,
  decodeMembers,
  encodeAddedMembers,
  encodeMemberCommand,
  encodeMembers,
} from '../../../src/cluster/member-codec.js';
import { decodeConfChange, encodeConfChange } from '../../../src/raft/conf-change.js';
import { decodePeerMessage, encodePeerMessage } from '../../../src/raft/message-codec.js';
import type { PeerMessage } from '../../../src/raft/messages.js';
import { someHeartbeat, someHeartbeatReply, someMap, someMapCommand } from '../../cluster/some-maps.js';
import { someCommand, someMember, someMembers } from '../../cluster/some-members.js';
import { PEER_MESSAGES } from '../../support/peer-message-arbitraries.js';
import type { Target } from '../target.js';
import { formatTarget } from './formats.js';

const someChange = fc.record({
  transition: fc.constantFrom('auto' as const, 'joint-implicit' as const, 'joint-explicit' as const),
  changes: fc.array(
    fc.record({
      type: fc.constantFrom('add-voter' as const, 'remove' as const, 'add-learner' as const),
      id: fc.integer({ min: 1, max: 1000 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  context: fc.uint8Array({ maxLength: 30 }),
});

const someDescription = fc.record({
  file: fc.record({
    name: fc.nat(1_000_000).map((index) => snapshotName(index, 7, 9)),
    bytes: fc.nat(),
    checksum: fc.nat(),
  }),
  members: someMembers,
  map: someMap,
});

export const CLUSTER_TARGETS: readonly Target[] = [
  formatTarget({ name: 'cluster map', group: 'cluster', some: someMap, encode: encodeMap, decode: decodeMap }),
  formatTarget({
    name: 'map command',
    group: 'cluster',
    some: someMapCommand,
    encode: encodeMapCommand,
    decode: decodeMapCommand,
  }),
  formatTarget({
    name: 'member command',
    group: 'cluster',
    some: someCommand,
    encode: encodeMemberCommand,
    decode: decodeMemberCommand,
  }),
  formatTarget({ name: 'members', group: 'cluster', some: someMembers, encode: encodeMembers, decode: decodeMembers }),
  formatTarget({
    name: 'added members',
    group: 'cluster',
    some: fc.array(someMember, { maxLength: 4 }),
    encode: encodeAddedMembers,
    decode: decodeAddedMembers,
  }),
  formatTarget({
    name: 'snapshot description',
    group: 'cluster',
    some: someDescription,
    encode: encodeDescription,
    decode: decodeDescription,
  }),
  formatTarget({
    name: 'membership change',
    group: 'cluster',
    some: someChange,
    encode: encodeConfChange,
    decode: decodeConfChange,
  }),
  formatTarget({
    name: 'control message',
    group: 'frames',
    some: fc.oneof(
      someHeartbeat.map((heartbeat) => ({ type: 'heartbeat' as const, heartbeat })),
      someHeartbeatReply.map((reply) => ({ type: 'heartbeat-reply' as const, reply })),
    ),
    encode: encodeControlMessage,
    decode: decodeControlMessage,
  }),
  formatTarget<PeerMessage>({
    name: 'Raft message',
    group: 'frames',
    some: fc.oneof(...Object.values<fc.Arbitrary<PeerMessage>>(PEER_MESSAGES)),
    encode: encodePeerMessage,
    decode: decodePeerMessage,
  }),
];
