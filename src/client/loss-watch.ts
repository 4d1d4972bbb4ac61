/**
 * Notices losses of data from what nodes tell of the cluster: a loss that was declared, or a cold start. What happened before the client knew the
 * cluster is none to it. Nodes may be behind each other; generations only grow.
 */
import type { Topology } from '../adapters/grpc/backend.js';

/** Values of these groups are gone: of some keys after a declared loss, of all after a cold start. */
export interface LossEvent {
  readonly groups: readonly number[];
  /** How many losses each of them has had, in the order of `groups`. */
  readonly lossGenerations: readonly number[];
}

export class LossWatch {
  private known: readonly number[] = [];

  /** The losses that nobody has told this client of before. */
  learn({ lossGenerations }: Pick<Topology, 'lossGenerations'>): LossEvent | undefined {
    const before = this.known;
    if (lossGenerations.length === 0) return undefined;
    this.known = lossGenerations.map((generation, group) => Math.max(generation, before[group] ?? 0));
    const groups = [...before.keys()].filter((group) => (this.known[group] ?? 0) > (before[group] ?? 0));
    if (groups.length === 0) return undefined;
    return { groups, lossGenerations: groups.map((group) => this.known[group] ?? 0) };
  }
}
