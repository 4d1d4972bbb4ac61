/** One request and its answer between two hosts: at most once, each way may be lost, and a process may end in between. */
import { DcacheError } from '../../src/base/errors.js';
import type { Network } from './network.js';
import type { SimThread } from './thread.js';

/** One end of a call. */
export interface Party {
  readonly host: string;
  readonly thread: SimThread;
}

export interface CallOptions<Listener extends Party, Answer> {
  readonly network: Network;
  readonly from: Party;
  readonly toHost: string;
  /** What listens there when the request arrives, undefined when nothing does. */
  readonly listener: () => Listener | undefined;
  readonly serve: (listener: Listener) => Answer | Promise<Answer>;
  readonly timeoutMs: number;
  readonly onTimeout: () => DcacheError;
  /** The process at the other end is not there, or not any more. */
  readonly onBroken: () => DcacheError;
  /** `serve` failed by something else than a DcacheError. */
  readonly onDefect: (error: unknown) => void;
}

export function call<Listener extends Party, Answer>(options: CallOptions<Listener, Answer>): Promise<Answer> {
  const { network, from, toHost, listener, serve } = options;
  return new Promise((resolve, reject) => {
    let open = true;
    const settle = (outcome: () => void): void => {
      if (!open) return;
      open = false;
      stopTimer();
      outcome();
    };
    const stopTimer = from.thread.after(options.timeoutMs, () => settle(() => reject(options.onTimeout())));
    const returnFrom = (departMs: number, outcome: () => void): void => {
      network.send(toHost, from.host, 'call', departMs, () => from.thread.post(() => settle(outcome)));
    };
    const breakOff = (): void => returnFrom(0, () => reject(options.onBroken()));
    const fail = (error: unknown): void => {
      if (!(error instanceof DcacheError)) options.onDefect(error);
      else reject(error);
    };
    network.send(from.host, toHost, 'call', from.thread.effectMs, () => {
      const there = listener();
      if (there === undefined) {
        breakOff();
        return;
      }
      const forgetEnd = there.thread.whenEnded(breakOff);
      const answer = (outcome: () => void): void => {
        forgetEnd();
        if (there.thread.alive) returnFrom(there.thread.effectMs, outcome);
      };
      there.thread.post(() => {
        startServing(() => serve(there)).then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => (error instanceof DcacheError ? answer(() => fail(error)) : fail(error)),
        );
      });
    });
  });
}

async function startServing<Answer>(serve: () => Answer | Promise<Answer>): Promise<Answer> {
  return await serve();
}
