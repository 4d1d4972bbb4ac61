/**
 * Whether a request to join comes from the process that runs there now. A request may be under way for long, and its sender may
 * have died and been started again meanwhile. If the late one were admitted, the place of the living node would be taken back, of
 * which it would never hear. The log has the places in the order of the requests then: the answer that is asked for here comes
 * from a process that is alive, so whatever asks in a later life is confirmed, and admitted, later.
 */
import { DcacheError } from '../../base/errors.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { PeerTransport } from './ports.js';

const HELLO_TIMEOUT_MS = 1_000;

/**
 * Rejects with UNREACHABLE when nobody answers at the address that the speaker gives as its own, and with NODE_ID_IN_USE when
 * it is another process that answers, or one that has its place already.
 */
export async function confirmRequest(transport: Pick<PeerTransport, 'hello'>, asking: Speaker): Promise<void> {
  const { nodeId, controlAddress } = asking;
  const there = await answerFrom(transport, asking);
  if (there.nodeId !== nodeId) {
    throw new DcacheError(
      'NODE_ID_IN_USE',
      `${nodeId} gives ${controlAddress} as its control address, where ${there.nodeId} answers: give each node an address of its own`,
    );
  }
  if (there.incarnation === asking.incarnation && there.raftId === 0) return;
  throw new DcacheError(
    'NODE_ID_IN_USE',
    `this request to join is late: ${nodeId} at ${controlAddress} has been started again or admitted since`,
  );
}

async function answerFrom(
  transport: Pick<PeerTransport, 'hello'>,
  { nodeId, controlAddress }: Speaker,
): Promise<Speaker> {
  try {
    return await transport.hello(controlAddress, HELLO_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof DcacheError)) throw error;
    throw new DcacheError(
      'UNREACHABLE',
      `the leader does not reach ${nodeId} at its control address ${controlAddress} (${error.message}); check --control-listen and --advertise-host there`,
    );
  }
}
