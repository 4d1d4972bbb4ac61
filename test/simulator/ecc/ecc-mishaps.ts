/**
 * What goes wrong in ecc mode: what does in raft mode, within what is promised (loss-oracle.ts), and what befalls data links and
 * several nodes at once.
 */
import type { Prng } from '../../../src/base/prng.js';
import { DOOMING, FAULT_BEYOND_PROMISE, HARMLESS, LOSING, WIDE, type FaultKind } from '../fault-counts.js';
import { MISHAPS, pause, type Mishap, type MishapContext } from '../mishap-kinds.js';
import type { SimNode } from '../node.js';
import type { EccLife } from './ecc-life.js';
import type { EccMode } from './ecc-mode.js';

/** From a flip to the scrub that finds it, if no rebuild has, and between two scrubs. */
const LONGEST_UNNOTICED_MS = 2_000;
const SCRUB_AGAIN_MS = 300;
const FLIP_TRIES = 20;
const FLIP_AGAIN_MS = 50;

export function eccMishaps(mode: EccMode): readonly Mishap[] {
  const known = MISHAPS.filter(({ fault }) => mode.faults.includes(fault)).map((mishap) => withinPromise(mode, mishap));
  return [...known, ...dataLinkMishaps(mode), ...flippedBits(mode), ...severalAtOnce(mode), beyondPromise(mode)];
}

function withinPromise({ oracle }: EccMode, mishap: Mishap): Mishap {
  const { fault, counted } = mishap;
  if (HARMLESS.includes(fault)) return mishap;
  if (LOSING.includes(fault)) {
    return { ...mishap, strike: (context, victim) => oracle.mayLose([victim]) && mishap.strike(context, victim) };
  }
  if (DOOMING.includes(fault)) {
    return {
      fault,
      counted,
      strike: (context, victim) => {
        if (!oracle.mayLose([victim]) || !mishap.strike(context, victim)) return false;
        oracle.doom(victim);
        return true;
      },
    };
  }
  return {
    fault,
    counted,
    strike: (context, victim) =>
      disturb(oracle, context, WIDE.includes(fault) ? context.world.nodes : [victim], (lasting) =>
        mishap.strike(lasting, victim),
      ),
  };
}

function dataLinkMishaps(mode: EccMode): readonly Mishap[] {
  const { net, oracle } = mode;
  const cutForAWhile = (context: MishapContext, directions: readonly (readonly [string, string])[]): boolean => {
    for (const [from, to] of directions) net.cut(from, to);
    context.endLater(() => {
      for (const [from, to] of directions) net.mend(from, to);
    });
    return directions.length > 0;
  };
  return [
    {
      fault: 'control links cut',
      counted: 'here',
      strike: (context, victim) => {
        const { network, nodes } = context.world;
        const others = nodes.filter((node) => node !== victim);
        return disturb(oracle, context, [victim], (lasting) => {
          for (const { host } of others) {
            network.cutAlone(victim.host, host);
            network.cutAlone(host, victim.host);
          }
          lasting.endLater(() => {
            for (const { host } of others) {
              network.mendAlone(victim.host, host);
              network.mendAlone(host, victim.host);
            }
          });
          return others.length > 0;
        });
      },
    },
    {
      fault: 'data link cut',
      counted: 'here',
      strike: (context, victim) => {
        const other = context.prng.pick(context.world.nodes);
        if (other === victim) return false;
        const both = [
          [victim.host, other.host],
          [other.host, victim.host],
        ] as const;
        const directions = context.prng.chance(1, 2) ? both : [context.prng.pick(both)];
        return disturb(oracle, context, [victim, other], (lasting) => cutForAWhile(lasting, directions));
      },
    },
    {
      fault: 'data links stalled',
      counted: 'here',
      strike: (context, victim) => {
        const others = context.world.nodes.filter((node) => node !== victim);
        const directions = others.flatMap(({ host }) => [[victim.host, host] as const, [host, victim.host] as const]);
        return disturb(oracle, context, [victim], (lasting) => cutForAWhile(lasting, directions));
      },
    },
    {
      fault: 'data link reset',
      counted: 'here',
      strike: (context, victim) =>
        disturb(oracle, context, context.world.nodes, () => {
          return mode.plane(victim.host)?.links.resetOne(context.prng) !== undefined;
        }),
    },
  ];
}

function flippedBits(mode: EccMode): readonly Mishap[] {
  const { flips, segmentFlips } = mode;
  return [
    flippedBit(mode, 'bit flipped in a parity shard', (life, prng) => {
      const flip = flips.flipSome(life, prng);
      return flip && (() => flips.isLeft(flip));
    }),
    flippedBit(mode, 'bit flipped in a segment', (life, prng) => {
      const flip = segmentFlips.flipSome(life, prng);
      return flip && (() => segmentFlips.isLeft(flip));
    }),
  ];
}

/**
 * A bit flips as soon as somebody has something that may be lost. After a while the node is scrubbed until it is mended; until then it is
 * as good as lost, as one of m.
 * @param flipSome in what a node has; returns what says whether it is still wrong. Undefined if there is nothing.
 */
function flippedBit(
  mode: EccMode,
  fault: FaultKind,
  flipSome: (life: EccLife, prng: Prng) => (() => boolean) | undefined,
): Mishap {
  const { oracle } = mode;
  return {
    fault,
    counted: 'when it happens',
    strike: ({ world, prng }, chosen) => {
      // What is left after such a loss is counted to the last shard.
      if (world.parameters.strikes.some(({ fault }) => fault === FAULT_BEYOND_PROMISE)) return false;
      const flip = (triesLeft: number): void => {
        for (const victim of [chosen, ...world.nodes]) {
          const life = mode.plane(victim.host)?.life;
          const isLeft = life && oracle.mayLose([victim]) ? flipSome(life, prng) : undefined;
          if (isLeft === undefined) continue;
          world.faults.add(fault);
          const isRight = oracle.damage(victim);
          const scrub = (): void => {
            if (!isLeft()) return isRight();
            mode.plane(victim.host)?.scrub();
            world.time.after(SCRUB_AGAIN_MS, scrub);
          };
          world.time.after(prng.between(1, LONGEST_UNNOTICED_MS), scrub);
          return;
        }
        if (triesLeft > 0) world.time.after(FLIP_AGAIN_MS, () => flip(triesLeft - 1));
      };
      flip(FLIP_TRIES);
      return true;
    },
  };
}

function severalAtOnce({ oracle }: EccMode): readonly Mishap[] {
  return [
    {
      fault: 'several nodes crashed',
      counted: 'here',
      strike: (context, victim) => {
        if (victim.life === undefined) return false;
        const victims = [victim];
        for (const node of context.world.nodes) {
          const isOne = node !== victim && node.life !== undefined && context.prng.chance(2, 3);
          if (isOne && oracle.mayLose([...victims, node])) victims.push(node);
        }
        if (victims.length < 2 || !oracle.mayLose(victims)) return false;
        for (const node of victims) {
          node.crash();
          context.startLater(node);
        }
        return true;
      },
    },
    {
      fault: 'several nodes paused',
      counted: 'here',
      strike: (context, victim) => {
        const others = context.world.nodes.filter((node) => node !== victim && context.prng.chance(1, 2));
        const victims = [victim, ...others].filter(({ life }) => life !== undefined);
        if (victims.length < 2) return false;
        return disturb(oracle, context, victims, (lasting) => {
          for (const node of victims) pause(lasting, node, 'both');
          return true;
        });
      },
    },
  ];
}

/** More than m processes end at once, up to all of them. */
function beyondPromise(mode: EccMode): Mishap {
  return {
    fault: 'more lost than is promised',
    counted: 'here',
    strike: (context) => {
      const { prng, world } = context;
      if (mode.map.groups.length === 0) return false;
      const living = world.nodes.filter(({ life }) => life !== undefined);
      const survivors = prng.between(0, Math.max(0, living.length - mode.map.m - 1));
      const victims = [...living];
      for (let i = 0; i < survivors; i++) victims.splice(prng.below(victims.length), 1);
      for (const node of victims) {
        node.crash();
        context.startLater(node);
      }
      mode.onLossStruck();
      return victims.length > 0;
    },
  };
}

/** Lets something happen that holds `victims` up, if that is within what is promised. It is over when all that it began has ended. */
function disturb(
  oracle: EccMode['oracle'],
  context: MishapContext,
  victims: readonly SimNode[],
  strike: (lasting: MishapContext) => boolean,
): boolean {
  if (!oracle.mayDisturb(victims)) return false;
  const over = oracle.disturb(victims);
  let lasting = 0;
  const struck = strike({
    world: context.world,
    prng: context.prng,
    startLater: (node) => context.startLater(node),
    endLater: (end) => {
      lasting++;
      context.endLater(() => {
        end();
        if (--lasting === 0) over();
      });
    },
  });
  if (lasting === 0) over();
  return struck;
}
