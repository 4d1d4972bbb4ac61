/**
 * What an administrator does to replace a node: takes it out of the cluster, wipes it, lets the cluster expect it, starts it.
 * Goes on, whoever leads, until the cluster has said that each step is in force.
 */
import { DcacheError } from '../../src/base/errors.js';
import { atLeader, pause, reportDefect, type Step } from './administrator.js';
import type { SimNode } from './node.js';
import type { World } from './world.js';

const PAUSE_MS = 200;

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
      if (reportDefect(world, error)) return;
      if (error instanceof DcacheError && error.code === already) return;
    }
    await pause(world, PAUSE_MS);
  }
}
