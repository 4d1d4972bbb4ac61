/** The data plane of a node by its mode, with what it is made from and what it has open. */
import type { ControlActor } from '../actors/control/control-actor.js';
import type { DataPlane } from '../actors/data-plane.js';
import type { ActorRef } from '../actors/runtime/actor.js';
import type { Logger } from '../base/log.js';
import type { Metrics } from '../base/metrics.js';
import type { Speaker } from '../cluster/speaker.js';
import type { NodeConfig } from './config.js';

export interface NodePlane extends DataPlane {
  /** Opens the ports that it has of its own, once, before the first event. Rejects with PORT_IN_USE or CONFIG_INVALID. */
  open(): Promise<void>;
  /** Closes what it has open, after `stop`, whether it was opened or not. */
  close(): Promise<void>;
}

export interface NodePlaneParts {
  readonly config: NodeConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly speaker: Speaker;
  /** The lease that the control thread publishes (actors/control/lease-memory.ts). */
  readonly lease: SharedArrayBuffer;
  /** Undefined until the control thread is up. */
  readonly control: () => ActorRef<ControlActor> | undefined;
  /** The state cannot be what it should be, or the control side is gone: the node must not go on. */
  readonly onFailure: (error: unknown) => void;
}
