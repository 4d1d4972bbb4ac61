/** Callers that want the same thing at the same time share the work of the first of them. */
import { DcacheError } from '../base/errors.js';

export class SingleFlight<Result> {
  private readonly flights = new Map<string, Promise<Result>>();

  /**
   * The result of `work`, or of the work under way for the same name. `signal` ends this caller's wait, not the work, which
   * others may wait for.
   */
  run(name: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    let flight = this.flights.get(name);
    if (flight === undefined) {
      flight = work().finally(() => this.flights.delete(name));
      this.flights.set(name, flight);
    }
    return signal === undefined ? flight : unlessAborted(flight, signal);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(new DcacheError('OUTCOME_UNKNOWN', 'aborted; the value may be set all the same, others may wait for it'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
