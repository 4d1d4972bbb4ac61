/** Who is not linked with whom, and what either end is told of it. */
import { afterEach, expect, test } from 'vitest';
import { sealFrame } from '../../../src/adapters/data-link/frame.js';
import { greetingFrame, type LinkSelf, refusalFrame, readRefusal } from '../../../src/adapters/data-link/greeting.js';
import { crc32 } from 'node:zlib';
import { waitFor } from '../../support/wait-for.js';
import { CLUSTER, closeAll, HandEnd, HandServer, LinkPeer, linkSelf, nodeId } from './link-peer.js';

afterEach(closeAll);

test.each<[string, LinkSelf, string, RegExp]>([
  ['of another cluster', linkSelf('n2', 1, { clusterId: 'd2'.repeat(16) }), 'cluster', /n1 to cluster c1/],
  ['of another code', linkSelf('n2', 1, { k: 2 }), 'code', /n2 codes 2\+2, n1 3\+2/],
  ['that is another node', linkSelf('n3'), 'node', /n1 looks for n2, but this is n3/],
])('a node %s refuses, and both ends say why, once', async (_, self, reason, message) => {
  const a = await LinkPeer.open(linkSelf('n1'));
  const b = await LinkPeer.open(self);
  a.links.setPeers([{ ...b.address, nodeId: nodeId('n2') }]);
  await waitFor('it is tried again and again', () => (a.counted('dataLinkRefusals')[reason] ?? 0) >= 3);
  expect(b.counted('dataLinkRefusals')[reason]).toBeGreaterThanOrEqual(3);
  for (const { warnings, events } of [a, b]) {
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(events).toEqual([]);
  }
});

test('a refusal does not disturb other links', async () => {
  const a = await LinkPeer.open(linkSelf('n1'));
  const b = await LinkPeer.open(linkSelf('n2', 22));
  const stranger = await LinkPeer.open(linkSelf('n3', 1, { clusterId: 'd2'.repeat(16) }));
  a.links.setPeers([b.address, stranger.address]);
  stranger.links.setPeers([a.address, b.address]);
  await waitFor('the stranger was refused often', () => (b.counted('dataLinkRefusals')['cluster'] ?? 0) >= 5);
  expect(a.links.connectedTo(b.self.nodeId)).toBe(22);
  expect(a.events).toEqual(['connected n2/22']);
  expect(b.events).toEqual(['incoming n1/1']);
});

test('a node that has not been founded refuses without a word in the log, and links once it is', async () => {
  let clusterId = '';
  const a = await LinkPeer.open(linkSelf('n1'));
  const b = await LinkPeer.open({ ...linkSelf('n2', 22), clusterId: () => clusterId });
  a.links.setPeers([b.address]);
  await waitFor('it is refused twice', () => (a.counted('dataLinkRefusals')['not-founded'] ?? 0) >= 2);
  clusterId = CLUSTER;
  await waitFor('they are linked', () => a.links.connectedTo(b.self.nodeId) === 22);
  expect([...a.warnings, ...b.warnings]).toEqual([]);
});

test('the end that makes a connection refuses a node that takes it for another', async () => {
  const a = await LinkPeer.open(linkSelf('n1'));
  const b = await HandServer.open((end) => end.socket.write(greetingFrame(linkSelf('n4'), nodeId('n1'))));
  a.links.setPeers([b.peer('n2')]);
  await waitFor('the other end is told', () => b.ends[0]?.types.includes('refusal') === true);
  expect(a.warnings).toEqual([expect.stringMatching(/should be n2, but is n4/)]);
  expect(a.events).toEqual([]);
});

/** The frame as a node of the next version would send it. */
function ofNextVersion(frame: Uint8Array): Uint8Array {
  frame[1] = 2;
  new DataView(frame.buffer, frame.byteOffset).setUint32(12, crc32(frame.subarray(0, 12)), true);
  return frame;
}

test('a node that speaks another version is told so', async () => {
  const a = await LinkPeer.open(linkSelf('n1'));
  const later = HandEnd.dial(a.address);
  later.socket.write(ofNextVersion(greetingFrame(linkSelf('n2'), nodeId('n1'))));
  await waitFor('it was refused', () => later.closed);
  expect(later.frames.map(({ payload }) => readRefusal(payload))).toEqual([
    { reason: 'version', message: 'n1 speaks version 1 of the data link: run the same version of dcache on both' },
  ]);
  await waitFor('it is counted', () => a.counted('dataLinkRefusals')['version'] === 1);
  expect(a.warnings).toEqual([expect.stringMatching(/version 2 of the data link is spoken there, 1 here/)]);
});

test('a refusal by another version is understood', async () => {
  const a = await LinkPeer.open(linkSelf('n1'));
  const refusal = { reason: 'version', message: 'n2 speaks version 2' } as const;
  const later = await HandServer.open((end) => end.socket.write(ofNextVersion(refusalFrame(refusal))));
  a.links.setPeers([later.peer('n2')]);
  await waitFor('it is noted', () => a.counted('dataLinkRefusals')['version'] !== undefined);
  expect(a.warnings).toEqual(['a data link was refused: n2 speaks version 2']);
});

test('a greeting that is none is a fault', async () => {
  const a = await LinkPeer.open(linkSelf('n1'));
  const end = HandEnd.dial(a.address);
  const frame = new Uint8Array(16 + 8);
  sealFrame('greeting', frame);
  end.socket.write(frame);
  await waitFor('the connection ends', () => end.closed);
  expect(a.counted('dataLinkFaults')).toEqual({ malformed: 1 });
});
