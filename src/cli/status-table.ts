/** The state of a cluster for people: a table of nodes and one sentence. */
import Table from 'cli-table3';
import type { ClusterReport, NodeReport } from '../adapters/grpc/backend.js';

const COLUMNS = ['node', 'pid', 'client', 'control', 'role', 'term', 'commit', 'applied', 'keys', 'bytes', 'uptime'];

export function statusTable(report: ClusterReport): string {
  const table = new Table({ head: COLUMNS, style: { head: [], border: [], compact: true }, chars: PLAIN });
  for (const node of report.nodes) table.push(row(node));
  return `${table.toString()}\n\n${summary(report)}`;
}

/** "serving; 1 more node may fail" */
export function summary({ nodes, up, needed, clusterId, mode }: ClusterReport): string {
  const spare = up - needed;
  const cluster = clusterId === '' ? 'cluster not founded yet' : `cluster ${clusterId.slice(0, 8)}, ${mode} mode`;
  const leader = nodes.find((node) => node.role === 'leader');
  const count = `${up} of ${nodes.length} nodes up`;
  if (spare < 0) return `${cluster}: not serving; ${count}, ${needed} needed`;
  if (leader === undefined) return `${cluster}: not serving; ${count}, no leader elected yet`;
  const more = spare === 0 ? 'no further node may fail' : `${spare} more ${spare === 1 ? 'node' : 'nodes'} may fail`;
  return `${cluster}: serving; ${count}, ${more}`;
}

function row(node: NodeReport): (string | number)[] {
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

export function presentBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}

function presentTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};
