/**
 * What has been heard of one stripe while one of its segments is rebuilt: copies in shared memory, each in the size of the
 * stripe's shards, as codec jobs want them.
 */
import type { RebuildJob } from '../../erasure/codec-job.js';
import {
  positionsIn,
  type NamedSegment,
  type OfferedParity,
  type Offers,
  type RebuildPlan,
} from '../../recovery/rebuild-plan.js';
import type { DataShard, ShardReply } from '../../replication/messages.js';

type Shards = Pick<ShardReply, 'data' | 'parity'>;
interface HeldSegment extends NamedSegment {
  readonly bytes: Uint8Array;
}
interface HeldParity extends OfferedParity {
  readonly bytes: Uint8Array;
}

export class StripeView {
  private readonly shardBytes: number;
  private readonly data: HeldSegment[] = [];
  /** This node's own first, if it has one. */
  private readonly parities: HeldParity[] = [];
  private hasNews = false;

  /** @param own of this node. Copied. */
  constructor(shardBytes: number, own: Shards) {
    this.shardBytes = shardBytes;
    this.add(own);
  }

  /** What there is to plan with. */
  get offers(): Offers {
    return { parities: [...this.parities], data: [...this.data] };
  }

  /** Copied. What cannot be of this stripe is left out. */
  add({ data, parity }: Shards): void {
    this.addData(data);
    const isUsable = parity !== null && parity.bytes.length <= this.shardBytes;
    if (isUsable && !this.parities.some(({ index }) => index === parity.index)) {
      this.parities.push(this.parityOf(parity));
    }
    this.hasNews = true;
  }

  /** Whether something has come since the last call. */
  takeNews(): boolean {
    const { hasNews } = this;
    this.hasNews = false;
    return hasNews;
  }

  /** A segment as somebody has it raw. Borrowed. */
  bytesOf(wanted: NamedSegment): Uint8Array | undefined {
    return this.data.find(({ position, checksum }) => position === wanted.position && checksum === wanted.checksum)
      ?.bytes;
  }

  /** The job for a plan that was made from `offers`, and where its result will be. */
  job(
    plan: Extract<RebuildPlan, { type: 'solve' }>,
    position: number,
    k: number,
  ): { readonly job: RebuildJob; readonly target: Uint8Array } {
    const target = new Uint8Array(new SharedArrayBuffer(this.shardBytes));
    const data = Array.from({ length: k }, (_, at) => {
      const named = plan.data.find((segment) => segment.position === at);
      return named === undefined ? null : (this.bytesOf(named) ?? null);
    });
    const parities = this.parities
      .filter(({ index }) => plan.parities.some((parity) => parity.index === index))
      .map(({ index, contributions, bytes }) => ({ index, contributions: positionsIn(contributions), bytes }));
    const wanted = [{ shard: { type: 'data' as const, position }, target, checksum: null }];
    return { job: { type: 'rebuild', data, parities, wanted }, target };
  }

  private addData(shards: readonly DataShard[]): void {
    for (const { position, checksum, bytes } of shards) {
      if (bytes.length > this.shardBytes || this.bytesOf({ position, checksum }) !== undefined) continue;
      this.data.push({ position, checksum, bytes: this.copy(bytes) });
    }
  }

  private parityOf({ index, contributions, bytes }: NonNullable<Shards['parity']>): HeldParity {
    return { index, contributions, bytes: this.copy(bytes) };
  }

  private copy(bytes: Uint8Array): Uint8Array {
    const copy = new Uint8Array(new SharedArrayBuffer(this.shardBytes));
    copy.set(bytes);
    return copy;
  }
}
