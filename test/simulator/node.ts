/** A simulated host and what lasts beyond one process on it: its names, its disk, its clock. Starts and ends lives. */
import { assert } from '../../src/base/assert.js';
import type { NodeId } from '../../src/base/ids.js';
import type { Prng } from '../../src/base/prng.js';
import { foundersDigest, PEER_PROTOCOL, type Founder } from '../../src/cluster/speaker.js';
import { place } from '../../src/cluster/default-layout.js';
import { WallClock } from './clock.js';
import type { SimDisk } from './disk.js';
import { Life, type LifeWorld } from './life.js';
import type { PeerPort } from './peer-links.js';
import type { RequestPort } from './requests.js';

/** How long a stopping process may go on answering. */
const MAX_DRAIN_MS = 1_000;

export interface NodeOptions {
  /** 1, 2, ...: its place in the default layout. */
  readonly number: number;
  readonly founders: readonly Founder[];
  readonly prng: Prng;
  readonly newDisk: () => SimDisk;
}

export class SimNode {
  readonly host: string;
  readonly controlAddress: string;
  readonly clientAddress: string;
  readonly clock: WallClock;
  /** An administrator works on it. */
  beingReplaced = false;
  private readonly world: LifeWorld;
  private readonly options: NodeOptions;
  private readonly clockRate: number;
  private currentDisk: SimDisk;
  private currentLife: Life | undefined;

  constructor(world: LifeWorld, options: NodeOptions) {
    const { nodeId, controlListen, clientListen } = place(options.number);
    const { driftPercent } = world.parameters.faults;
    const { prng } = options;
    const drawRate = (): number => 1 + prng.between(-driftPercent * 100, driftPercent * 100) / 10_000;
    this.host = nodeId;
    this.controlAddress = controlListen;
    this.clientAddress = clientListen;
    this.world = world;
    this.options = options;
    this.clockRate = drawRate();
    this.clock = new WallClock(world.time, drawRate(), prng.between(-200, 200));
    this.currentDisk = options.newDisk();
  }

  get life(): Life | undefined {
    return this.currentLife;
  }

  get disk(): SimDisk {
    return this.currentDisk;
  }

  get peerPort(): PeerPort {
    const listener = (): Life | undefined => this.currentLife;
    return {
      host: this.host,
      get listener() {
        return listener();
      },
    };
  }

  get requestPort(): RequestPort {
    const listener = (): Life | undefined => this.currentLife;
    return {
      host: this.host,
      get listener() {
        return listener()?.requestListener;
      },
    };
  }

  /** Starts a process, if none runs. */
  start(): void {
    if (this.currentLife !== undefined) return;
    const { prng, founders } = this.options;
    this.currentLife = new Life(this.world, {
      host: this.host,
      speaker: {
        nodeId: this.host as NodeId,
        raftId: 0,
        clusterId: '',
        incarnation: 1 + prng.uint32(),
        founders: foundersDigest(founders),
        protocol: PEER_PROTOCOL,
        controlAddress: this.controlAddress,
        clientAddress: this.clientAddress,
        httpAddress: '',
        ...this.world.mode.speaker(this.host),
      },
      founders,
      disk: this.currentDisk,
      clock: this.clock,
      clockRate: this.clockRate,
      memoryRules: prng.pick(this.world.parameters.memoryRules),
      prng: prng.fork(),
      crash: () => this.crash(),
    });
    this.currentLife.start();
  }

  /** The process ends at once, whatever it is doing. */
  crash(): void {
    this.currentLife?.end();
    this.currentLife = undefined;
  }

  /** The process is asked to end. Calls `onStopped` when it has, unless it crashes before. */
  stop(onStopped: () => void): void {
    const life = this.currentLife;
    life?.stop(this.options.prng.between(1, MAX_DRAIN_MS), () => {
      if (this.currentLife !== life) return;
      this.crash();
      onStopped();
    });
  }

  /** The same, once others have taken over what it leads. */
  leave(onStopped: () => void): void {
    const life = this.currentLife;
    life?.leave(() => {
      if (this.currentLife === life) this.stop(onStopped);
    });
  }

  /** An empty disk takes the place of the old one. */
  loseDisk(): void {
    assert(this.currentLife === undefined, 'a disk is lost while nothing runs');
    this.currentDisk = this.options.newDisk();
  }
}
