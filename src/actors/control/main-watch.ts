/**
 * Notices that the main thread hangs while this one lives. A leader whose main thread hangs would go on sending heartbeats
 * and answer nobody; so it hands leadership over and falls silent, and a node in that state does not campaign. In ecc mode it
 * would be taken for alive; so after one lease time it sends no heartbeats of its own (DESIGN.md, section 3).
 */
export class MainWatch {
  private readonly pulse: () => number;
  private readonly limitMs: number;
  private readonly onChange: (hangs: boolean) => void;
  private lastPulse = -1;
  private lastChangeMs = 0;
  private hung = false;

  /**
   * @param pulse a number that the main thread changes several times within `limitMs` as long as it runs.
   * @param onChange told by `hangs` when it gives another answer than before.
   */
  constructor(pulse: () => number, limitMs: number, onChange: (hangs: boolean) => void) {
    this.pulse = pulse;
    this.limitMs = limitMs;
    this.onChange = onChange;
  }

  /** To be asked regularly. @param nowMs monotonic. */
  hangs(nowMs: number): boolean {
    const pulse = this.pulse();
    if (pulse !== this.lastPulse) {
      this.lastPulse = pulse;
      this.lastChangeMs = nowMs;
    }
    const hangs = nowMs - this.lastChangeMs > this.limitMs;
    if (hangs !== this.hung) {
      this.hung = hangs;
      this.onChange(hangs);
    }
    return hangs;
  }
}
