/**
 * Memory as the primary of a partition sees it: what a change may cost now, being the least of what this node has free and what the
 * other members have granted; how the worst off of them stands; and whether cleaning may go on (store/memory-cap.ts).
 *
 * Writes stay within the allowance. What frees memory (deletes, moves, releases) may take from the reserves of all members, and so
 * goes on in small steps while there is little: one segment to move to, one release under way.
 */
import type { SharedMemory } from '../store/memory-cap.js';
import { segmentCharge } from '../store/segment.js';
import { PRESSURES, type NodeMemory, type Pressure } from './node-memory.js';
import type { ParityFolds } from './parity-folds.js';
import type { PartitionState } from './partition-state.js';
import type { PeerProgress } from './peer-progress.js';
import type { ReleaseQueue } from './release-queue.js';

/** A member is asked again for memory after this. */
const ASK_AGAIN_MS = 5;
/** Cleaning begins no step while as much of a unit has not been applied everywhere. */
const PACE_SHARE = 0.5;
/** With so many units allowed there is plenty. */
const PLENTY_UNITS = 4;

export interface PrimaryMemoryParts {
  readonly memory: NodeMemory;
  readonly state: PartitionState;
  readonly releases: ReleaseQueue;
  /** All members but the primary, and the learners that it counts. */
  readonly peers: () => Iterable<PeerProgress>;
  /** Every member, this one included, has applied up to here. */
  readonly appliedEverywhere: () => number;
  /** At a stand-in, which has not the segments but their code. */
  readonly folds: ParityFolds | undefined;
  /** Whether this node leads another position of the group as well. */
  readonly leads: (position: number) => boolean;
}

export class PrimaryMemory implements SharedMemory {
  private readonly parts: PrimaryMemoryParts;
  private denied = 0;

  constructor(parts: PrimaryMemoryParts) {
    this.parts = parts;
  }

  /** What a change may cost now. Infinity where nobody has a cap. */
  get allowanceBytes(): number {
    const { memory, state, peers } = this.parts;
    let bytes = memory.freeBytes;
    const { log } = state;
    for (const peer of peers()) bytes = Math.min(bytes, peer.grantedBytes(log));
    return bytes;
  }

  /** Of the member that is worst off. */
  get pressure(): Pressure {
    const { memory, peers } = this.parts;
    let worst = PRESSURES.indexOf(memory.pressure);
    for (const peer of peers()) worst = Math.max(worst, PRESSURES.indexOf(peer.pressure));
    return PRESSURES[worst] ?? 'none';
  }

  /** Every member has been heard since `sinceMs`. */
  isKnownSince(sinceMs: number): boolean {
    for (const peer of this.parts.peers()) if (peer.heardAtMs < sinceMs) return false;
    return true;
  }

  /** A change that costs `bytes` waits: members whose grants are too small, or who are short, are asked. */
  ask(bytes: number, nowMs: number): void {
    const { memory, state, peers } = this.parts;
    if (memory.freeBytes < bytes) memory.want(bytes);
    for (const peer of peers()) {
      if (nowMs - peer.askedAtMs < ASK_AGAIN_MS) continue;
      if (peer.grantedBytes(state.log) >= bytes && peer.pressure === 'none') continue;
      peer.askedAtMs = nowMs;
      peer.askedBytes = bytes;
      peer.owesAppend = true;
    }
  }

  /** What has been set off and will free memory, or at least has to be over before more is set off. */
  get isReleasing(): boolean {
    const { releases, memory } = this.parts;
    return !releases.isEmpty || (!this.hasPlenty && this.unappliedBytes >= memory.unitBytes * PACE_SHARE);
  }

  /** Bytes of segments that come free here when all members have applied what they are told. */
  get releasingBytes(): number {
    return this.parts.releases.bytes;
  }

  /** So much of what only frees memory is under way that no more should be added. */
  get isBehind(): boolean {
    const { memory } = this.parts;
    return memory.isLimited && this.allowanceBytes <= 0 && this.unappliedBytes >= memory.unitBytes;
  }

  /** What was last denied to moves, and may be asked for; 0: nothing. */
  get deniedBytes(): number {
    return this.denied;
  }

  // ------------------------------------------------------------------ SharedMemory

  get isTight(): boolean {
    return this.pressure !== 'none';
  }

  get mayClean(): boolean {
    return this.hasPlenty || this.unappliedBytes < this.parts.memory.unitBytes * PACE_SHARE;
  }

  mayOpenForMoves(sizeBytes: number): boolean {
    const { memory, releases } = this.parts;
    const charge = segmentCharge(sizeBytes);
    this.denied = 0;
    if (this.allowanceBytes >= charge + PLENTY_UNITS * memory.unitBytes) return true;
    if (!releases.isEmpty) return false;
    if (sizeBytes <= memory.unitBytes || this.allowanceBytes >= charge) return true;
    this.denied = charge;
    return false;
  }

  /** A data holder has the bytes themselves; a stand-in has a part in a shard, which stays while anybody else's segment is in it. */
  frees(number: number): boolean {
    const { folds, leads } = this.parts;
    return folds === undefined || folds.holdsOnly(number, leads);
  }

  isShared(number: number): boolean {
    return this.parts.folds?.hasShard(number) === true;
  }

  private get hasPlenty(): boolean {
    const { memory } = this.parts;
    return !memory.isLimited || this.allowanceBytes >= PLENTY_UNITS * memory.unitBytes;
  }

  private get unappliedBytes(): number {
    const { state, appliedEverywhere } = this.parts;
    return state.log.bytesBetween(appliedEverywhere(), state.log.lastIndex);
  }
}
