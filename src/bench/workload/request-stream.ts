/** The requests of a workload, one after the other, drawn from a seed; and the keys that there are by now. Pure. */
import { Prng } from '../../base/prng.js';
import { keyChooser, type KeyChooser } from './key-chooser.js';
import { OPERATIONS, type OperationType, type Workload } from './workloads.js';

/** Keys of a `scan`, at most. */
export const MAX_RANGE = 100;

export interface BenchRequest {
  readonly type: OperationType;
  /** Number of the key; of a scan, of the first one. */
  readonly key: number;
  /** Keys of a scan, 1 for everything else. */
  readonly count: number;
}

/**
 * Keys are numbered from 0. New ones get the next number; a number counts as written once it and all before it have been, so
 * that nobody looks for a key whose insert is still under way.
 */
export class KeySpace {
  private given: number;
  private written: number;
  private readonly ahead = new Set<number>();

  /** @param loaded 1 or more, all written. */
  constructor(loaded: number) {
    this.given = loaded;
    this.written = loaded;
  }

  /** Keys 0..size-1 have been written. */
  get size(): number {
    return this.written;
  }

  /** Keys that may have been written: 0..reserved-1. */
  get reserved(): number {
    return this.given;
  }

  reserve(): number {
    return this.given++;
  }

  /** The insert of that key is over, whatever became of it: one that failed must not hold the others up for ever. */
  settle(key: number): void {
    this.ahead.add(key);
    while (this.ahead.delete(this.written)) this.written++;
  }
}

export class RequestStream {
  private readonly keys: KeySpace;
  private readonly prng: Prng;
  private readonly chooser: KeyChooser;
  /** Cumulative percent. */
  private readonly thresholds: readonly (readonly [number, OperationType])[];

  constructor({ mix, distribution }: Pick<Workload, 'mix' | 'distribution'>, keys: KeySpace, seed: number) {
    this.keys = keys;
    this.prng = new Prng(seed);
    this.chooser = keyChooser(distribution, keys.size);
    let sum = 0;
    this.thresholds = OPERATIONS.map((type) => [(sum += mix[type] ?? 0), type] as const);
  }

  next(): BenchRequest {
    const draw = this.prng.below(100);
    const type = this.thresholds.find(([threshold]) => draw < threshold)?.[1] ?? 'get';
    if (type === 'insert') return { type, key: this.keys.reserve(), count: 1 };
    const key = this.chooser.next(this.keys.size, this.prng);
    if (type !== 'scan') return { type, key, count: 1 };
    return { type, key, count: Math.min(this.prng.between(1, MAX_RANGE), this.keys.size - key) };
  }
}
