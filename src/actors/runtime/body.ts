/**
 * One life of an actor, as its supervisor sees it: in this thread (`Executor`) or in another one (`ThreadBody`). A restart
 * makes a new body. A body reports a failure once and handles nothing afterwards.
 */

/** What became of a message. */
export type Reply =
  | { readonly type: 'answer'; readonly value: unknown }
  /** The actor threw a DcacheError that is an answer: "no". */
  | { readonly type: 'refusal'; readonly error: Error }
  /** The actor failed on this message, and with it as a whole. */
  | { readonly type: 'failure'; readonly error: unknown };

/** Where a body sends what nobody asked for. */
export interface BodyListener {
  /** In order of emission, before the reply to the message during which they were emitted. */
  onEvents(events: readonly unknown[]): void;
  /** The actor failed outside a message, or its thread died. Pending messages are never replied to. */
  onFailure(error: unknown): void;
}

export interface Body {
  /** Resolves when the actor has been made; rejects with the reason when it could not be. */
  start(): Promise<void>;
  /** Messages are handled in the order of these calls. Never rejects; stays pending when the body fails or is killed. */
  deliver(method: string, args: readonly unknown[]): Promise<Reply>;
  /** Disposes of the actor once what was delivered has been handled. Deliver nothing afterwards. */
  dispose(): Promise<Reply>;
  /** Ends this life at once: nothing more is handled, replied to or reported. Idempotent. */
  kill(): Promise<void>;
}
