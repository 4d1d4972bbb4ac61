/** Several progress bars at a time, one below the other, on stderr, and only where a person looks at them. */
import type { MultiBar, SingleBar } from 'cli-progress';

export interface ProgressBars {
  /** Shows a bar of that name. @param percent 0..100 @param note shown behind it */
  update(name: string, percent: number, note: string): void;
  /** Takes it away. */
  remove(name: string): void;
  /** A line above the bars. */
  log(line: string): void;
  stop(): void;
}

/** Undefined without a terminal. */
export async function startBars(): Promise<ProgressBars | undefined> {
  if (!process.stderr.isTTY) return undefined;
  const { default: cliProgress } = await import('cli-progress');
  const all: MultiBar = new cliProgress.MultiBar({
    format: '{name} {bar} {percentage}% | {note}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    // Ctrl-C is for whoever shows the bars.
    gracefulExit: false,
  });
  const bars = new Map<string, SingleBar>();
  return {
    update: (name, percent, note) => {
      const bar = bars.get(name);
      if (bar === undefined) bars.set(name, all.create(100, percent, { name, note }));
      else bar.update(percent, { name, note });
    },
    remove: (name) => {
      const bar = bars.get(name);
      bars.delete(name);
      if (bar !== undefined) all.remove(bar);
    },
    log: (line) => all.log(`${line}\n`),
    stop: () => {
      // What is to be said above the bars goes out with the next drawing.
      all.update();
      all.stop();
    },
  };
}
