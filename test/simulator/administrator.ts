/** What a person asks the leader for, whoever that is. */
import { DcacheError, asDcacheError } from '../../src/base/errors.js';
import type { Later } from '../../src/actors/runtime/actor.js';
import type { ControlActor } from '../../src/actors/control/control-actor.js';
import type { World } from './world.js';

export type Step = (control: ControlActor) => Later<void>;

/** Rejects with what the leader says, or that nobody does. */
export function atLeader(world: World, step: Step): Promise<void> {
  return new Promise((resolve, reject) => {
    const life = world.leader()?.life;
    if (life === undefined) {
      reject(new DcacheError('NO_LEADER', 'nobody leads'));
      return;
    }
    const forgetEnd = life.controlThread.whenEnded(() => reject(new DcacheError('OUTCOME_UNKNOWN', 'it ended')));
    life.controlThread.post(() => {
      try {
        step(life.control).answer.then(resolve, reject).finally(forgetEnd);
      } catch (error) {
        reject(asDcacheError(error));
      }
    });
  });
}

/** What no administrator may be told: the program has failed. @returns whether it was that. */
export function reportDefect(world: World, error: unknown): boolean {
  const isAnswer = error instanceof DcacheError && error.code !== 'INTERNAL';
  if (!isAnswer) world.onDefect('administrator', error);
  return !isAnswer;
}

export function pause(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => void world.time.after(ms, resolve));
}
