/** Parity shards that are reset, refolded and released in any order, beside a plain table of what each stripe should have. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesEqual } from '../../src/base/bytes.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { ParityShards } from '../../src/replication/parity-shards.js';
import { hashBytes } from '../../src/store/byte-hash.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { patterned, SMALL_LAYOUT } from '../store/store-fixture.js';

const K = 3;
const PARITY_INDEX = 1;
const STRIPES = 2;
const codec = new ErasureCodec(erasureCode(K, 2), loopKernel);

/** Three segments that a position may have under a number, by turns. */
function segmentOf(position: number, number: number, version: number): { bytes: Uint8Array; checksum: number } {
  const bytes = patterned(
    400 + 4 * ((position * 7 + number * 3 + version) % 50),
    position + 10 * number + 100 * version,
  );
  return { bytes, checksum: hashBytes(bytes, bytes.length, 0) };
}

/** What a stripe should have of a position. */
interface Entry {
  readonly version: number;
  state: 'recorded' | 'owed';
}

class PlainShards {
  readonly entries = new Map<string, Entry>();

  at(position: number, number: number): Entry | undefined {
    return this.entries.get(`${number} ${position}`);
  }

  set(position: number, number: number, entry: Entry | undefined): void {
    if (entry === undefined) this.entries.delete(`${number} ${position}`);
    else this.entries.set(`${number} ${position}`, entry);
  }

  reset(number: number): void {
    for (let position = 0; position < K; position++) {
      const entry = this.at(position, number);
      if (entry !== undefined) entry.state = 'owed';
    }
  }

  /** By encoding the recorded segments whole. */
  shard(number: number): Uint8Array | undefined {
    const sizeBytes = SMALL_LAYOUT.sizeBytes(number);
    const data = Array.from({ length: K }, () => new Uint8Array(sizeBytes));
    let count = 0;
    for (let position = 0; position < K; position++) {
      const entry = this.at(position, number);
      if (entry?.state !== 'recorded') continue;
      data[position]?.set(segmentOf(position, number, entry.version).bytes);
      count++;
    }
    const parity = [new Uint8Array(sizeBytes), new Uint8Array(sizeBytes)];
    codec.encode(data, parity);
    return count === 0 ? undefined : parity[PARITY_INDEX];
  }

  owed(): unknown[] {
    const found = [];
    for (let number = 1; number <= STRIPES; number++) {
      for (let position = 0; position < K; position++) {
        const entry = this.at(position, number);
        if (entry?.state !== 'owed') continue;
        found.push({ position, number, checksum: segmentOf(position, number, entry.version).checksum });
      }
    }
    return found;
  }
}

const FREQUENT = ['fold', 'refold'] as const;
const step = fc.record({
  kind: fc.constantFrom(...FREQUENT, ...FREQUENT, 'release', 'reset', 'refold-wrong', 'forget'),
  position: fc.nat({ max: K - 1 }),
  number: fc.integer({ min: 1, max: STRIPES }),
  version: fc.nat({ max: 2 }),
});

it('is the code of exactly what it records, and owes the rest', () => {
  let refolds = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 90 }), (steps) => {
      const pool = new SlabPool();
      const shards = new ParityShards(codec, PARITY_INDEX, SMALL_LAYOUT, pool);
      const plain = new PlainShards();
      for (const { kind, position, number, version } of steps) {
        const entry = plain.at(position, number);
        const { bytes, checksum } = segmentOf(position, number, entry?.version ?? version);
        const isOwed = entry?.state === 'owed';
        if (kind === 'reset') {
          shards.reset(number);
          plain.reset(number);
        } else if (kind === 'fold') {
          if (entry !== undefined) continue;
          shards.fold(position, number, bytes, checksum);
          plain.set(position, number, { version, state: 'recorded' });
        } else if (kind === 'release') {
          if (entry === undefined) continue;
          shards.unfold(position, number, bytes, checksum);
          plain.set(position, number, undefined);
        } else if (kind === 'refold') {
          expect(shards.refold(position, number, bytes, checksum)).toBe(isOwed);
          if (isOwed) {
            plain.set(position, number, { version: entry.version, state: 'recorded' });
            refolds++;
          }
        } else if (kind === 'refold-wrong') {
          const wrong = bytes.slice();
          wrong[version] = (wrong[version] ?? 0) ^ 4;
          expect(shards.refold(position, number, wrong, checksum)).toBe(false);
        } else {
          shards.forget(position, number, checksum);
          if (entry?.state === 'recorded') plain.reset(number);
          plain.set(position, number, undefined);
        }
        expect(shards.owed()).toEqual(plain.owed());
        const [shard, expected] = [shards.shard(number), plain.shard(number)];
        expect(shard !== undefined && expected !== undefined ? bytesEqual(shard, expected) : shard === expected).toBe(
          true,
        );
      }
      for (let position = 0; position < K; position++) {
        for (let number = 1; number <= STRIPES; number++) {
          const entry = plain.at(position, number);
          if (entry === undefined) continue;
          const { bytes, checksum } = segmentOf(position, number, entry.version);
          shards.unfold(position, number, bytes, checksum);
        }
      }
      expect([pool.blockBytes, shards.heldBytes, shards.owed()]).toEqual([0, 0, []]);
    }),
    { numRuns: 150 },
  );
  expect(refolds).toBeGreaterThan(50);
});
