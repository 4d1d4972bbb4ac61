/**
 * What a client can ask of the cache and what it is told: one closed union each, shared by client library, adapters,
 * router and store. Keys and values are byte strings; whoever makes a request hands its buffers over and does not write
 * to them again; buffers in a reply belong to the receiver.
 */

import { LIMITS } from '../base/limits.js';

/** What must hold, on the newest value of the key, for a write to happen. */
export type Condition =
  | { readonly type: 'always' }
  | { readonly type: 'absent' }
  | { readonly type: 'present' }
  | { readonly type: 'version'; readonly version: number };

export const ALWAYS: Condition = { type: 'always' };

/** What happens to a key's time to live when its value is set. */
export type Lifetime =
  | { readonly type: 'forever' }
  | { readonly type: 'keep' }
  /** `ttlMs` counts from the moment that the write is decided. 1..maxTtlMs. */
  | { readonly type: 'ttl'; readonly ttlMs: number };

export const FOREVER: Lifetime = { type: 'forever' };

export type WriteRequest =
  | {
      readonly type: 'set';
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      readonly lifetime: Lifetime;
      readonly condition: Condition;
      readonly returnOld: boolean;
    }
  | { readonly type: 'delete'; readonly key: Uint8Array; readonly condition: Condition }
  /** `lifetime` says what the key's time to live becomes. */
  | { readonly type: 'expire'; readonly key: Uint8Array; readonly lifetime: Lifetime }
  /** The value is a decimal 64-bit signed integer. A missing key counts as 0 and keeps no time to live. */
  | { readonly type: 'increment'; readonly key: Uint8Array; readonly delta: bigint }
  | { readonly type: 'append'; readonly key: Uint8Array; readonly value: Uint8Array }
  /** `partition`: only that one; between nodes of ecc mode (ecc-router.ts). */
  | { readonly type: 'flush'; readonly partition?: number };

export type ReadRequest =
  /** `pin`: a large value may be answered by `pinned`, for a caller that releases it. */
  | { readonly type: 'get'; readonly key: Uint8Array; readonly pin?: true }
  | { readonly type: 'inspect'; readonly key: Uint8Array }
  | {
      readonly type: 'scan';
      readonly prefix: Uint8Array;
      /** Empty for the first page, then the cursor of the page before. Opaque. */
      readonly cursor: Uint8Array;
      /** 1..maxScanPage. */
      readonly limit: number;
      readonly withValues: boolean;
      /** Only that one; the cursor is that of its store (ecc-router.ts). */
      readonly partition?: number;
    }
  | { readonly type: 'count'; readonly partition?: number };

export type KvRequest = ReadRequest | WriteRequest;

export type WriteReply =
  | {
      readonly type: 'set';
      /** False when the condition did not hold. */
      readonly applied: boolean;
      /** Version that the key has now, 0 when it does not exist. */
      readonly version: number;
      /** The value before, null when there was none or it was not asked for. */
      readonly old: Uint8Array | null;
    }
  | { readonly type: 'delete'; readonly deleted: boolean }
  | { readonly type: 'expire'; readonly changed: boolean }
  | { readonly type: 'increment'; readonly value: bigint; readonly version: number }
  | { readonly type: 'append'; readonly valueBytes: number; readonly version: number }
  | { readonly type: 'flush'; readonly removed: number }
  | Rejection;

/** Decided, and nothing changed: the request asks for what cannot be, or there is no memory for it. */
export interface Rejection {
  readonly type: 'rejected';
  readonly code: 'INVALID_ARGUMENT' | 'KEY_TOO_LARGE' | 'VALUE_TOO_LARGE' | 'STORE_FULL' | 'OVERLOADED';
  readonly message: string;
}

export interface ScanEntry {
  readonly key: Uint8Array;
  /** Empty unless values were asked for. */
  readonly value: Uint8Array;
  readonly version: number;
  /** Time left in ms, null when the key lives for ever. */
  readonly ttlMs: number | null;
}

/** A value without a copy of it, to be sent piece by piece. */
export interface PinnedValue {
  /** Together the value. They stay as they are until `release`, whatever is written meanwhile. */
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  /** To be called when the parts are not needed any more. Idempotent. */
  release(): void;
}

export type ReadReply =
  /** `value` is null when the key does not exist; `version` is 0 then. */
  | { readonly type: 'get'; readonly value: Uint8Array | null; readonly version: number }
  /** To a get with `pin`. Whoever has it releases the value, or hands it on (`releaseReply`). */
  | { readonly type: 'pinned'; readonly value: PinnedValue; readonly version: number }
  | {
      readonly type: 'inspect';
      readonly found: boolean;
      readonly version: number;
      readonly valueBytes: number;
      /** Time left in ms, null when the key lives for ever. */
      readonly ttlMs: number | null;
    }
  /** `cursor` is empty after the last page. */
  | { readonly type: 'scan'; readonly entries: readonly ScanEntry[]; readonly cursor: Uint8Array }
  | { readonly type: 'count'; readonly keys: number };

export type KvReply = ReadReply | WriteReply;

/** Nobody will send `reply`: lets go of what it holds. */
export function releaseReply(reply: KvReply): void {
  if (reply.type === 'pinned') reply.value.release();
}

export function isWrite(request: KvRequest): request is WriteRequest {
  switch (request.type) {
    case 'get':
    case 'inspect':
    case 'scan':
    case 'count':
      return false;
    default:
      return true;
  }
}

/** Bytes of key and value that the request carries: what bounded queues count. */
export function requestBytes(request: KvRequest): number {
  switch (request.type) {
    case 'set':
    case 'append':
      return request.key.length + request.value.length;
    case 'scan':
      return request.prefix.length + request.cursor.length;
    case 'count':
    case 'flush':
      return 0;
    default:
      return request.key.length;
  }
}

/** The value of a request that is large enough to travel in pieces. Borrowed. */
export function largeValueOf(request: KvRequest): Uint8Array | undefined {
  if (request.type !== 'set' && request.type !== 'append') return undefined;
  return request.value.length > LIMITS.largeValueBytes ? request.value : undefined;
}
