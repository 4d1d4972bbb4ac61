/** The lease of this node, published by the control thread and read by the main thread before every answer (I4(e)). */
import type { LeaseGrant } from '../../cluster/lease-holder.js';
import { newPublishedNumbers, NumbersReader, NumbersWriter, type Numbers } from '../runtime/published-numbers.js';

const NAMES = ['leaseEndMs', 'leaseMapIndex'] as const;

/** Shared by the two threads; at first a lease that has run out long ago. Times are `Scheduler.nowMs`, which threads share. */
export function newLeaseMemory(): SharedArrayBuffer {
  return newPublishedNumbers(NAMES);
}

export function leasePublisher(memory: SharedArrayBuffer): (grant: LeaseGrant) => void {
  const writer = new NumbersWriter(memory, NAMES);
  return ({ leaseEndMs, mapIndex }) => writer.publish({ leaseEndMs, leaseMapIndex: mapIndex });
}

/**
 * The latest grant; the same object as long as it is the latest. One that is not usable yet, because the main thread has not
 * applied the map that far, does not end an earlier one: whoever reads keeps that.
 */
export function leaseReader(memory: SharedArrayBuffer): () => Numbers<(typeof NAMES)[number]> {
  const reader = new NumbersReader(memory, NAMES);
  return () => reader.read();
}
