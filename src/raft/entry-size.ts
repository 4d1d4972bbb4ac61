/**
 * How much an entry counts against the limits. Two measures: what it takes on the wire and in memory
 * ({@link entryBytes}, never 0, so that a limit also bounds the number of entries), and what its proposer handed in
 * ({@link payloadBytes}, 0 for the entries that the core itself proposes, so that no limit can refuse them).
 */
import type { Entry } from './types.js';

/** Term, index, type and the frame around them, roughly. */
const ENTRY_OVERHEAD_BYTES = 24;

export function entryBytes(entry: { readonly data: Uint8Array }): number {
  return ENTRY_OVERHEAD_BYTES + entry.data.length;
}

export function totalEntryBytes(entries: readonly Entry[]): number {
  let total = 0;
  for (const entry of entries) total += entryBytes(entry);
  return total;
}

export function payloadBytes(entries: readonly { readonly data: Uint8Array }[]): number {
  let total = 0;
  for (const entry of entries) total += entry.data.length;
  return total;
}

/** The longest head of `entries` within `maxBytes`, but at least one entry if there is any. */
export function limitEntries(entries: readonly Entry[], maxBytes: number): readonly Entry[] {
  let total = 0;
  for (const [i, entry] of entries.entries()) {
    total += entryBytes(entry);
    if (total > maxBytes && i > 0) return entries.slice(0, i);
  }
  return entries;
}
