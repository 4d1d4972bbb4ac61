/**
 * Everything that distinguishes one run from another, drawn from its seed: plain values, from which the run follows. Parts of
 * them are in files of their own; what one mode has on top, in raft-parameters.ts and ecc-parameters.ts.
 */
import type { Mode } from '../../../src/base/ids.js';
import type { ControlTimings, FlowLimits } from '../../../src/actors/control/control-options.js';
import type { SnapshotPolicy } from '../../../src/actors/control/snapshot-keeper.js';
import type { MemoryRules } from '../../../src/store/memory-cap.js';
import { Draw } from './draw.js';
import { drawEccParameters, type EccParameters } from './ecc-parameters.js';
import type { FaultParameters, Strike } from './fault-parameters.js';
import type { NetworkParameters } from './network-parameters.js';
import { drawRaftParameters } from './raft-parameters.js';
import type { WorkloadParameters } from './workload-parameters.js';

export interface DiskParameters {
  readonly minWriteMs: number;
  readonly maxWriteMs: number;
  /** Longest step of reading or writing a snapshot file. */
  readonly maxFileStepMs: number;
}

/** What the state machines of a run keep their data in. */
export type StoreKind = 'segments' | 'map';

export interface Parameters {
  readonly mode: Mode;
  /** Of the random numbers that are drawn while the run goes on; 0 but for a shortened run. */
  readonly salt: number;
  readonly nodes: number;
  readonly store: StoreKind;
  /** What processes are configured with, one each: in raft mode, where those of a leader are in force, none lets a value be evicted. */
  readonly memoryRules: readonly MemoryRules[];
  readonly timings: ControlTimings;
  readonly flow: FlowLimits;
  readonly snapshots: SnapshotPolicy;
  /** Length of the phase with faults. */
  readonly safetyMs: number;
  readonly network: NetworkParameters;
  readonly disk: DiskParameters;
  readonly workload: WorkloadParameters;
  readonly faults: FaultParameters;
  /** What goes wrong, in the order of time. */
  readonly strikes: readonly Strike[];
  /** From one thread of a process to the other. */
  readonly maxHopMs: number;
  /** Of ecc mode; undefined in raft mode. */
  readonly ecc: EccParameters | undefined;
}

/** @param mode drawn like everything else when it is not given */
export function drawParameters(seed: number, mode?: Mode): Parameters {
  const draw = new Draw(seed);
  return (mode ?? draw.one<Mode>('mode', 'raft', 'ecc')) === 'raft'
    ? drawRaftParameters(draw)
    : drawEccParameters(draw);
}
