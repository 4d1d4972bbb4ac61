/** Waits for a condition instead of sleeping. */

/** Resolves once `condition` holds, asked every turn of the event loop; fails after `deadlineMs`. */
export async function waitFor(what: string, condition: () => boolean, deadlineMs = 30_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
