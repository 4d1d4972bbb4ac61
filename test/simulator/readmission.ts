/**
 * What an administrator does to replace a node: takes it out of the cluster, wipes it, lets the cluster expect it, starts it.
 * Goes on, whoever leads, until the cluster has said that each step is in force.
 */
import { asDcacheError, DcacheError } from '../../src/base/errors.js';
import type { Later } from '../../src/actors/runtime/actor.js';
import type { ControlActor } from '../../src/actors/control/control-actor.js';
import type { SimNode } from './node.js';
import type { World } from './world.js';

const PAUSE_MS = 200;

type Step = (control: ControlActor) => Later<void>;

/** Resolves when the node has been started again. Never rejects. */
export async function readmit(world: World, node: SimNode): Promise<void> {
  const { host } = node;
  await untilInForce(world, (control) => control.removeNode(host), 'NOT_A_MEMBER');
  world.trace.record(world.time.nowMs, host, 'removed');
  node.crash();
  node.loseDisk();
  await untilInForce(world, (control) => control.expectNode(host), 'INVALID_ARGUMENT');
  world.trace.record(world.time.nowMs, host, 'expected');
  node.start();
}

/** @param already the refusal that says that the step was in force before, its answer having been lost */
async function untilInForce(world: World, step: Step, already: DcacheError['code']): Promise<void> {
  for (;;) {
    try {
      await atLeader(world, step);
      return;
    } catch (error) {
      if (!(error instanceof DcacheError) || error.code === 'INTERNAL') {
        world.onDefect('administrator', error);
        return;
      }
      if (error.code === already) return;
    }
    await pause(world, PAUSE_MS);
  }
}

/** Rejects with what the leader says, or that nobody does. */
function atLeader(world: World, step: Step): Promise<void> {
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

function pause(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => void world.time.after(ms, resolve));
}
