/** The state of a cluster for people: a table of nodes and one sentence. */
import type { ClusterReport, NodeReport } from '../adapters/grpc/backend.js';
import { eccSentence, eccTable, recoveryLines } from './ecc-status.js';
import { plainTable, presentBytes, presentTime, type Cell } from './tables.js';

const COLUMNS = ['node', 'pid', 'client', 'control', 'role', 'term', 'commit', 'applied', 'keys', 'bytes', 'uptime'];

export function statusTable(report: ClusterReport): string {
  const { nodes, map } = report;
  const table = map === undefined ? plainTable(COLUMNS, nodes.map(row)) : eccTable(nodes, map);
  const paragraphs = [table, recoveryLines(nodes).join('\n'), summary(report)];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

/** "serving; 1 more node may fail" */
export function summary(report: ClusterReport): string {
  const { nodes, up, needed, clusterId, mode } = report;
  const cluster = clusterId === '' ? 'cluster not founded yet' : `cluster ${clusterId.slice(0, 8)}, ${mode} mode`;
  if (report.map !== undefined) return `${cluster}${eccSentence(report, report.map)}`;
  const spare = up - needed;
  const leader = nodes.find((node) => node.role === 'leader');
  const count = `${up} of ${nodes.length} nodes up`;
  if (spare < 0) return `${cluster}: not serving; ${count}, ${needed} needed`;
  if (leader === undefined) return `${cluster}: not serving; ${count}, no leader elected yet`;
  const more = spare === 0 ? 'no further node may fail' : `${spare} more ${spare === 1 ? 'node' : 'nodes'} may fail`;
  return `${cluster}: serving; ${count}, ${more}`;
}

function row(node: NodeReport): Cell[] {
  const { nodeId, clientAddress, controlAddress } = node;
  if (!node.up) return [nodeId, '-', clientAddress || '-', controlAddress, 'down', '-', '-', '-', '-', '-', '-'];
  const { pid, role, term, commit, applied, keys, bytes, uptimeMs } = node;
  return [
    nodeId,
    pid,
    clientAddress,
    controlAddress,
    role,
    term,
    commit,
    applied,
    keys,
    presentBytes(bytes),
    presentTime(uptimeMs),
  ];
}
