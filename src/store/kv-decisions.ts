/**
 * What a request does to a store of segments and how it is answered, in both modes: in raft mode each replica decides it as it stands in
 * the log, in ecc mode the primary decides it on its newest state and logs what came of it. The rules themselves are those of
 * write-rules.ts, which the Map store shares.
 *
 * Time is the store's clock: whoever writes moves it on first. Nothing here waits: what has to be at hand, is (segments-needed.ts).
 */
import { assertNever } from '../base/assert.js';
import { concatBytes, EMPTY_BYTES } from '../base/bytes.js';
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';
import { encodeInteger } from './integer-value.js';
import { MAX_48_BITS } from './record.js';
import type { ReadReply, ReadRequest, Rejection, WriteReply, WriteRequest } from './requests.js';
import { scanPage } from './scan-page.js';
import type { ValueWrite } from './logged-writes.js';
import type { SegmentStore } from './segment-store.js';
import type { FragmentRun } from './values.js';
import {
  appendRefusal,
  conditionHolds,
  expiryOf,
  incremented,
  rejected,
  timeLeftMs,
  type Present,
} from './write-rules.js';

type Write<Type extends WriteRequest['type']> = Extract<WriteRequest, { type: Type }>;
/** A write to one key. A flush is the business of whoever owns the store. */
export type KeyWrite = Exclude<WriteRequest, { type: 'flush' }>;

export interface DecisionParts {
  /** The store now: it may be replaced between two calls. */
  readonly segments: () => SegmentStore;
  /** The version that the next value takes, larger than all before. May be asked for in vain. */
  readonly nextVersion: () => number;
  /** A value has taken that version. */
  readonly onWritten?: (version: number) => void;
  /** A get has found the value that `segments().entry` describes. */
  readonly onHit?: () => void;
  /**
   * A write that finds a value whose time is over removes it, so that its answer waits for the removal (I2). In raft mode the log's
   * time decides what is over, and replicas need no removal to agree.
   */
  readonly removesExpired?: boolean;
}

export class KvDecisions {
  private readonly parts: DecisionParts;

  constructor(parts: DecisionParts) {
    this.parts = parts;
  }

  /** Decides on the newest value of the key and carries it out. What cannot be is answered as a rejection, and changes no value. */
  write(request: KeyWrite): WriteReply {
    try {
      return this.decide(request);
    } catch (error) {
      if (error instanceof DcacheError && isRejection(error.code)) return rejected(error.code, error.message);
      throw error;
    }
  }

  /**
   * As `write`, of a request whose value is that of `run` instead of its own, which is empty. The run is over then, whatever the answer;
   * for an append all its bytes have to be here.
   */
  finish(run: FragmentRun, request: ValueWrite): WriteReply {
    const { segments } = this;
    try {
      if (this.parts.removesExpired === true) this.removeIfOver(request.key);
      if (request.type === 'append') {
        const value = segments.values.joinRun(run);
        segments.dropRun(run);
        return this.append({ ...request, value });
      }
      const reply = this.set(request, (expiresAtMs) => this.putRun(run, expiresAtMs));
      if (reply.type === 'set' && !reply.applied) segments.dropRun(run);
      return reply;
    } catch (error) {
      if (!(error instanceof DcacheError && isRejection(error.code))) throw error;
      segments.dropRun(run);
      return rejected(error.code, error.message);
    }
  }

  /** @param nowMs tells the time left; what exists is decided by the store's clock. Everything in the reply is the caller's. */
  read(request: ReadRequest, nowMs: number): ReadReply {
    switch (request.type) {
      case 'get': {
        if (this.find(request.key) === undefined) return { type: 'get', value: null, version: 0 };
        const { entry } = this.segments;
        this.parts.onHit?.();
        if (request.pin === true && entry.valueBytes > LIMITS.largeValueBytes) {
          const { version } = entry;
          return { type: 'pinned', value: entry.pin(), version };
        }
        return { type: 'get', value: entry.copyOfValue(), version: entry.version };
      }
      case 'inspect': {
        const present = this.find(request.key);
        if (present === undefined) return { type: 'inspect', found: false, version: 0, valueBytes: 0, ttlMs: null };
        const ttlMs = timeLeftMs(present.expiresAtMs, nowMs);
        const { valueBytes } = this.segments.entry;
        return { type: 'inspect', found: true, version: present.version, valueBytes, ttlMs };
      }
      case 'scan':
        return scanPage(this.segments, request, nowMs);
      case 'count':
        return { type: 'count', keys: this.segments.values.keyCount };
      default:
        return assertNever(request, 'read');
    }
  }

  /**
   * Removes the value of `key` if its time is over. False if it is not, or there is none. A change as any write: in ecc mode a read
   * that would answer a miss because of the time makes it first (I2).
   */
  removeIfOver(key: Uint8Array): boolean {
    const { segments } = this;
    if (segments.lookUp(key, segments.clockMs) !== 'expired') return false;
    segments.delete(key, segments.clockMs);
    return true;
  }

  private get segments(): SegmentStore {
    return this.parts.segments();
  }

  private get timeMs(): number {
    return this.segments.clockMs;
  }

  private decide(write: KeyWrite): WriteReply {
    if (this.parts.removesExpired === true) this.removeIfOver(write.key);
    switch (write.type) {
      case 'set':
        return this.set(write);
      case 'delete':
        return this.delete(write);
      case 'expire':
        return this.expire(write);
      case 'increment':
        return this.increment(write);
      case 'append':
        return this.append(write);
      default:
        return assertNever(write, 'write');
    }
  }

  private set(
    write: Write<'set'>,
    put = (expiresAtMs: number): number => this.put(write.key, write.value, expiresAtMs),
  ): WriteReply {
    const { key, condition, lifetime, returnOld } = write;
    const needsBefore = returnOld || condition.type !== 'always' || lifetime.type === 'keep';
    const before = needsBefore ? this.find(key) : undefined;
    const old = returnOld && before !== undefined ? this.segments.entry.copyOfValue() : null;
    if (!conditionHolds(condition, before)) return { type: 'set', applied: false, version: before?.version ?? 0, old };
    const version = put(expiryOf(lifetime, before, this.timeMs));
    return { type: 'set', applied: true, version, old };
  }

  private delete({ key, condition }: Write<'delete'>): WriteReply {
    if (condition.type !== 'always' && !conditionHolds(condition, this.find(key))) {
      return { type: 'delete', deleted: false };
    }
    return { type: 'delete', deleted: this.segments.delete(key, this.timeMs) };
  }

  /** A change of the lifetime alone keeps the version: the value has not changed. */
  private expire({ key, lifetime }: Write<'expire'>): WriteReply {
    const before = this.find(key);
    if (before === undefined) return { type: 'expire', changed: false };
    const expiresAtMs = expiryOf(lifetime, before, this.timeMs);
    if (expiresAtMs === before.expiresAtMs) return { type: 'expire', changed: false };
    const changed = this.segments.setExpiry(key, storedExpiry(expiresAtMs), before.version, this.timeMs);
    return { type: 'expire', changed };
  }

  private increment({ key, delta }: Write<'increment'>): WriteReply {
    const before = this.find(key);
    const value = incremented(before === undefined ? undefined : this.segments.entry.value(), delta);
    if (typeof value !== 'bigint') return value;
    const version = this.put(key, encodeInteger(value), before?.expiresAtMs ?? Infinity);
    return { type: 'increment', value, version };
  }

  private append({ key, value: addition }: Write<'append'>): WriteReply {
    const before = this.find(key);
    const { entry } = this.segments;
    const valueBytes = (before === undefined ? 0 : entry.valueBytes) + addition.length;
    const refusal = appendRefusal(valueBytes);
    if (refusal !== undefined) return refusal;
    const value = concatBytes([before === undefined ? EMPTY_BYTES : entry.value(), addition]);
    return { type: 'append', valueBytes, version: this.put(key, value, before?.expiresAtMs ?? Infinity) };
  }

  /** What the key has now; `segments.entry` then describes it. */
  private find(key: Uint8Array): Present | undefined {
    const { segments } = this;
    if (segments.lookUp(key, segments.clockMs) !== 'hit') return undefined;
    const { version, expiresAtMs } = segments.entry;
    return { version, expiresAtMs: expiresAtMs === 0 ? Infinity : expiresAtMs };
  }

  /** Returns the version of the new value. */
  private put(key: Uint8Array, value: Uint8Array, expiresAtMs: number): number {
    const version = this.parts.nextVersion();
    this.segments.set(key, value, version, this.timeMs, storedExpiry(expiresAtMs));
    this.parts.onWritten?.(version);
    return version;
  }

  private putRun(run: FragmentRun, expiresAtMs: number): number {
    const version = this.parts.nextVersion();
    this.segments.setRun(run, version, this.timeMs, storedExpiry(expiresAtMs));
    this.parts.onWritten?.(version);
    return version;
  }
}

/** As records have it: 0 for ever, else at most what their 48 bits hold. */
function storedExpiry(expiresAtMs: number): number {
  return expiresAtMs === Infinity ? 0 : Math.min(expiresAtMs, MAX_48_BITS);
}

export function isRejection(code: string): code is Rejection['code'] {
  return code === 'STORE_FULL' || code === 'KEY_TOO_LARGE' || code === 'VALUE_TOO_LARGE';
}
