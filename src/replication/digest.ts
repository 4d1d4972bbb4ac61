/** One number for a list of sealed segments: a learner shows with it that it holds what its primary has sent. */
import { hashWords } from '../store/byte-hash.js';
import type { SegmentListing } from './messages.js';

/** Does not depend on the order of the list. 31 bits, never negative. */
export function digestOfListings(listings: readonly SegmentListing[]): number {
  const sorted = [...listings].sort((a, b) => a.number - b.number);
  const words = new Int32Array(sorted.length * 2);
  sorted.forEach(({ number, checksum }, i) => words.set([number, checksum], i * 2));
  return hashWords(words, 0) >>> 1;
}
