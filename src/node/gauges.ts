/** What a scrape of the metrics reads off a node. */
import type { ControlActor } from '../actors/control/control-actor.js';
import type { Router } from '../actors/data/router.js';
import type { ActorHandle } from '../actors/runtime/actor.js';
import { STORE_BYTES } from '../store/store.js';
import type { Metrics } from '../base/metrics.js';

export function registerGauges(
  metrics: Metrics,
  router: Router,
  control: () => ActorHandle<ControlActor> | undefined,
): void {
  metrics.gauge('requestsInFlight', {}, () => router.requestsInFlight);
  metrics.gauge('storeKeys', {}, () => router.storeStats.keys);
  for (const what of STORE_BYTES) metrics.gauge('storeBytes', { for: what }, () => router.storeStats.bytesFor[what]);
  metrics.gauge('raftTerm', {}, () => router.currentView?.term ?? 0);
  metrics.gauge('raftApplied', {}, () => router.appliedIndex);
  metrics.gauge('raftIsLeader', {}, () => (router.currentView?.role === 'leader' ? 1 : 0));
  metrics.gauge('raftHasLeader', {}, () => ((router.currentView?.leader ?? 0) === 0 ? 0 : 1));
  metrics.gauge('mailboxMessages', { actor: 'control' }, () => control()?.pendingMessages() ?? 0);
}
