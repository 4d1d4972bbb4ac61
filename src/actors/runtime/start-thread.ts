/** Starts an actor in a thread of its own. */
import type { ActorHandle, ActorSpec } from './actor.js';
import { type Owner, Supervisor } from './supervisor.js';
import { ThreadBody } from './thread-body.js';

export interface ThreadPlacement<Options, Event> extends Owner<Event> {
  /** Compiled module that calls `runActorThread` with the factory. */
  readonly entry: URL;
  /** Plain data (SharedArrayBuffers stay shared); handed to the factory of every life. */
  readonly options: Options;
}

/**
 * Resolves when the actor has been made in its thread, rejects with the factory's error, code included, when it cannot be.
 * A thread that dies, for whatever reason, is a failure of the actor.
 */
export async function startThreadActor<A extends object, Options, Event = never>(
  spec: ActorSpec,
  placement: ThreadPlacement<Options, Event>,
): Promise<ActorHandle<A>> {
  const { entry, options } = placement;
  const supervisor = new Supervisor<A, Event>(
    spec,
    (listener) => new ThreadBody(spec.name, entry, options, listener),
    placement,
  );
  await supervisor.start();
  return supervisor;
}
