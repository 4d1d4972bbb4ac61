/** A bit has flipped in a sealed segment of a primary. */
import { expect, test } from 'vitest';
import { segmentOf } from '../../src/store/layout.js';
import { recordedStore } from './entry-fixture.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('expiry reads no segment from record to record in which a length is wrong, though that of a dead record', () => {
  const { store } = recordedStore();
  const { partition } = store;
  partition.checksBytes = true;
  store.set(bytes('dead'), bytes('v'.repeat(40)), 1, 1_000);
  store.set(bytes('mortal'), bytes('v'.repeat(40)), 2, 1_000, 5_000);
  expect(store.lookUp(bytes('mortal'), 1_000)).toBe('hit');
  const segment = partition.table.get(segmentOf(store.entry.location));
  for (let i = 0; segment.state === 'open'; i++) store.set(bytes(`key ${i}`), bytes('v'.repeat(40)), 3 + i, 1_000);
  store.set(bytes('dead'), bytes('elsewhere'), 1_000, 1_000);
  // The length of its key.
  segment.bytes[1] = (segment.bytes[1] ?? 0) ^ 0x20;
  store.tick(6_000, 1_000_000);
  expect(segment.isRaw).toBe(false);
  expect(store.values.expiringBytes).toBeGreaterThan(0);
  // Whoever wants it has it rebuilt.
  expect(store.expirer.wantedElsewhere(6_000, () => true)).toBe(segment.number);
});
