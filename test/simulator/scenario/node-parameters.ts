/** What a node of either mode is configured with, and the disk it runs on. */
import type { FlowLimits } from '../../../src/actors/control/control-options.js';
import type { SnapshotPolicy } from '../../../src/actors/control/snapshot-keeper.js';
import type { Draw } from './draw.js';
import type { DiskParameters } from './parameters.js';

/** Narrow windows as often as those of a real node, so that messages are cut and senders wait. */
export function drawFlow(draw: Draw): FlowLimits {
  const maxAppendBytes = draw.one('append size', 60, 400, 1_000_000);
  return {
    maxAppendBytes,
    maxInflightAppends: draw.one('appends under way', 1, 3, 256),
    maxInflightBytes: maxAppendBytes * draw.one('bytes under way', 1, 16),
    // As on a real node, what a large value has under way (SIM_PIECES) leaves small writes some room.
    maxUncommittedBytes: draw.one('uncommitted bytes', 8_000, 100_000_000),
    maxCommittedBytesPerReady: draw.one('committed bytes at once', 100, 4_000_000),
  };
}

export function drawSnapshots(draw: Draw): SnapshotPolicy {
  return {
    minLogBytes: draw.one('log before a snapshot', 300, 1_000, 4_000, 1_000_000),
    keptEntries: draw.one('entries kept', 0, 0, 3, 30),
  };
}

export function drawDisk(draw: Draw): DiskParameters {
  return {
    minWriteMs: draw.one('fastest write', 0.05, 0.5),
    maxWriteMs: draw.one('slowest write', 0.5, 2, 15),
    maxFileStepMs: draw.one('file step', 0.2, 20, 100),
  };
}

/** From one thread of a process to the other. */
export function drawHopMs(draw: Draw): number {
  return draw.one('hop', 0.02, 0.2, 2);
}
