/**
 * What goes wrong during the safety phase, when, and to whom. Which kinds there are in a run, how often and how long, is
 * drawn from the seed. Every mishap ends by itself or when everything is healed.
 */
import type { Prng } from '../../src/base/prng.js';
import type { SimNode } from './node.js';
import type { Mishap, MishapContext } from './mishap-kinds.js';
import type { World } from './world.js';

export class Mishaps implements MishapContext {
  readonly world: World;
  readonly prng: Prng;
  private readonly kinds: readonly Mishap[];
  private healed = false;

  constructor(world: World) {
    this.world = world;
    this.prng = world.prng.fork();
    const { kindsPercent } = world.parameters.faults;
    const { mishaps } = world.mode;
    const chosen = mishaps.filter(() => this.prng.chance(kindsPercent, 100));
    this.kinds = chosen.length > 0 ? chosen : [this.prng.pick(mishaps)];
  }

  /** Begins to make trouble. */
  start(): void {
    const { minIntervalMs, maxIntervalMs } = this.world.parameters.faults;
    this.world.time.after(this.prng.between(minIntervalMs, maxIntervalMs), () => {
      if (this.healed) return;
      this.strike();
      this.start();
    });
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

  /** Runs `end` after some time, unless everything is healed by then. */
  endLater(end: () => void): void {
    this.world.time.after(this.drawDurationMs(), () => {
      if (!this.healed) end();
    });
  }

  /** Starts the node after some time, or at once when everything is healed. */
  startLater(node: SimNode): void {
    if (this.healed) node.start();
    else this.endLater(() => node.start());
  }

  drawDurationMs(): number {
    return this.prng.between(1, this.world.parameters.faults.maxDurationMs);
  }

  private strike(): void {
    const mishap = this.prng.pick(this.kinds);
    const victim = this.drawVictim();
    if (!mishap.strike(this, victim)) return;
    const { world } = this;
    world.trace.record(world.time.nowMs, victim.host, 'mishap', mishap.fault);
    if (mishap.counted !== 'by the disk') world.faults.add(mishap.fault);
  }

  private drawVictim(): SimNode {
    const leader = this.prng.chance(this.world.parameters.faults.leaderPercent, 100) ? this.world.leader() : undefined;
    return leader ?? this.prng.pick(this.world.nodes);
  }
}
