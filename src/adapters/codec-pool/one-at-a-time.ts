/**
 * Answers before it begins the next: for synchronous work in a Piscina worker that is handed several tasks at a time.
 *
 * Piscina starts all tasks that it finds at its door before it looks at the result of the first. With work that never lets go of the
 * thread, the first answer would leave when the last task is done, and the worker would be idle while the main thread answers that.
 */

/**
 * @param run synchronous; the promise of its input carries what it throws.
 * @returns `run` as a function that may be called again at once: whoever awaits a result goes on before the next run begins.
 */
export function oneAtATime<Input, Output>(run: (input: Input) => Output): (input: Input) => Promise<Output> {
  let previous: Promise<unknown> = Promise.resolve();
  return (input) => {
    // Reactions run in the order in which they were asked for, so the caller, who has the promise first, comes before the next run.
    const next = (): Output => run(input);
    const output = previous.then(next, next);
    previous = output;
    return output;
  };
}
