/** One request after the other, whatever becomes of them, and the longest time without an answer. */
import { asDcacheError } from '../../../src/base/errors.js';

/** A lane that was refused at once does not ask again in the same breath. */
const PAUSE_MS = 5;

export class Lane {
  /** Requests that failed, as code and outcome. */
  readonly failures: string[] = [];
  private readonly ask: (n: number) => Promise<unknown>;
  private readonly ended: Promise<void>;
  private stopped = false;
  private answeredAtMs = performance.now();
  private longestMs = 0;

  /** @param ask makes the n-th request */
  constructor(ask: (n: number) => Promise<unknown>) {
    this.ask = ask;
    this.ended = this.run();
  }

  /** The longest time without an answer since this was asked last, the one under way included. */
  takeLongestMs(): number {
    const nowMs = performance.now();
    const longestMs = Math.max(this.longestMs, nowMs - this.answeredAtMs);
    this.longestMs = 0;
    this.answeredAtMs = nowMs;
    return longestMs;
  }

  stop(): Promise<void> {
    this.stopped = true;
    return this.ended;
  }

  private async run(): Promise<void> {
    for (let n = 0; !this.stopped; n++) {
      try {
        await this.ask(n);
        const nowMs = performance.now();
        this.longestMs = Math.max(this.longestMs, nowMs - this.answeredAtMs);
        this.answeredAtMs = nowMs;
      } catch (error) {
        const { code, outcome } = asDcacheError(error);
        if (code === 'INTERNAL') throw error;
        this.failures.push(`${code} (${outcome})`);
        await pause(PAUSE_MS);
      }
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
