/**
 * What has been heard of one stripe while one of its segments is rebuilt: copies in shared memory, each in the size of the
 * stripe's shards, as codec jobs want them.
 */
import type { NodeId } from '../../base/ids.js';
import type { RebuildJob } from '../../erasure/codec-job.js';
import {
  positionsIn,
  sameSegment,
  type NamedSegment,
  type OfferedParity,
  type Offers,
  type RebuildPlan,
} from '../../recovery/rebuild-plan.js';
import type { DataShard, ShardReply } from '../../replication/messages.js';

type Shards = Pick<ShardReply, 'data' | 'parity'>;
interface Held {
  readonly bytes: Uint8Array;
  readonly giver: NodeId;
}
type HeldSegment = NamedSegment & Held;
type HeldParity = OfferedParity & Held;

export class StripeView {
  /** Size of each shard. */
  readonly shardBytes: number;
  private readonly data: HeldSegment[] = [];
  /** This node's own first, if it has one. */
  private readonly parities: HeldParity[] = [];
  private hasNews = false;

  /** @param own of this node, `self`. Copied. */
  constructor(shardBytes: number, own: Shards, self: NodeId) {
    this.shardBytes = shardBytes;
    this.add(own, self);
  }

  /** What there is to plan with. */
  get offers(): Offers {
    return { parities: [...this.parities], data: [...this.data] };
  }

  /** Copied. What cannot be of this stripe is left out. */
  add({ data, parity }: Shards, giver: NodeId): void {
    this.addData(data, giver);
    const isUsable = parity !== null && parity.bytes.length <= this.shardBytes;
    if (isUsable && !this.parities.some(({ index }) => index === parity.index)) {
      this.parities.push({ ...parity, bytes: this.copy(parity.bytes), giver });
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
    return this.data.find((held) => sameSegment(held, wanted))?.bytes;
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

  /** Who gave the shards that a plan made from `offers` takes. */
  giversOf(plan: RebuildPlan, wanted: NamedSegment): NodeId[] {
    const segments = plan.type === 'copy' ? [wanted] : plan.data;
    const parities = plan.type === 'copy' ? [] : plan.parities;
    const givers = [
      ...this.data.filter((held) => segments.some((segment) => sameSegment(held, segment))),
      ...this.parities.filter((held) => parities.some(({ index }) => index === held.index)),
    ];
    return [...new Set(givers.map(({ giver }) => giver))];
  }

  private addData(shards: readonly DataShard[], giver: NodeId): void {
    for (const { position, checksum, bytes } of shards) {
      if (bytes.length > this.shardBytes || this.bytesOf({ position, checksum }) !== undefined) continue;
      this.data.push({ position, checksum, bytes: this.copy(bytes), giver });
    }
  }

  private copy(bytes: Uint8Array): Uint8Array {
    const copy = new Uint8Array(new SharedArrayBuffer(this.shardBytes));
    copy.set(bytes);
    return copy;
  }
}
