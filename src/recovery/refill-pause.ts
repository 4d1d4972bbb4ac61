/**
 * A node whose memory cap cannot hold its part of a group breaks off learning it. Beginning anew at once would send the same segments
 * again and again; so it pauses, twice as long each time, and the leader of the map does not let it join meanwhile. Over when it is
 * in sync in all its groups: then its part fits.
 *
 * Pure: time is an argument.
 */

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 64_000;

export class RefillPause {
  private attempts = 0;
  private untilMs = -Infinity;

  /** A refill was broken off for lack of memory. Returns how long the pause is that begins now; undefined if one lasts. */
  onLack(nowMs: number): number | undefined {
    if (this.isPaused(nowMs)) return undefined;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.attempts);
    this.attempts++;
    this.untilMs = nowMs + pauseMs;
    return pauseMs;
  }

  onInSync(): void {
    this.attempts = 0;
    this.untilMs = -Infinity;
  }

  isPaused(nowMs: number): boolean {
    return nowMs < this.untilMs;
  }

  /** Until the pause is over, ms; 0 if none lasts. */
  leftMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.untilMs - nowMs));
  }
}
