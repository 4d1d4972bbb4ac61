/**
 * What differs between the modes of dcache in a simulation: the data side of a process, what goes wrong, what has to hold. One
 * object a run: raft-mode.ts or ecc/ecc-mode.ts.
 */
import type { ControlActor } from '../../src/actors/control/control-actor.js';
import type { ControlOptions, ControlParts, ControlRequests } from '../../src/actors/control/control-options.js';
import type { ControlEvent } from '../../src/actors/control/events.js';
import type { DataPlane } from '../../src/actors/data-plane.js';
import type { Prng } from '../../src/base/prng.js';
import type { Speaker } from '../../src/cluster/speaker.js';
import type { MemoryRules } from '../../src/store/memory-cap.js';
import type { WallClock } from './clock.js';
import type { SimDisk } from './disk.js';
import type { FaultKind } from './fault-counts.js';
import type { Mishap } from './mishap-kinds.js';
import type { SimThread } from './thread.js';

/** The data side of one life, on its main thread. */
export type SimPlane = Pick<DataPlane, 'execute' | 'onEvents' | 'leave' | 'drain' | 'stop'>;

export interface PlaneParts {
  readonly host: string;
  readonly speaker: Speaker;
  readonly disk: SimDisk;
  readonly clock: WallClock;
  readonly thread: SimThread;
  readonly prng: Prng;
  readonly memoryRules: MemoryRules;
  /** To the control side, which calls `onTaken` when it has handled them. */
  submit(requests: ControlRequests, onTaken: () => void): void;
  /** Has the control side do something, later and on its thread. */
  tellControl(task: (control: ControlActor) => void): void;
  onDefect(error: unknown): void;
}

/** A plane, and what the control side of the same life needs for it. */
export interface PlaneSetup {
  readonly plane: SimPlane;
  readonly controlOptions: Partial<ControlOptions>;
  readonly controlParts: Partial<ControlParts>;
}

export interface SimMode {
  /** The part of a host's speaker that depends on the mode. */
  speaker(host: string): Pick<Speaker, 'mode' | 'dataAddress' | 'k' | 'm'>;
  readonly mishaps: readonly Mishap[];
  /** Kinds of faults that there are. */
  readonly faults: readonly FaultKind[];
  newPlane(parts: PlaneParts): PlaneSetup;
  /** A control side tells its main thread. */
  onEvent(host: string, event: ControlEvent): void;
  /** A life has ended: its memory is gone. */
  onEnded(host: string): void;
  /** Called after each event of the run. */
  check(): void;
  /** In what the healed cluster is not as it should be; undefined when all is well. */
  disagreement(): string | undefined;
  /** Everything works again. */
  onHealed(): void;
  /** Why the run ends here without having failed; undefined while it goes on. */
  readonly ended: string | undefined;
  /** Keys that are read once more after the recovery. */
  readonly keysToRead: readonly string[];
  /** What was done and looked at, for people; the same names in every run of the mode. */
  counts(): Readonly<Record<string, number>>;
  /** Called once, when the cluster has recovered. */
  checkAtEnd(): void;
}
