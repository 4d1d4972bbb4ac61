/** A progress bar for long work, on stderr, and only where a person looks at it. */
import type { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param done of the total, in whatever unit that is. @param note shown behind the bar. */
  update(done: number, note: string): void;
  stop(): void;
}

export const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** @param total undefined when nobody knows, and then nothing is shown; neither without a terminal. */
export async function startProgress(total: number | undefined, shown: boolean): Promise<Progress> {
  if (!shown || total === undefined || total === 0 || !process.stderr.isTTY) return SILENT;
  const { default: cliProgress } = await import('cli-progress');
  const bar: SingleBar = new cliProgress.SingleBar({
    format: '{bar} {percentage}% | {note}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  bar.start(total, 0, { note: '' });
  return {
    update: (done, note) => bar.update(Math.min(done, total), { note }),
    stop: () => bar.stop(),
  };
}
