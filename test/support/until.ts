/** Waiting for a condition on other processes, which no event of this one announces. */

const POLL_MS = 50;

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
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}\n${onFailure?.() ?? ''}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
