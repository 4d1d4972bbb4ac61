import { describe, expect, it } from 'vitest';
import { firstStripeHolding, LARGEST_SHARD_BYTES, shardBytesOfStripe } from '../../src/erasure/stripe.js';

const KIB = 1024;

describe('the size of a stripe', () => {
  it('grows with its number', () => {
    const sizes = [0, 15, 16, 31, 32, 63, 64, 1_000_000].map(shardBytesOfStripe);
    expect(sizes).toEqual([4, 4, 16, 16, 64, 64, 256, 256].map((kib) => kib * KIB));
  });

  it('is enough from the first stripe that holds so many bytes', () => {
    for (const sizeBytes of [1, 4096, 4097, 16384, 16385, 65536, 65537, LARGEST_SHARD_BYTES]) {
      const stripe = firstStripeHolding(sizeBytes) ?? -1;
      expect(shardBytesOfStripe(stripe)).toBeGreaterThanOrEqual(sizeBytes);
      if (stripe > 0) expect(shardBytesOfStripe(stripe - 1)).toBeLessThan(sizeBytes);
    }
  });

  it('has an end, beyond which a record is cut', () => {
    expect(firstStripeHolding(LARGEST_SHARD_BYTES + 1)).toBeNull();
  });
});
