/** Where clients can send their requests, by what the data plane of this node knows. */
import type { DataPlane } from '../actors/data-plane.js';
import type { Topology } from '../adapters/grpc/backend.js';
import type { Mode } from '../base/ids.js';
import { EMPTY_MAP, primaryOf } from '../cluster/cluster-map.js';
import { reportMap, type MapReport } from '../cluster/map-report.js';

/** The map as the plane has applied it; without groups in raft mode, and until they have been created. */
export function mapOf({ ecc }: DataPlane): MapReport {
  return reportMap(ecc?.map ?? EMPTY_MAP, ecc?.mapIndex ?? 0);
}

export function topologyOf(mode: Mode, { currentView, ecc }: Pick<DataPlane, 'currentView' | 'ecc'>): Topology {
  const members = currentView?.members ?? [];
  const addresses = new Map(members.map(({ nodeId, clientAddress }) => [nodeId, clientAddress]));
  const { k, groups } = ecc?.map ?? EMPTY_MAP;
  const primaries = groups.flatMap((group) =>
    Array.from({ length: k }, (_, position) => {
      const primary = primaryOf(group, position);
      return primary === undefined ? '' : (addresses.get(primary.nodeId) ?? '');
    }),
  );
  const leader = members.find(({ raftId }) => raftId === currentView?.leader)?.clientAddress ?? '';
  return {
    nodes: [...addresses.values()].filter((address) => address !== ''),
    leader: mode === 'raft' ? leader : '',
    mode,
    k,
    primaries,
    mapIndex: ecc?.mapIndex ?? 0,
    lossGenerations: groups.map(({ lossGeneration }) => lossGeneration),
  };
}
