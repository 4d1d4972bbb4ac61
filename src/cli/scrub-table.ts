/** What a scrub of a cluster has found, for people: a table of nodes and one sentence. */
import type { ScrubProgress } from '../actors/data-plane.js';
import { plainTable, presentBytes, type Cell } from './tables.js';

export interface ScrubbedNode {
  readonly nodeId: string;
  /** Undefined: it was not scrubbed, or not to the end; `problem` says why. */
  readonly progress?: ScrubProgress;
  readonly problem?: string;
}

const COLUMNS = ['node', 'shards', 'read', 'mended', 'not mended', 'not checked', ''];

export function scrubTable(nodes: readonly ScrubbedNode[]): string {
  return plainTable(COLUMNS, nodes.map(row));
}

export function totalOf(parts: readonly ScrubProgress[]): ScrubProgress {
  const sum = (name: keyof ScrubProgress): number => parts.reduce((total, part) => total + part[name], 0);
  return {
    stripes: sum('stripes'),
    stripesDone: sum('stripesDone'),
    shards: sum('shards'),
    bytes: sum('bytes'),
    mended: sum('mended'),
    unmended: sum('unmended'),
    unchecked: sum('unchecked'),
  };
}

/** @param isWhole every node was scrubbed and every shard could be checked. */
export function verdictOf({ shards, mended, unmended }: ScrubProgress, isWhole: boolean): string {
  const rest = isWhole ? '' : '; not everything could be checked: scrub again when all nodes are up and in sync';
  if (unmended > 0) {
    return `${many(unmended, 'shard')} could not be mended: too much of the stripe is wrong or missing${rest}`;
  }
  const found = mended === 0 ? `${many(shards, 'shard')} checked, all right` : `${many(mended, 'wrong shard')} mended`;
  return `${found}${rest}`;
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function row({ nodeId, progress, problem }: ScrubbedNode): Cell[] {
  if (progress === undefined) return [nodeId, '-', '-', '-', '-', '-', problem ?? ''];
  const { shards, bytes, mended, unmended, unchecked } = progress;
  return [nodeId, shards, presentBytes(bytes), mended, unmended, unchecked, ''];
}
