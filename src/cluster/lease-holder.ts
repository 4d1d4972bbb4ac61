/**
 * A node's side of its lease (DESIGN.md, I4). A grant counts from when its heartbeat was *sent*, so that a reply that was long
 * under way shortens the lease rather than stretching it; only the sender knows that time, and keeps it here.
 */
import { assert } from '../base/assert.js';
import type { Incarnation } from '../base/ids.js';
import type { HeartbeatReply } from './heartbeat.js';

export interface LeaseGrant {
  /** On the clock of {@link LeaseHolder.begin}. */
  readonly leaseEndMs: number;
  /** Usable by a main thread that has applied the map up to here. */
  readonly mapIndex: number;
}

/** Heartbeats whose replies may still count; far more than a lease is long. */
const MAX_REMEMBERED = 64;

export class LeaseHolder {
  private readonly incarnation: Incarnation;
  /** When each heartbeat was sent, by sequence; the newest MAX_REMEMBERED. */
  private readonly sentMs = new Map<number, number>();
  private lastSequence = 0;
  private current: LeaseGrant = { leaseEndMs: Number.NEGATIVE_INFINITY, mapIndex: 0 };

  constructor(incarnation: Incarnation) {
    this.incarnation = incarnation;
  }

  /** The grant that ends last. */
  get grant(): LeaseGrant {
    return this.current;
  }

  /** To be called when a heartbeat is about to be sent, before anything else is: its sequence. The clock never goes back. */
  begin(nowMs: number): number {
    const sequence = ++this.lastSequence;
    this.sentMs.set(sequence, nowMs);
    this.sentMs.delete(sequence - MAX_REMEMBERED);
    assert(this.sentMs.size <= MAX_REMEMBERED, 'remembered heartbeats are bounded');
    return sequence;
  }

  /** The new grant; undefined when the reply gives nothing beyond the one before. */
  onReply(reply: HeartbeatReply): LeaseGrant | undefined {
    const isToAnotherLife = reply.incarnation !== this.incarnation;
    if (isToAnotherLife) return undefined;
    const sentMs = this.sentMs.get(reply.sequence);
    const isUnknown = sentMs === undefined;
    if (isUnknown) return undefined;
    const grantsNothing = reply.leaseMs <= 0;
    if (grantsNothing) return undefined;
    const leaseEndMs = sentMs + reply.leaseMs;
    const isOlder = leaseEndMs <= this.current.leaseEndMs;
    if (isOlder) return undefined;
    this.current = { leaseEndMs, mapIndex: reply.mapIndex };
    return this.current;
  }
}
