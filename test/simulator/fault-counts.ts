/** The kinds of faults, and how often each happened: a simulation that never does what it claims to do proves nothing. */

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
  'planned restart',
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
const MEMORY_FAULTS = ['bit flipped in a parity shard'] as const;
/** It comes of what clients write, in runs in which they write more than fits. */
export const MEMORY_SHORT = 'node short of memory';
const FAULTS_OF_SEVERAL = ['several nodes crashed', 'several nodes paused'] as const;

/** It strikes once in a run, in some runs (scenario/ecc-parameters.ts). */
export const FAULT_BEYOND_PROMISE = 'more lost than is promised';

export type FaultKind =
  | (typeof RAFT_FAULTS)[number]
  | (typeof DATA_LINK_FAULTS)[number]
  | (typeof MEMORY_FAULTS)[number]
  | typeof MEMORY_SHORT
  | (typeof FAULTS_OF_SEVERAL)[number]
  | typeof FAULT_BEYOND_PROMISE;

export const ECC_FAULTS: readonly FaultKind[] = [
  ...RAFT_FAULTS.filter((kind) => kind !== 'all nodes crashed'),
  ...DATA_LINK_FAULTS,
  ...MEMORY_FAULTS,
  MEMORY_SHORT,
  ...FAULTS_OF_SEVERAL,
  FAULT_BEYOND_PROMISE,
];

/** The kinds that there are in a mode. */
export function faultsOf(mode: Mode): readonly FaultKind[] {
  return mode === 'raft' ? RAFT_FAULTS : ECC_FAULTS;
}

/**
 * No mishaps of a schedule: what befalls single messages is a matter of the network (scenario/network-parameters.ts), and one is drawn
 * apart.
 */
const NOT_SCHEDULED: readonly FaultKind[] = [
  'message lost',
  'message doubled',
  'message delayed past others',
  'request or answer lost',
  MEMORY_SHORT,
  FAULT_BEYOND_PROMISE,
];

/** The kinds of a mode that strike now and then, as the schedule of a run has it. */
export function strikesOf(mode: Mode): readonly FaultKind[] {
  return faultsOf(mode).filter((kind) => !NOT_SCHEDULED.includes(kind));
}

/** Their victim's memory is gone. */
export const LOSING: readonly FaultKind[] = ['node crashed', 'several nodes crashed', 'disk lost'];
/** The same, later: at some write, or when others have taken over, or the cluster has agreed to go on without it. */
export const DOOMING: readonly FaultKind[] = [
  'crashed before a write',
  'crashed after a write',
  'planned restart',
  'node removed and admitted again',
  'node stopped cleanly',
];
/** Nobody is taken for gone because of them. */
export const HARMLESS: readonly FaultKind[] = ['clock jumped', 'leader moved on request', ...MEMORY_FAULTS];
/** They befall more than one node. */
export const WIDE: readonly FaultKind[] = ['network split in two', 'link cut one way'];

/** What a run of ecc mode goes for: memory that is lost, nodes that are held up, or both. */
export const TROUBLES = ['losses', 'disturbances', 'both'] as const;
export type Trouble = (typeof TROUBLES)[number];

export function isOfTrouble(fault: FaultKind, trouble: Trouble): boolean {
  if (trouble === 'both' || HARMLESS.includes(fault)) return true;
  return (LOSING.includes(fault) || DOOMING.includes(fault)) === (trouble === 'losses');
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
