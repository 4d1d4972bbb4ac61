/** Takes the main thread's proposals and reads to the Raft core. What becomes of the others is told later, by other events. */
import { assert } from '../../base/assert.js';
import type { ControlRequests } from './control-options.js';
import type { ControlEvent } from './events.js';
import type { RaftDriver } from './raft-driver.js';
import { encodeReadContext } from './read-context.js';

/**
 * What can be said at once: of each proposal where it stands or why it does not, of reads only why they are refused.
 *
 * @param driver undefined while the node has no place
 */
export function askRaft(
  { proposals, reads }: ControlRequests,
  driver: RaftDriver | undefined,
  incarnation: number,
): readonly ControlEvent[] {
  const events: ControlEvent[] = [];
  for (const { ticket, data } of proposals) {
    const result = driver?.turn((raw) => raw.propose(data)) ?? { type: 'dropped', reason: 'no-leader' };
    if (result.type === 'appended') {
      events.push({ type: 'proposed', ticket, index: result.index, term: result.term });
    } else {
      assert(result.type === 'dropped', 'a node that forwards requests itself never lets the core forward a proposal');
      events.push({ type: 'not-proposed', ticket, reason: result.reason });
    }
  }
  for (const ticket of reads) {
    const context = encodeReadContext(incarnation, ticket);
    const refusal = driver === undefined ? 'no-leader' : driver.turn((raw) => raw.readIndex(context));
    if (refusal !== undefined) events.push({ type: 'read-refused', ticket, reason: refusal });
  }
  return events;
}
