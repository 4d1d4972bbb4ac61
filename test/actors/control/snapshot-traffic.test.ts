import { expect, test } from 'vitest';
import { encodeDescription } from '../../../src/actors/control/snapshot-description.js';
import { SnapshotTraffic } from '../../../src/actors/control/snapshot-traffic.js';
import { snapshotName, type SnapshotFiles } from '../../../src/actors/snapshot-files.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { EMPTY_MAP } from '../../../src/cluster/cluster-map.js';
import { NO_MEMBERS } from '../../../src/cluster/members.js';
import type { SnapshotMessage } from '../../../src/raft/messages.js';
import { EMPTY_CONF_STATE } from '../../../src/raft/types.js';

const PIECES = [new Uint8Array(1_000), new Uint8Array(3_000)];
const file = { name: snapshotName(12, 3, 7), bytes: 4_000, checksum: 7 };
const message: SnapshotMessage = {
  type: 'snapshot',
  from: 1,
  to: 2,
  term: 3,
  snapshot: {
    metadata: { index: 12, term: 3, confState: EMPTY_CONF_STATE },
    data: encodeDescription({ file, members: NO_MEMBERS, map: EMPTY_MAP }),
  },
};

const unused = (): never => {
  throw new Error('nothing is received here');
};
const files: SnapshotFiles = {
  create: unused,
  removeUpTo: unused,
  read: async function* () {
    for (const piece of PIECES) yield await Promise.resolve(piece);
  },
};

test.each([true, false])('tells how far a snapshot is until it has been sent, or not (%s)', async (arrives) => {
  let nowMs = 0;
  const seen: unknown[] = [];
  const sent: unknown[] = [];
  const traffic: SnapshotTraffic = new SnapshotTraffic({
    transport: {
      sendSnapshot: async (_, pieces) => {
        for await (const piece of pieces) {
          nowMs += piece.length;
          seen.push(traffic.sending);
        }
        seen.push(traffic.sending);
        if (!arrives) throw new Error('the connection broke');
      },
    },
    files,
    logger: NULL_LOGGER,
    nowMs: () => nowMs,
    onArrived: unused,
    onSent: (raftId, succeeded) => sent.push([raftId, succeeded]),
  });
  await traffic.send(message);
  const at = (doneBytes: number, bytesPerSecond: number) => [
    { raftId: 2, totalBytes: 4_000, doneBytes, bytesPerSecond },
  ];
  expect(seen).toEqual([at(0, 0), at(1_000, 250), at(4_000, 1_000)]);
  expect([traffic.sending, sent]).toEqual([[], [[2, arrives]]]);
});
