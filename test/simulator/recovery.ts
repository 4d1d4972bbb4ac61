/**
 * The liveness phase: everything works again, so within a bound every client gets an answer, all nodes vote again, and all
 * have applied the same and are in the same state.
 */
import type { SimClient } from './client.js';
import type { SimNode } from './node.js';
import type { World } from './world.js';

/** Longer than any timeout of a node (joining waits longest), so that what was lost before the heal has been given up. */
const BOUND_MS = 40_000;
const LOOK_EVERY_MS = 100;
const MAX_RETRIES = 400;
const OPERATIONS_EACH = 3;

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
  for (const client of clients) {
    client.stop();
    void serve(client).then(() => unanswered--);
  }
  const look = (): void => {
    const problem = unanswered > 0 ? `${unanswered} clients wait for an answer` : disagreement(world);
    if (problem !== undefined && time.nowMs < deadlineMs) {
      time.after(LOOK_EVERY_MS, look);
      return;
    }
    state.ended = true;
    state.problem = problem;
  };
  time.after(LOOK_EVERY_MS, look);
  return state;
}

/** Until some operations in a row have been done. What an election interrupts is refused or unknown, so it tries on. */
async function serve(client: SimClient): Promise<void> {
  for (let done = 0; done < OPERATIONS_EACH;) {
    const outcome = await client.perform(client.drawOperation(), MAX_RETRIES);
    done = outcome === 'done' ? done + 1 : 0;
  }
}

/** In what the nodes differ, undefined when they agree. */
function disagreement(world: World): string | undefined {
  const { invariants } = world;
  const leader = world.leader();
  if (leader === undefined) return 'nobody leads';
  for (const node of world.nodes) {
    const problem = node.beingReplaced ? 'is being replaced' : problemOf(node, leader);
    if (problem !== undefined) return `${node.host} ${problem}`;
  }
  for (const { host, life } of world.nodes) {
    if (life === undefined) continue;
    invariants.compareState(host, life.stateMachine.appliedIndex, life.stateMachine.store.stateHash());
  }
  return undefined;
}

function problemOf({ life }: SimNode, leader: SimNode): string | undefined {
  const view = life?.view;
  if (life === undefined || view === undefined) return 'does not run';
  if (view.role !== 'leader' && view.role !== 'follower') return `is ${view.role}`;
  if (view.leader !== leader.life?.view?.raftId) return `follows ${view.leader}`;
  const applied = life.stateMachine.appliedIndex;
  const needed = leader.life.stateMachine.appliedIndex;
  return applied === needed ? undefined : `has applied ${applied} of ${needed}`;
}
