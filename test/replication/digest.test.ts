import { expect, it } from 'vitest';
import { digestOfListings } from '../../src/replication/digest.js';

const LISTINGS = [
  { number: 1, checksum: -5 },
  { number: 2, checksum: 77 },
  { number: 9, checksum: 0 },
];

it('a digest says whether two lists name the same segments, in whatever order', () => {
  const digest = digestOfListings(LISTINGS);
  expect(digestOfListings([...LISTINGS].reverse())).toBe(digest);
  expect(digestOfListings(LISTINGS.slice(1))).not.toBe(digest);
  expect(digestOfListings(LISTINGS.map((each) => ({ ...each, checksum: each.checksum + 1 })))).not.toBe(digest);
  expect(digestOfListings([])).not.toBe(digestOfListings([{ number: 0, checksum: 0 }]));
  expect(digest).toBeGreaterThanOrEqual(0);
});
