import { expect, test } from 'vitest';
import { confirmRequest } from '../../../src/actors/control/request-confirmation.js';
import type { PeerTransport } from '../../../src/actors/control/ports.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { Speaker } from '../../../src/cluster/speaker.js';
import { speaker } from '../../cluster/some-members.js';

const asking = speaker('n4', { controlAddress: '10.0.0.4:7204', raftId: 0 });

/** A transport that can do nothing but greet. */
function answering(there: Speaker | DcacheError): Pick<PeerTransport, 'hello'> {
  return {
    hello(address) {
      expect(address).toBe(asking.controlAddress);
      return there instanceof DcacheError ? Promise.reject(there) : Promise.resolve(there);
    },
  };
}

test('a process that is there and has no place yet is confirmed', async () => {
  await expect(confirmRequest(answering(asking), asking)).resolves.toBeUndefined();
});

test('a late request of an earlier life is turned away', async () => {
  const later = { ...asking, incarnation: asking.incarnation + 1 };
  await expect(confirmRequest(answering(later), asking)).rejects.toMatchObject({
    code: 'NODE_ID_IN_USE',
    message: expect.stringContaining('is late') as string,
  });
});

test('so is one of a process that has its place already', async () => {
  await expect(confirmRequest(answering({ ...asking, raftId: 6 }), asking)).rejects.toMatchObject({
    code: 'NODE_ID_IN_USE',
  });
});

test('a node that gives the address of another one is told whose it is', async () => {
  const other = speaker('n2', { controlAddress: asking.controlAddress, raftId: 2 });
  await expect(confirmRequest(answering(other), asking)).rejects.toMatchObject({
    code: 'NODE_ID_IN_USE',
    message: 'n4 gives 10.0.0.4:7204 as its control address, where n2 answers: give each node an address of its own',
  });
});

test('a node that the leader does not reach is told what to look at', async () => {
  const silent = new DcacheError('DEADLINE_EXCEEDED', '10.0.0.4:7204 did not answer within 1000 ms');
  await expect(confirmRequest(answering(silent), asking)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(/leader does not reach n4 .* did not answer .* --advertise-host/) as string,
  });
});
