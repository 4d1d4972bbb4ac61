/** What requests mean for the store of a partition, by the same rules as in raft mode (store/kv-decisions.ts). */
import { KvDecisions } from '../../store/kv-decisions.js';
import { segmentsNeeded } from '../../store/segments-needed.js';
import type { Decisions } from './partition-service.js';
import type { LedPartition } from './replica.js';

export function decisionsOf(primary: LedPartition): Decisions {
  const decisions = new KvDecisions({
    segments: () => primary.store,
    // A value's version is the index of its entry, at least: entries of one request may be several.
    nextVersion: () => primary.lastIndex + 1,
    // Which values are cold is the business of the primary alone: its evictions are logged as what they remove.
    onHit: () => primary.store.touchTag(primary.store.entry.tag),
    removesExpired: true,
  });
  return {
    segmentsNeeded: (request) => segmentsNeeded(primary.store, request),
    write: (request) => decisions.write(request),
    finish: (request, run) => decisions.finish(run, request),
    read: (request, nowMs) => decisions.read(request, nowMs),
    removeIfOver: (key, nowMs) => {
      primary.store.tick(nowMs, 0);
      decisions.removeIfOver(key);
    },
  };
}
