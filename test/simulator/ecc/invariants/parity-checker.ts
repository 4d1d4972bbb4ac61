/**
 * I8: every parity shard is, byte for byte, the code of exactly the segments that it records; a missing one counts as zeros. One in which
 * a bit has been flipped is that but for this bit, until it is mended.
 */
import type { ErasureCodec } from '../../../../src/erasure/erasure-codec.js';
import type { ParityShards } from '../../../../src/replication/parity-shards.js';
import type { SegmentLayout } from '../../../../src/store/layout.js';
import type { EccLife } from '../ecc-life.js';
import type { EccCluster } from '../ecc-cluster.js';
import type { Flips } from '../flips.js';
import type { SealedSegments } from './sealed-segments.js';

/** Shards whose contributions have not changed are looked at all the same every so often. */
const LOOK_AGAIN_MS = 200;

interface Looked {
  readonly contributions: Map<number, string>;
  /** What has been applied and what is owed: contributions change with these only. */
  progress: string;
  atMs: number;
}

export class ParityChecker {
  private readonly cluster: EccCluster;
  private readonly sealed: SealedSegments;
  private readonly codec: ErasureCodec;
  private readonly layout: SegmentLayout;
  private readonly flips: Flips;
  private readonly looked = new WeakMap<ParityShards, Looked>();
  private shards = 0;

  constructor(parts: {
    readonly cluster: EccCluster;
    readonly sealed: SealedSegments;
    readonly codec: ErasureCodec;
    readonly layout: SegmentLayout;
    readonly flips: Flips;
  }) {
    this.cluster = parts.cluster;
    this.sealed = parts.sealed;
    this.codec = parts.codec;
    this.layout = parts.layout;
    this.flips = parts.flips;
  }

  /** Shards that were computed anew. */
  get checked(): number {
    return this.shards;
  }

  check(life: EccLife): void {
    for (const [group, { parity }] of life.replicas) {
      if (parity === undefined) continue;
      let looked = this.looked.get(parity);
      if (looked === undefined) this.looked.set(parity, (looked = { contributions: new Map(), progress: '', atMs: 0 }));
      const isDue = this.cluster.nowMs >= looked.atMs + LOOK_AGAIN_MS;
      const progress = progressOf(life, group, parity);
      if (!isDue && progress === looked.progress) continue;
      looked.progress = progress;
      if (isDue) looked.atMs = this.cluster.nowMs;
      for (const number of stripesOf(parity, life.map.k)) {
        const contributions = JSON.stringify(parity.contributions(number));
        if (!isDue && looked.contributions.get(number) === contributions) continue;
        looked.contributions.set(number, contributions);
        this.checkShard(life, group, parity, number);
      }
      this.flips.forgetGone(parity);
    }
  }

  private checkShard({ host, map }: EccLife, group: number, parity: ParityShards, number: number): void {
    const sizeBytes = this.layout.sizeBytes(number);
    const blank = (): Uint8Array => new Uint8Array(sizeBytes);
    const data = Array.from({ length: map.k }, blank);
    for (const { position, checksum } of parity.contributions(number)) {
      const segment = this.sealed.find(`${group}.${position}`, number, checksum);
      if (segment === undefined) {
        const what = `${host}, group ${group}: segment ${number} of position ${position}`;
        this.cluster.fail('only what a primary has sealed is folded', what);
        return;
      }
      data[position]?.set(segment);
    }
    const shards = Array.from({ length: map.m }, blank);
    this.codec.encode(data, shards);
    this.shards++;
    const shard = parity.shard(number);
    const expected = shards[parity.parityIndex];
    if (shard !== undefined && expected !== undefined && this.isRight(parity, number, shard, expected)) return;
    const what = `${host}, group ${group}, shard ${parity.parityIndex} of stripe ${number}`;
    this.cluster.fail('I8: a parity shard is the code of what it records', what);
  }

  private isRight(parity: ParityShards, number: number, shard: Uint8Array, expected: Uint8Array): boolean {
    const flip = this.flips.of(parity, number);
    if (flip !== undefined) {
      if (equal(shard, expected)) this.flips.onMended(flip);
      else expected[flip.at] = (expected[flip.at] ?? 0) ^ flip.mask;
    }
    return equal(shard, expected);
  }
}

function progressOf(life: EccLife, group: number, parity: ParityShards): string {
  const applied = Array.from({ length: life.map.k }, (_, position) => life.state(group, position)?.appliedIndex);
  return `${applied.join()} ${parity.owed().length}`;
}

function stripesOf(parity: ParityShards, k: number): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (let position = 0; position < k; position++) {
    for (const { number } of parity.listings(position)) numbers.add(number);
  }
  return numbers;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
