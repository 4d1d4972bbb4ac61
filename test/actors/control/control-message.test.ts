import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeControlMessage, encodeControlMessage } from '../../../src/actors/control/control-message.js';
import { MalformedBytes } from '../../../src/base/byte-reader.js';
import { EMPTY_REPORT } from '../../../src/cluster/heartbeat.js';
import { life } from '../../cluster/some-maps.js';

const heartbeat = { ...EMPTY_REPORT, ...life(1), sequence: 3, answeredIn: 2, letGo: [{ group: 1, epoch: 2 }] };
const reply = {
  incarnation: life(1).incarnation,
  sequence: 3,
  term: 2,
  leaseMs: 500,
  mapIndex: 9,
  letGo: [],
  handOver: [],
  leaveRefused: false,
  troubles: [],
};

test('heartbeats and replies arrive as what they were sent as', () => {
  for (const message of [
    { type: 'heartbeat', heartbeat },
    { type: 'heartbeat-reply', reply },
  ] as const) {
    expect(decodeControlMessage(encodeControlMessage(message))).toEqual(message);
  }
});

test('bytes that are neither are refused, whatever they are', () => {
  expect(() => decodeControlMessage(new Uint8Array(0))).toThrow('control message of unknown kind undefined');
  expect(() => decodeControlMessage(Uint8Array.of(9, 1))).toThrow('control message of unknown kind 9');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeControlMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedBytes);
      }
    }),
  );
});
