/** Waiting for a condition on other processes, which no event of this one announces. */

/**
 * Between two looks: a tenth of the time that has been waited, within these. To ask five nodes how they are takes 20 ms of processor time,
 * which scenes that run beside each other would rather have themselves.
 */
const MIN_POLL_MS = 50;
const MAX_POLL_MS = 200;

export interface UntilOptions {
  readonly deadlineMs?: number;
  /** What to show when the condition has not come true. */
  readonly onFailure?: () => string;
}

/**
 * Resolves with the first value of `condition` that is neither false nor undefined; asks again and again until then. Rejects
 * with what `condition` throws, or after the deadline.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | undefined> | T | false | undefined,
  { deadlineMs = 60_000, onFailure }: UntilOptions = {},
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > deadlineMs) {
      throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}\n${onFailure?.() ?? ''}`);
    }
    const pollMs = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, waitedMs / 10));
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
