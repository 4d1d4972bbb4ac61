/** `cluster recover`: looks at a cluster again and again until all that is watched is whole, or the time is over. */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { DcacheError } from '../../base/errors.js';
import type { RecoveryEvent } from './recovery-events.js';
import { RecoveryWatch } from './recovery-watch.js';

const POLL_MS = 250;

export interface WatchParts {
  /** Rejects with a DcacheError; a retryable one is tried again. */
  readonly fetchReport: () => Promise<ClusterReport>;
  readonly tell: (event: RecoveryEvent) => void;
  /** Only these nodes; empty: all. */
  readonly asked: readonly string[];
  /** 0: one look. */
  readonly waitMs: number;
  /** Ends the watch with what has been seen by then. */
  readonly signal: AbortSignal;
}

/** Resolves with the last state. Rejects when nobody has ever answered, and with INVALID_ARGUMENT for a node that is not there. */
export async function watchRecovery(parts: WatchParts): Promise<RecoveryWatch> {
  const { tell, waitMs, signal } = parts;
  const watch = new RecoveryWatch(parts.asked);
  const startedAtMs = performance.now();
  for (;;) {
    const report = await look(parts, watch);
    const nowMs = performance.now();
    for (const event of watch.observe(report, nowMs)) tell(event);
    if (watch.isOver(nowMs) || signal.aborted || nowMs - startedAtMs >= waitMs) return watch;
    await pause(signal);
  }
}

/** Undefined when nobody answers who has answered before. */
async function look({ fetchReport }: WatchParts, watch: RecoveryWatch): Promise<ClusterReport | undefined> {
  try {
    return await fetchReport();
  } catch (error) {
    if (watch.hasSeen && error instanceof DcacheError && error.retryable) return undefined;
    throw error;
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, POLL_MS);
    signal.addEventListener('abort', end, { once: true });
  });
}
