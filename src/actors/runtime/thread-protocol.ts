/**
 * What goes over the port between an actor thread and its owner. Calls and their replies are Comlink's; the rest are
 * one-way posts on the same port, so that events keep their place before the reply that follows them.
 */
import type { MessagePort } from 'node:worker_threads';
import type { WireError } from './wire-error.js';

/** `workerData` of an actor thread. */
export interface ThreadStart {
  readonly port: MessagePort;
  readonly options: unknown;
}

export type WireReply =
  | { readonly type: 'answer'; readonly value: unknown }
  | { readonly type: 'refusal' | 'failure'; readonly error: WireError };

/** What the thread exposes through Comlink. */
export interface ThreadHost {
  deliver(method: string, args: readonly unknown[]): Promise<WireReply>;
  dispose(): Promise<WireReply>;
}

/** One-way posts of the thread. Comlink passes over messages without its `id`. */
export type ThreadPost =
  | { readonly post: 'ready' }
  | { readonly post: 'not-made'; readonly error: WireError }
  | { readonly post: 'events'; readonly events: readonly unknown[] }
  | { readonly post: 'failed'; readonly error: WireError };

export function isThreadPost(message: unknown): message is ThreadPost {
  return typeof message === 'object' && message !== null && 'post' in message;
}
