/**
 * The name of a read question as Raft carries it: the life of the process that asked, and its ticket. Tickets begin anew with
 * each life, and a late answer to an earlier one may name an index from before what was acknowledged since.
 */
import { copyBytes } from '../../base/bytes.js';

export function encodeReadContext(incarnation: number, ticket: number): Uint8Array {
  return new Uint8Array(Float64Array.of(incarnation, ticket).buffer);
}

/** The ticket, undefined when the question was not asked by this life. */
export function ticketOfReadContext(context: Uint8Array, incarnation: number): number | undefined {
  if (context.length !== 2 * Float64Array.BYTES_PER_ELEMENT) return undefined;
  const [asker, ticket] = new Float64Array(copyBytes(context).buffer);
  return asker === incarnation ? ticket : undefined;
}

/**
 * The name of a question by which a leader finds out that a quorum still follows it (I4(b)). Longer than that of a client's
 * read, so that neither is ever taken for the other.
 */
export function encodeContactContext(incarnation: number, term: number, sequence: number): Uint8Array {
  return new Uint8Array(Float64Array.of(incarnation, term, sequence).buffer);
}

/** The sequence, undefined when it is no such question, or one of another life or leadership. */
export function sequenceOfContactContext(context: Uint8Array, incarnation: number, term: number): number | undefined {
  if (context.length !== 3 * Float64Array.BYTES_PER_ELEMENT) return undefined;
  const [asker, askedIn, sequence] = new Float64Array(copyBytes(context).buffer);
  return asker === incarnation && askedIn === term ? sequence : undefined;
}
