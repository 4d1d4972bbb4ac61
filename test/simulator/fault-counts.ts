/** How often each kind of fault happened: a simulation that never does what it claims to do proves nothing. */

import type { Mode } from '../../src/base/ids.js';

export const RAFT_FAULTS = [
  'message lost',
  'message doubled',
  'message delayed past others',
  'request or answer lost',
  'connection broken',
  'network split in two',
  'link cut one way',
  'node cut off',
  'links of a node stalled',
  'node crashed',
  'crashed before a write',
  'crashed after a write',
  'all nodes crashed',
  'node stopped cleanly',
  'disk lost',
  'node removed and admitted again',
  'disk slow',
  'node paused',
  'main thread paused',
  'control thread paused',
  'clock jumped',
  'leader moved on request',
] as const;

/** What befalls the connections between control threads, or those between main threads, alone. */
const DATA_LINK_FAULTS = ['control links cut', 'data link cut', 'data links stalled', 'data link reset'] as const;
const FAULTS_OF_SEVERAL = ['several nodes crashed', 'several nodes paused'] as const;

export type FaultKind =
  (typeof RAFT_FAULTS)[number] | (typeof DATA_LINK_FAULTS)[number] | (typeof FAULTS_OF_SEVERAL)[number];

/** Not those that lose more than ecc mode promises to bear. */
export const ECC_FAULTS: readonly FaultKind[] = [
  ...RAFT_FAULTS.filter((kind) => kind !== 'all nodes crashed' && kind !== 'node removed and admitted again'),
  ...DATA_LINK_FAULTS,
  ...FAULTS_OF_SEVERAL,
];

/** The kinds that there are in a mode. */
export function faultsOf(mode: Mode): readonly FaultKind[] {
  return mode === 'raft' ? RAFT_FAULTS : ECC_FAULTS;
}

export class FaultCounts {
  private readonly counts = new Map<FaultKind, number>();

  add(kind: FaultKind, times = 1): void {
    this.counts.set(kind, this.of(kind) + times);
  }

  of(kind: FaultKind): number {
    return this.counts.get(kind) ?? 0;
  }

  addAll(other: FaultCounts): void {
    for (const [kind, times] of other.counts) this.add(kind, times);
  }

  /** Those of `kinds` that never happened. */
  missing(kinds: readonly FaultKind[]): FaultKind[] {
    return kinds.filter((kind) => this.of(kind) === 0);
  }
}
