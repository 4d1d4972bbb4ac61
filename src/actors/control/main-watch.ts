/**
 * Notices that the main thread hangs while this one lives. A leader whose main thread hangs would go on sending heartbeats
 * and answer nobody; so it hands leadership over and falls silent, and a node in that state does not campaign (DESIGN.md,
 * section 3).
 */
export class MainWatch {
  private readonly pulse: () => number;
  private readonly limitMs: number;
  private lastPulse = -1;
  private lastChangeMs = 0;

  /**
   * @param pulse a number that the main thread changes several times within `limitMs` as long as it runs.
   */
  constructor(pulse: () => number, limitMs: number) {
    this.pulse = pulse;
    this.limitMs = limitMs;
  }

  /** To be asked regularly. @param nowMs monotonic. */
  hangs(nowMs: number): boolean {
    const pulse = this.pulse();
    if (pulse !== this.lastPulse) {
      this.lastPulse = pulse;
      this.lastChangeMs = nowMs;
    }
    return nowMs - this.lastChangeMs > this.limitMs;
  }
}
