/**
 * Runs a schedule over the bytes of shards.
 *
 * The format: packet p of a shard of S bytes is bytes p S/w to (p + 1) S/w of it, whatever S is. The addon cuts shards
 * into bands first when they exceed its guess at a cache, so that its bytes depend on that guess; ours do not. Working in
 * tiles, some KiB of every packet at a time, cannot change a result, since the bytes at one offset of all packets depend
 * on each other only. Tiles bound the scratch memory; measured, long runs beat small tiles even where the cache is
 * exceeded (RS(3,2) at 256 KiB, cold: 110 us whole, 130 us in tiles of 32 KiB, 210 us of 4 KiB).
 */
import { assert } from '../base/assert.js';
import type { Schedule, Step } from './schedule.js';
import type { Block, XorKernel } from './xor-kernel.js';

/**
 * @param blocks the shards of the schedule in its order, then a scratch block of `scratchBytes` or more. Inputs are
 *   read, outputs written; no output overlaps another block.
 * @param packetBytes length of a packet. @param tileBytes at most so much of a packet is worked on at a time.
 */
export function runSchedule(
  schedule: Schedule,
  kernel: XorKernel,
  blocks: readonly Block[],
  packetBytes: number,
  tileBytes: number,
): void {
  if (packetBytes <= tileBytes) {
    for (const step of schedule.steps) {
      const sourceOffset = step.sourcePacket * packetBytes;
      const targetOffset = step.targetPacket * packetBytes;
      apply(kernel, blocks, step, sourceOffset, targetOffset, step.count * packetBytes);
    }
    return;
  }
  for (let offset = 0; offset < packetBytes; offset += tileBytes) {
    const sizeBytes = Math.min(tileBytes, packetBytes - offset);
    for (const step of schedule.steps) {
      // Scratch packets hold one tile each; packets of shards are packetBytes apart.
      const fromScratch = step.sourceBlock === schedule.shardBlocks;
      const toScratch = step.targetBlock === schedule.shardBlocks;
      for (let i = 0; i < step.count; i++) {
        const source = step.sourcePacket + i;
        const target = step.targetPacket + i;
        const sourceOffset = fromScratch ? source * tileBytes : source * packetBytes + offset;
        const targetOffset = toScratch ? target * tileBytes : target * packetBytes + offset;
        apply(kernel, blocks, step, sourceOffset, targetOffset, sizeBytes);
      }
    }
  }
}

/** Size of the scratch block that a run needs. */
export function scratchBytes(schedule: Schedule, packetBytes: number, tileBytes: number): number {
  return schedule.scratchPackets * Math.min(packetBytes, tileBytes);
}

/** The schedule that is fastest for a kernel and a packet size: few calls for small packets, few bytes for large ones. */
export function cheapestSchedule(
  schedules: readonly Schedule[],
  kernel: XorKernel,
  packetBytes: number,
  tileBytes: number,
): Schedule {
  const tiles = Math.ceil(packetBytes / tileBytes);
  const costOf = ({ steps, packetOperations }: Schedule): number =>
    (tiles === 1 ? steps.length : packetOperations * tiles) * kernel.callOverheadBytes + packetOperations * packetBytes;
  return schedules.reduce((best, candidate) => (costOf(candidate) < costOf(best) ? candidate : best));
}

function apply(
  kernel: XorKernel,
  blocks: readonly Block[],
  step: Step,
  sourceOffset: number,
  targetOffset: number,
  sizeBytes: number,
): void {
  const source = blocks[step.sourceBlock];
  const target = blocks[step.targetBlock];
  assert(source !== undefined && target !== undefined, 'every block of the schedule is given');
  if (step.copies) kernel.copy(source, sourceOffset, target, targetOffset, sizeBytes);
  else kernel.xor(source, sourceOffset, target, targetOffset, sizeBytes);
}
