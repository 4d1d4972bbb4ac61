/** The one value of a reply that may be large: taken out of it to travel in pieces, and put back. */
import { EMPTY_BYTES } from '../../base/bytes.js';
import { LIMITS } from '../../base/limits.js';
import type { KvReply, PinnedValue } from '../../store/requests.js';
import type { WholeReply } from './kv-replies.js';

/** `value`: what was taken out, undefined if the reply is whole. */
export interface CutReply {
  readonly reply: WholeReply;
  readonly value: PinnedValue | undefined;
}

/** Takes a large value out of a reply. The value of a pinned one is taken out in any case. */
export function cutReply(reply: KvReply): CutReply {
  switch (reply.type) {
    case 'pinned':
      return { reply: { type: 'get', value: EMPTY_BYTES, version: reply.version }, value: reply.value };
    case 'get':
      return isLarge(reply.value)
        ? { reply: { ...reply, value: EMPTY_BYTES }, value: held(reply.value) }
        : whole(reply);
    case 'set':
      return isLarge(reply.old) ? { reply: { ...reply, old: EMPTY_BYTES }, value: held(reply.old) } : whole(reply);
    case 'scan': {
      const [only] = reply.entries;
      if (only === undefined || !isLarge(only.value)) return whole(reply);
      // A page with a large value has no other entry (LIMITS).
      return { reply: { ...reply, entries: [{ ...only, value: EMPTY_BYTES }] }, value: held(only.value) };
    }
    default:
      return whole(reply);
  }
}

/** Undefined when there is no place for a value in the reply. */
export function joinReply(reply: WholeReply, value: Uint8Array): WholeReply | undefined {
  switch (reply.type) {
    case 'get':
      return { ...reply, value };
    case 'set':
      return { ...reply, old: value };
    case 'scan': {
      const [only] = reply.entries;
      return only === undefined ? undefined : { ...reply, entries: [{ ...only, value }] };
    }
    default:
      return undefined;
  }
}

function whole(reply: WholeReply): CutReply {
  return { reply, value: undefined };
}

function isLarge(value: Uint8Array | null): value is Uint8Array {
  return value !== null && value.length > LIMITS.largeValueBytes;
}

/** Memory of its own, which nobody has to let go of. */
function held(value: Uint8Array): PinnedValue {
  return { parts: [value], bytes: value.length, release: () => undefined };
}
