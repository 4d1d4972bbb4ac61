/**
 * The liveness phase: everything works again, so within a bound every client gets an answer, all nodes vote again, and all
 * have applied the same and are in the same state.
 */
import type { SimClient } from './client.js';
import type { World } from './world.js';
import { pause } from './administrator.js';

/** Longer than any timeout of a node (joining waits longest), so that what was lost before the heal has been given up. */
const BOUND_MS = 60_000;
const LOOK_EVERY_MS = 100;
const MAX_RETRIES = 400;
const OPERATIONS_EACH = 3;
const PAUSE_MS = 50;

export interface Recovery {
  readonly ended: boolean;
  /** What has not come about within the bound; undefined when all has. */
  readonly problem: string | undefined;
}

export function recover(world: World, clients: readonly SimClient[]): Recovery {
  const { time } = world;
  const deadlineMs = time.nowMs + BOUND_MS;
  const state = { ended: false, problem: undefined as string | undefined };
  let unanswered = clients.length;
  for (const [number, client] of clients.entries()) {
    client.stop();
    const keys = world.mode.keysToRead.filter((_, i) => i % clients.length === number);
    void serve(world, client, keys).then(() => unanswered--);
  }
  const look = (): void => {
    const problem = unanswered > 0 ? `${unanswered} clients wait for an answer` : world.mode.disagreement();
    if (problem !== undefined && time.nowMs < deadlineMs) {
      time.after(LOOK_EVERY_MS, look);
      return;
    }
    if (problem === undefined) world.mode.checkAtEnd();
    state.ended = true;
    state.problem = problem;
  };
  time.after(LOOK_EVERY_MS, look);
  return state;
}

/** Until some operations in a row have been done. What an election interrupts is refused or unknown, so it tries on. */
async function serve(world: World, client: SimClient, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    // What is lost is refused at once, until it has been given up.
    while ((await client.perform({ key, input: { type: 'get' } }, MAX_RETRIES)) !== 'done')
      await pause(world, PAUSE_MS);
  }
  for (let done = 0; done < OPERATIONS_EACH;) {
    const outcome = await client.perform(client.drawOperation(), MAX_RETRIES);
    done = outcome === 'done' ? done + 1 : 0;
    if (outcome !== 'done') await pause(world, PAUSE_MS);
  }
}
