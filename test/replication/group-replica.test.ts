import { describe, expect, it, test } from 'vitest';
import { GroupReplica } from '../../src/replication/group-replica.js';
import type { Append } from '../../src/replication/messages.js';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { ErasureCodec } from '../../src/erasure/erasure-codec.js';
import { loopKernel } from '../../src/erasure/xor-kernel.js';
import { SipKeyHash, seedOfCluster } from '../../src/store/key-hash.js';
import { unlimitedMemory } from '../support/unlimited-memory.js';
import { applyAll, groupOf, life, newMap } from '../cluster/some-maps.js';
import { playGroup } from './group-play.js';

const CODES: readonly (readonly [number, number])[] = [
  [1, 0],
  [2, 1],
  [3, 1],
  [3, 2],
  [4, 2],
];
const SEEDS = Number(process.env.DCACHE_GROUP_SEEDS ?? 8);

describe('a group under random interleavings', () => {
  for (const [k, m] of CODES) {
    it(`RS(${k},${m}): loses nothing that was acknowledged, and all members come to hold the same`, () => {
      const totals: Record<string, number> = {};
      for (let seed = 1; seed <= SEEDS; seed++) {
        try {
          const world = playGroup(seed, k, m);
          for (const [name, count] of Object.entries(world.counts)) totals[name] = (totals[name] ?? 0) + count;
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
      expect(totals.committed).toBeGreaterThan(0);
      if (m > 0) {
        expect(totals.promotions).toBeGreaterThan(0);
        // Those that had been taken out came back with what they had.
        expect(totals.keptRaw).toBeGreaterThan(0);
        expect(totals.keptFolded).toBeGreaterThan(0);
      }
      if (process.env.DCACHE_GROUP_SEEDS !== undefined) console.log(k, m, totals);
    });
  }
});

test('the opening Append of an epoch that the map has not come to is refused, and accepted when it has', () => {
  const map = newMap(2, 1);
  const replica = new GroupReplica(
    {
      self: life(3),
      k: 2,
      m: 1,
      hash: new SipKeyHash(seedOfCluster('0'.repeat(32))),
      codec: new ErasureCodec(erasureCode(2, 1), loopKernel),
      memory: unlimitedMemory(),
    },
    groupOf(map),
  );
  const opening: Append = {
    ...{ type: 'append', group: 0, position: 0, epoch: 2, joinIndex: 0, entries: [] },
    ...{ prevIndex: 0, prevEpoch: 0, commitIndex: 0, askedBytes: 0 },
  };
  const statuses = (): unknown[] =>
    replica.takeEffects().flatMap((effect) => {
      return effect.type === 'send' && effect.message.type === 'append-reply' ? [effect.message.status] : [];
    });
  replica.onMessage(life(1), opening, 0);
  expect(statuses()).toEqual(['not-yet']);
  replica.onMap(groupOf(applyAll(map, [{ type: 'renew', group: 0, epoch: 1 }])));
  expect(statuses()).toEqual(['matched']);

  // One from before the epoch that has come is of no use any more.
  replica.onMessage(life(1), { ...opening, epoch: 3 }, 0);
  const [renew3, renew4] = [2, 3].map((epoch) => ({ type: 'renew', group: 0, epoch }) as const);
  if (renew3 === undefined || renew4 === undefined) throw new Error('two commands');
  replica.onMap(groupOf(applyAll(map, [{ type: 'renew', group: 0, epoch: 1 }, renew3, renew4])));
  expect(statuses()).toEqual(['not-yet']);
});
