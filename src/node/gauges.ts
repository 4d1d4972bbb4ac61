/** What a scrape of the metrics reads off a node. */
import type { ControlActor } from '../actors/control/control-actor.js';
import type { DataPlane, EccReport } from '../actors/data-plane.js';
import type { ActorHandle } from '../actors/runtime/actor.js';
import { LOSS_NOTICES } from '../cluster/cluster-map.js';
import type { Metrics } from '../base/metrics.js';

export function registerGauges(
  metrics: Metrics,
  plane: DataPlane,
  control: () => ActorHandle<ControlActor> | undefined,
): void {
  metrics.gauge('requestsInFlight', {}, () => plane.requestsInFlight);
  metrics.gauge('storeKeys', {}, () => plane.storeStats.keys);
  for (const what of Object.keys(plane.storeStats.bytesFor)) {
    metrics.gauge('storeBytes', { for: what }, () => plane.storeStats.bytesFor[what] ?? 0);
  }
  metrics.gauge('raftTerm', {}, () => plane.currentView?.term ?? 0);
  metrics.gauge('raftApplied', {}, () => plane.appliedIndex);
  metrics.gauge('raftIsLeader', {}, () => (plane.currentView?.role === 'leader' ? 1 : 0));
  metrics.gauge('raftHasLeader', {}, () => ((plane.currentView?.leader ?? 0) === 0 ? 0 : 1));
  if (plane.ecc !== undefined) registerEccGauges(metrics, () => plane.ecc);
  metrics.gauge('mailboxMessages', { actor: 'control' }, () => control()?.pendingMessages() ?? 0);
}

function registerEccGauges(metrics: Metrics, report: () => EccReport | undefined): void {
  metrics.gauge('leaseLeft', {}, () => (report()?.leaseLeftMs ?? 0) / 1000);
  metrics.gauge('memory', { of: 'cap' }, () => report()?.memory.capBytes ?? 0);
  metrics.gauge('memory', { of: 'free' }, () => report()?.memory.freeBytes ?? 0);
  metrics.gauge('memory', { of: 'reserve' }, () => report()?.memory.reserveBytes ?? 0);
  metrics.gauge('partitionsLed', {}, () => report()?.partitionsLed ?? 0);
  metrics.gauge('lostGroups', {}, () => report()?.lostGroups.length ?? 0);
  metrics.gauge('lossGeneration', {}, () =>
    (report()?.map.groups ?? []).reduce((sum, { lossGeneration }) => sum + lossGeneration, 0),
  );
  for (const loss of LOSS_NOTICES) {
    if (loss === 'none') continue;
    metrics.gauge('lossUnacknowledged', { loss }, () => {
      return (report()?.map.groups ?? []).filter((group) => group.loss === loss).length;
    });
  }
  metrics.gauge('transferLeft', {}, () =>
    (report()?.transfers ?? []).reduce((sum, { totalBytes, doneBytes }) => sum + totalBytes - doneBytes, 0),
  );
  metrics.gauge('candidateBytes', {}, () => report()?.candidateBytes ?? 0);
  metrics.gauge('groupsInSync', {}, () => {
    const groups = report()?.map.groups ?? [];
    return groups.filter(({ holders, inSync }) => inSync.length === holders.length).length;
  });
}
