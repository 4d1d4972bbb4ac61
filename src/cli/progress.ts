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
  if (total === undefined) return SILENT;
  return (await progressMaker(shown))(total);
}

/** For several bars, one after the other: starts each without waiting. */
export async function progressMaker(shown: boolean): Promise<(total: number) => Progress> {
  if (!shown || !process.stderr.isTTY) return () => SILENT;
  const { default: cliProgress } = await import('cli-progress');
  return (total) => {
    if (total === 0) return SILENT;
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
  };
}
