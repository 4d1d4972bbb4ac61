/**
 * Bits that have flipped in sealed segments at those who lead their partitions, and whether they are still wrong. What nobody is answered
 * from is flipped: a record that is dead, its lengths as likely as its value. It counts all the same: for the checksum, for the code, and
 * for whoever reads the segment from record to record. (A live record is read as it lies there, so between two scrubs a flip in it can be
 * seen, as in any memory.)
 *
 * Nobody may let the wrong bytes out: no rebuild, no transfer, no release, no cleaning. Who flips one has the node scrubbed, again and
 * again until it is mended.
 */
import type { Prng } from '../../../src/base/prng.js';
import { RecordView } from '../../../src/store/record.js';
import type { Segment } from '../../../src/store/segment.js';
import type { EccLife } from './ecc-life.js';

export interface SegmentFlip {
  readonly life: EccLife;
  readonly group: number;
  readonly position: number;
  readonly number: number;
  readonly checksum: number;
  /** It has been folded as well: what is damaged is dropped, and not rebuilt before somebody wants it. */
  readonly isCache: boolean;
  readonly at: number;
  readonly wrong: number;
}

/** Of a record: what says where the next one begins. */
const LENGTHS_BYTES = 4;

export class SegmentFlips {
  private readonly flips = new Set<SegmentFlip>();
  private readonly view = new RecordView();
  private mendedCount = 0;

  get mended(): number {
    return this.mendedCount;
  }

  /** One that is not mended. */
  get any(): SegmentFlip | undefined {
    for (const flip of this.flips) return flip;
    return undefined;
  }

  /** Flips a bit in a dead record of some sealed segment that a node leads and has raw. Undefined if it has none. */
  flipSome(life: EccLife, prng: Prng): SegmentFlip | undefined {
    const found = life.states().flatMap(({ group, position, replica, state }) => {
      const { log, appliedIndex, store } = state;
      // What is not committed may be taken back, with the records that it ended.
      if (replica.primary(position)?.serving !== true || log.lastIndex !== appliedIndex) return [];
      return [...store.table.all()]
        .filter((segment) => segment.state === 'sealed' && segment.isRaw && segment.liveBytes < segment.length)
        .filter(({ number }) => !this.isIn(life, group, number))
        .map((segment) => ({ group, position, segment }));
    });
    if (found.length === 0) return undefined;
    const { group, position, segment } = prng.pick(found);
    const dead = this.deadRecords(segment);
    if (dead.length === 0) return undefined;
    const { offset, sizeBytes } = prng.pick(dead);
    const at = offset + prng.below(prng.chance(1, 2) ? LENGTHS_BYTES : sizeBytes);
    const { bytes, number, checksum } = segment;
    const wrong = (bytes[at] ?? 0) ^ (1 << prng.below(8));
    bytes[at] = wrong;
    const isCache = life.replicas.get(group)?.parity !== undefined;
    const flip = { life, group, position, number, checksum, isCache, at, wrong };
    this.flips.add(flip);
    return flip;
  }

  isLeft(flip: SegmentFlip): boolean {
    return this.flips.has(flip);
  }

  /** Whether what a node has of the stripe is wrong. */
  isIn(life: EccLife, group: number, number: number): boolean {
    for (const flip of this.flips) {
      if (flip.life === life && flip.group === group && flip.number === number) return true;
    }
    return false;
  }

  /** After a turn of the node. */
  look(life: EccLife): void {
    for (const flip of this.flips) {
      if (flip.life !== life) continue;
      const segment = life.state(flip.group, flip.position)?.store.table.maybe(flip.number);
      const isTheSame = segment !== undefined && segment.state !== 'open' && segment.checksum === flip.checksum;
      const isLeft = isTheSame && (segment.isRaw ? segment.bytes[flip.at] === flip.wrong : !flip.isCache);
      if (isLeft) continue;
      this.flips.delete(flip);
      if (isTheSame) this.mendedCount++;
    }
  }

  /** The memory of a life is gone. */
  onEnded(host: string): void {
    for (const flip of this.flips) if (flip.life.host === host) this.flips.delete(flip);
  }

  private deadRecords(segment: Segment): readonly { readonly offset: number; readonly sizeBytes: number }[] {
    const found: { offset: number; sizeBytes: number }[] = [];
    for (let offset = 0; offset < segment.length; offset += this.view.sizeBytes) {
      this.view.read(segment.bytes, offset);
      if (!segment.isLive(offset)) found.push({ offset, sizeBytes: this.view.sizeBytes });
    }
    return found;
  }
}
