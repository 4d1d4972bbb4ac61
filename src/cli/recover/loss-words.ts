/** What declaring a loss would do, in words and numbers for whoever has to decide. */
import type { MapReport } from '../../cluster/map-report.js';
import type { GroupLossReport } from '../../cluster/loss-report.js';
import { plainTable } from '../tables.js';

const FATES: Readonly<Record<string, string>> = {
  kept: 'kept',
  decoded: 'in part',
  emptied: 'lost',
};

/** A table of the groups, and below it what that comes to for the cluster. */
export function lossInWords(losses: readonly GroupLossReport[], map: MapReport): string {
  const partitions = Array.from({ length: map.k }, (_, position) => `partition ${position}`);
  const table = plainTable(
    ['group', 'gone', 'silent', 'still there', ...partitions],
    losses.map(({ group, over, silent, survivors, fates }) => [
      group,
      names(over),
      names(silent),
      names(survivors),
      ...fates.map((fate) => FATES[fate] ?? fate),
    ]),
  );
  return [table, '', ...sentences(losses, map)].join('\n');
}

function sentences(losses: readonly GroupLossReport[], map: MapReport): string[] {
  const total = map.groups.length * map.k;
  const silent = [...new Set(losses.flatMap((loss) => loss.silent))].sort();
  const damaged = losses.filter(({ over, silent: quiet }) => over.length + quiet.length === 0);
  return [
    ...damaged.map(
      ({ group }) =>
        `In group ${group} no node is gone, but bits have flipped in more than its parity can bear: the keys in what nobody can decode are lost.`,
    ),
    `Of the ${total} partitions of the cluster, each with ${share(1, total)} of the slots:`,
    counted(losses, 'emptied', total, 'begin empty: nobody knows anything of them any more'),
    counted(
      losses,
      'decoded',
      total,
      'keep their newest writes and what can still be decoded; the rest of their keys is gone',
    ),
    counted(losses, 'kept', total, 'lose nothing'),
    silent.length === 0 ? '' : `If ${names(silent)} came back first, less would be lost: wait for that if it can be.`,
  ].filter((line) => line !== '');
}

function counted(losses: readonly GroupLossReport[], fate: string, total: number, what: string): string {
  const count = losses.flatMap(({ fates }) => fates).filter((each) => each === fate).length;
  return count === 0 ? '' : `  ${count} (${share(count, total)}) ${what}`;
}

/** "20%" */
function share(part: number, total: number): string {
  return `${Math.round((100 * part) / Math.max(1, total))}%`;
}

function names(list: readonly string[]): string {
  return list.length === 0 ? '-' : list.join(', ');
}
