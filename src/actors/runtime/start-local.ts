/** Starts an actor in the caller's thread. */
import type { ActorFactory, ActorHandle, ActorSpec } from './actor.js';
import { Executor } from './executor.js';
import { IsolatedBody } from './isolated-body.js';
import { type Owner, Supervisor } from './supervisor.js';

export interface LocalPlacement<A extends object, Options, Event> extends Owner<Event> {
  readonly factory: ActorFactory<A, Options, Event>;
  /** Handed to the factory of every life. */
  readonly options: Options;
  /**
   * Copies messages, answers and events as a thread would, so that state shared by mistake shows up. For tests and the
   * simulator; costs a structured clone each.
   */
  readonly isolated?: boolean;
}

/**
 * Resolves when the actor has been made, rejects with the factory's error when it cannot be.
 */
export async function startLocalActor<A extends object, Options, Event = never>(
  spec: ActorSpec,
  placement: LocalPlacement<A, Options, Event>,
): Promise<ActorHandle<A>> {
  const { factory, options, scheduler, isolated = false } = placement;
  const supervisor = new Supervisor<A, Event>(
    spec,
    (listener) =>
      isolated
        ? new IsolatedBody(listener, (inner) => new Executor(factory, options, scheduler, inner))
        : new Executor(factory, options, scheduler, listener),
    placement,
  );
  await supervisor.start();
  return supervisor;
}
