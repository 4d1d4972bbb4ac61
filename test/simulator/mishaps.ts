/**
 * What goes wrong during the safety phase, as the schedule of the run has it (scenario/fault-parameters.ts). Every mishap ends by
 * itself or when everything is healed, and draws from a stream of its own: it is the same whatever else is left out.
 */
import { assert } from '../../src/base/assert.js';
import { Prng } from '../../src/base/prng.js';
import type { FaultKind } from './fault-counts.js';
import type { SimNode } from './node.js';
import type { Mishap, MishapContext } from './mishap-kinds.js';
import type { Strike } from './scenario/fault-parameters.js';
import type { World } from './world.js';

export class Mishaps {
  private readonly world: World;
  private readonly kinds: ReadonlyMap<FaultKind, Mishap>;
  private healed = false;

  constructor(world: World) {
    this.world = world;
    this.kinds = new Map(world.mode.mishaps.map((mishap) => [mishap.fault, mishap]));
  }

  /** Begins to make trouble. */
  start(): void {
    const { parameters, time } = this.world;
    for (const strike of parameters.strikes) {
      time.at(strike.atMs, () => {
        if (!this.healed) this.strike(strike);
      });
    }
  }

  /** Everything works again, and goes on to. */
  healEverything(): void {
    this.healed = true;
    const { world } = this;
    world.trace.record(world.time.nowMs, 'world', 'healed');
    world.network.heal();
    world.mode.onHealed();
    for (const node of world.nodes) {
      node.disk.recover();
      node.life?.resume();
      node.start();
    }
  }

  private strike({ fault, victim: chosen, seed }: Strike): void {
    const { world } = this;
    const mishap = this.kinds.get(fault);
    assert(mishap !== undefined, `the mode has a mishap "${fault}"`);
    const prng = new Prng(seed);
    const victim = (chosen === 'leader' ? world.leader() : world.nodes[chosen]) ?? prng.pick(world.nodes);
    if (!mishap.strike(this.contextOf(prng), victim)) return;
    world.trace.record(world.time.nowMs, victim.host, 'mishap', fault);
    if (mishap.counted !== 'when it happens') world.faults.add(fault);
  }

  private contextOf(prng: Prng): MishapContext {
    const { world } = this;
    const endLater = (end: () => void): void => {
      world.time.after(prng.between(1, world.parameters.faults.maxDurationMs), () => {
        if (!this.healed) end();
      });
    };
    const startLater = (node: SimNode): void => {
      if (this.healed) node.start();
      else endLater(() => node.start());
    };
    return { world, prng, endLater, startLater };
  }
}
