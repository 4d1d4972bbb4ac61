/** The kinds of mishaps, beside those that befall single messages (network.ts). */
import type { Prng } from '../../src/base/prng.js';
import { majorityOf } from '../../src/cluster/view.js';
import type { FaultKind } from './fault-counts.js';
import type { SimNode } from './node.js';
import { readmit } from './readmission.js';
import type { World } from './world.js';

export interface MishapContext {
  readonly world: World;
  /** Of this one mishap. */
  readonly prng: Prng;
  /** Runs `end` after some time, unless everything is healed by then. */
  endLater(end: () => void): void;
  /** Starts the node after some time, or at once when everything is healed. */
  startLater(node: SimNode): void;
}

export interface Mishap {
  readonly fault: FaultKind;
  /** `when it happens`: by whoever sees to it. A crash in a write happens only when there is a write. */
  readonly counted: 'here' | 'when it happens';
  /** False when it cannot happen to that victim now. */
  strike(context: MishapContext, victim: SimNode): boolean;
}

const mishap = (fault: FaultKind, strike: Mishap['strike']): Mishap => ({ fault, counted: 'here', strike });

export const MISHAPS: readonly Mishap[] = [
  mishap('connection broken', ({ prng }, { life }) => life?.transport.breakOne(prng) ?? false),
  mishap('network split in two', (context) => {
    const hosts = allHosts(context.world);
    const side = hosts.filter(() => context.prng.chance(1, 2));
    return cutForAWhile(context, between(side, hosts));
  }),
  mishap('link cut one way', (context, victim) => {
    const other = context.prng.pick(context.world.nodes);
    const toVictim = context.prng.chance(1, 2);
    if (other === victim) return false;
    return cutForAWhile(context, [toVictim ? [other.host, victim.host] : [victim.host, other.host]]);
  }),
  mishap('node cut off', (context, victim) => {
    const others = context.world.nodes.filter((node) => node !== victim).map(({ host }) => host);
    const directions = between([victim.host], [...others, victim.host]);
    const way = context.prng.below(3);
    if (way === 0) return cutForAWhile(context, directions);
    return cutForAWhile(
      context,
      directions.filter(([from]) => (from === victim.host) === (way === 1)),
    );
  }),
  mishap('links of a node stalled', (context, victim) => {
    const { network, nodes } = context.world;
    const directions = between(
      [victim.host],
      nodes.map(({ host }) => host),
    );
    for (const [from, to] of directions) network.stall(from, to);
    context.endLater(() => {
      for (const [from, to] of directions) network.release(from, to);
    });
    return directions.length > 0;
  }),
  mishap('node crashed', (context, victim) => {
    if (victim.life === undefined) return false;
    victim.crash();
    context.startLater(victim);
    return true;
  }),
  { fault: 'crashed before a write', counted: 'when it happens', strike: (...args) => crashInWrite(...args, 'before') },
  { fault: 'crashed after a write', counted: 'when it happens', strike: (...args) => crashInWrite(...args, 'after') },
  mishap('all nodes crashed', (context) => {
    if (!context.prng.chance(1, 3)) return false;
    for (const node of context.world.nodes) {
      node.crash();
      context.startLater(node);
    }
    return true;
  }),
  mishap('node stopped cleanly', (context, victim) => {
    const { life } = victim;
    if (life === undefined) return false;
    victim.stop(() => context.startLater(victim));
    return true;
  }),
  mishap('planned restart', (context, victim) => {
    if (victim.life === undefined) return false;
    victim.leave(() => victim.start());
    return true;
  }),
  mishap('disk lost', (context, victim) => {
    if (!mayLoseDisk(context.world, victim) || victim.beingReplaced) return false;
    victim.crash();
    victim.loseDisk();
    context.startLater(victim);
    return true;
  }),
  mishap('node removed and admitted again', ({ world }, victim) => {
    if (!mayLoseDisk(world, victim) || victim.beingReplaced) return false;
    victim.beingReplaced = true;
    void readmit(world, victim).then(() => {
      victim.beingReplaced = false;
    });
    return true;
  }),
  mishap('disk slow', (context, victim) => {
    victim.disk.slowDown(context.prng.between(5, 100));
    context.endLater(() => victim.disk.recover());
    return true;
  }),
  mishap('node paused', (context, victim) => pause(context, victim, 'both')),
  mishap('main thread paused', (context, victim) => pause(context, victim, 'data')),
  mishap('control thread paused', (context, victim) => pause(context, victim, 'control')),
  mishap('clock jumped', ({ prng, world }, victim) => {
    const { maxClockJumpMs } = world.parameters.faults;
    victim.clock.jump(prng.between(-maxClockJumpMs, maxClockJumpMs));
    return true;
  }),
  mishap('leader moved on request', ({ world }) => {
    const life = world.leader()?.life;
    if (life === undefined) return false;
    life.controlThread.post(() => life.control.handOverLeadership());
    return true;
  }),
];

type Direction = readonly [from: string, to: string];

/** Nodes, and clients as well: they are on one side or the other. */
function allHosts(world: World): string[] {
  const clients = Array.from({ length: world.parameters.workload.clients }, (_, i) => `c${i + 1}`);
  return [...world.nodes.map(({ host }) => host), ...clients];
}

/** Every direction between the hosts of `side` and the others, both ways. */
function between(side: readonly string[], hosts: readonly string[]): Direction[] {
  const others = hosts.filter((host) => !side.includes(host));
  return side.flatMap((a) =>
    others.flatMap((b): Direction[] => [
      [a, b],
      [b, a],
    ]),
  );
}

function cutForAWhile(context: MishapContext, directions: readonly Direction[]): boolean {
  if (directions.length === 0) return false;
  const { network } = context.world;
  for (const [from, to] of directions) network.cut(from, to);
  context.endLater(() => {
    for (const [from, to] of directions) network.mend(from, to);
  });
  return true;
}

function crashInWrite(context: MishapContext, victim: SimNode, moment: 'before' | 'after'): boolean {
  if (victim.life === undefined) return false;
  victim.disk.crashInNextWrite(moment, () => context.startLater(victim));
  return true;
}

export function pause(context: MishapContext, { life }: SimNode, threads: 'both' | 'data' | 'control'): boolean {
  if (life === undefined) return false;
  if (threads !== 'control') life.dataThread.pause();
  if (threads !== 'data') life.controlThread.pause();
  context.endLater(() => life.resume());
  return true;
}

/**
 * Whether the cluster promises to bear it (DESIGN.md, section 1): a majority of the voters, of both halves while the
 * membership changes, keeps its disk, as every node sees it; and whoever lost his disk before has been replaced.
 */
function mayLoseDisk(world: World, victim: SimNode): boolean {
  const intact = new Set<number>();
  for (const { disk } of world.nodes.filter((node) => node !== victim)) {
    const identity = disk.identity();
    if (identity?.clusterId !== undefined) intact.add(identity.raftId);
  }
  const leader = world.leader()?.life?.control.status();
  if (leader === undefined) return false;
  const missing = world.nodes.filter(
    ({ disk, beingReplaced }) => beingReplaced || !leader.confState.voters.includes(disk.identity()?.raftId ?? 0),
  );
  // With so many gone the others could take themselves for the founders of a new cluster.
  if (missing.length + 1 > Math.floor((world.nodes.length - 1) / 2)) return false;
  return world.nodes.every(({ life }) => {
    const status = life?.control.status();
    if (status === undefined) return life === undefined;
    const { voters, votersOutgoing } = status.confState;
    return [voters, votersOutgoing].every((half) => {
      const kept = half.filter((raftId) => intact.has(raftId)).length;
      return half.length === 0 || kept >= majorityOf(half.length);
    });
  });
}
