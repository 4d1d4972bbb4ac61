/** Reports about the cluster as messages. What a client gets is the message itself, whose type fits that of the report. */
import type { MapReport } from '../../cluster/map-report.js';
import type { GroupLossReport } from '../../cluster/loss-report.js';
import type { ClusterReport, EccNodeReport, NodeReport } from './backend.js';
import type {
  EccStatus,
  GroupLoss,
  MapResponse,
  NodeStatusResponse,
  StatusResponse,
} from './generated/dcache/v1/cluster.js';

export function writeClusterReport(report: ClusterReport): StatusResponse {
  const { nodes, map } = report;
  return { ...report, nodes: nodes.map(writeNodeReport), map: map && writeMap(map) };
}

export function writeNodeReport(report: NodeReport): NodeStatusResponse {
  const snapshots = report.snapshots.map((snapshot) => ({ ...snapshot }));
  return { ...report, bytesFor: { ...report.bytesFor }, ecc: report.ecc && writeEcc(report.ecc), snapshots };
}

function writeEcc(ecc: EccNodeReport): EccStatus {
  return { ...ecc, lostGroups: [...ecc.lostGroups], transfers: ecc.transfers.map((transfer) => ({ ...transfer })) };
}

export function writeLoss(loss: GroupLossReport): GroupLoss {
  const { over, silent, survivors, fates, missing } = loss;
  const lists = { over: [...over], silent: [...silent], survivors: [...survivors] };
  return { ...loss, ...lists, fates: [...fates], missing: [...missing] };
}

export function writeMap(map: MapReport): MapResponse {
  return { ...map, groups: map.groups.map(writeGroup) };
}

function writeGroup(group: MapReport['groups'][number]): MapResponse['groups'][number] {
  return { ...group, positions: group.positions.map((position) => ({ ...position })) };
}
