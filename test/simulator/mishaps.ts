/** What goes wrong during the safety phase, when, and to whom. */
import type { World } from './world.js';

export class Mishaps {
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  start(): void {
    this.world.trace.record(0, 'world', 'mishaps');
  }

  healEverything(): void {
    this.world.network.heal();
  }
}
