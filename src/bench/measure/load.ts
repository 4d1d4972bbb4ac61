/**
 * The two ways to put load on a system.
 *
 * *Closed loop*: so many clients, each of which sends its next request when the last one is answered. When the system stalls they
 * wait with it, and the requests that they would have sent meanwhile are not in the figures (coordinated omission).
 *
 * *Open loop*: requests at a fixed rate, whatever becomes of the earlier ones, as from a world of users. The latency of each counts
 * from when it was due, not from when it was sent, so that a stall is felt by all who would have come.
 */

/** Sends one request and settles when that is over. Does not reject: failures are the sender's to count. @param dueMs on `performance`'s clock */
export type SendOne = (dueMs: number) => Promise<void>;

export interface Span {
  /** On `performance`'s clock. */
  readonly endsAtMs: number;
  /** Aborted: no further request is sent. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when the last request is over. @param clients 1 or more */
export async function closedLoop(clients: number, { endsAtMs, signal }: Span, send: SendOne): Promise<void> {
  const lane = async (): Promise<void> => {
    for (;;) {
      const nowMs = performance.now();
      if (nowMs >= endsAtMs || signal?.aborted === true) return;
      await send(nowMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, lane));
}

/** Requests under way in the open loop, at most; those that are due then wait, and their latency counts on. */
const MAX_UNDER_WAY = 16_384;
/** Node's timers are no finer. */
const TICK_MS = 1;

/** Of a request: what sums of times may be off by. */
const ROUNDING = 1e-6;

/**
 * Resolves when the last request is over.
 * @param perSecond above 0. @param startsAtMs when the first request is due, on `performance`'s clock.
 */
export async function openLoop(
  perSecond: number,
  startsAtMs: number,
  { endsAtMs, signal }: Span,
  send: SendOne,
): Promise<void> {
  // The clock has fractions: what is due at the very end, or a rounding error before it, is none of this run.
  const total = Math.ceil(((endsAtMs - startsAtMs) * perSecond) / 1000 - ROUNDING);
  const dueMs = (n: number): number => startsAtMs + (n * 1000) / perSecond;
  let sent = 0;
  let underWay = 0;
  let onAllOver: () => void = () => undefined;
  const allOver = new Promise<void>((resolve) => (onAllOver = resolve));
  const isOver = (): boolean => sent >= total || signal?.aborted === true;
  const sendDue = (): void => {
    const nowMs = performance.now();
    while (!isOver() && underWay < MAX_UNDER_WAY && dueMs(sent) <= nowMs) {
      underWay++;
      void send(dueMs(sent++)).then(() => {
        underWay--;
        if (underWay === 0 && isOver()) onAllOver();
      });
    }
    if (!isOver()) setTimeout(sendDue, Math.max(TICK_MS, Math.min(TICK_MS * 100, dueMs(sent) - nowMs)));
    else if (underWay === 0) onAllOver();
  };
  sendDue();
  await allOver;
}
