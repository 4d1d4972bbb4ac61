import { expect, test } from 'vitest';
import type { Incarnation } from '../../src/base/ids.js';
import {
  decodeHeartbeat,
  decodeHeartbeatReply,
  encodeHeartbeat,
  encodeHeartbeatReply,
} from '../../src/cluster/heartbeat-codec.js';
import { EMPTY_REPORT } from '../../src/cluster/heartbeat.js';
import { describeFormat } from './describe-format.js';
import { node, someHeartbeat, someHeartbeatReply } from './some-maps.js';

describeFormat('a heartbeat', { some: someHeartbeat, encode: encodeHeartbeat, decode: decodeHeartbeat });
describeFormat('a reply', { some: someHeartbeatReply, encode: encodeHeartbeatReply, decode: decodeHeartbeatReply });

test('the age of an unacknowledged Append is rounded up', () => {
  const unacknowledged = [{ nodeId: node(2), ageMs: 1500.2 }];
  const heartbeat = {
    ...EMPTY_REPORT,
    unacknowledged,
    nodeId: node(1),
    incarnation: 7 as Incarnation,
    sequence: 1,
    answeredIn: 0,
  };
  expect(decodeHeartbeat(encodeHeartbeat(heartbeat)).unacknowledged[0]?.ageMs).toBe(1501);
});
