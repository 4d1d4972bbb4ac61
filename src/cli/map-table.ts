/** The cluster map for people: a row a position. */
import type { ClusterReport } from '../adapters/grpc/backend.js';
import type { GroupReport, PositionReport } from '../cluster/map-report.js';
import { plainTable, type Cell } from './tables.js';

const COLUMNS = ['group', 'epoch', 'position', 'role', 'holder', 'state', 'primary'];

export function mapTable({ map, nodes }: ClusterReport): string {
  if (map === undefined) return 'raft mode has no map: every node holds every value, and the leader takes the writes';
  if (map.groups.length === 0)
    return 'the groups have not been created yet; `dcache cluster status` says what is missing';
  const down = new Set(nodes.filter(({ up }) => !up).map(({ nodeId }) => nodeId));
  const table = plainTable(
    COLUMNS,
    map.groups.flatMap((group) => group.positions.map((position) => row(group, position, down))),
  );
  const partitions = map.groups.length * map.k;
  return `${table}\n\nRS(${map.k},${map.m}): ${map.groups.length} groups, ${partitions} partitions; map index ${map.mapIndex}`;
}

/** Group and epoch stand in the first row of a group only. */
function row({ id, epoch }: GroupReport, place: PositionReport, down: ReadonlySet<string>): Cell[] {
  const { position, role, holder, primary } = place;
  const group = position === 0 ? [id, epoch] : ['', ''];
  return [...group, position, role, holder, state(place, down), role === 'data' ? leads(holder, primary) : '-'];
}

function state({ state, holder }: PositionReport, down: ReadonlySet<string>): string {
  const words = state === 'in-sync' ? 'in sync' : state;
  return down.has(holder) ? `${words}, down` : words;
}

function leads(holder: string, primary: string): string {
  if (primary === '') return 'nobody';
  return primary === holder ? primary : `${primary}, acting`;
}
