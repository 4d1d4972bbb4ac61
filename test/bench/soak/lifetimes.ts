/** Keys with a time to live: there before it is over, gone after it. */
import { asDcacheError } from '../../../src/base/errors.js';
import type { DcacheClient } from '../../../src/client/client.js';
import type { Prng } from '../../../src/base/prng.js';

/** Clocks of client and nodes are one here; what is left is the time that requests and a failover take. */
const MARGIN_MS = 5_000;
const MIN_TTL_MS = 10_000;
const MAX_TTL_MS = 60_000;

interface Lifetime {
  readonly key: string;
  readonly value: string;
  readonly setMs: number;
  readonly answeredMs: number;
  readonly ttlMs: number;
}

export class Lifetimes {
  readonly violations: string[] = [];
  checked = 0;
  private readonly client: DcacheClient;
  private readonly prng: Prng;
  private living: Lifetime[] = [];
  private next = 0;

  constructor(client: DcacheClient, prng: Prng) {
    this.client = client;
    this.prng = prng;
  }

  /** Sets one more key, and looks at the oldest. Failed requests are left alone: nothing is known of their keys. */
  async step(): Promise<void> {
    try {
      await this.set();
      await this.check();
    } catch (error) {
      if (asDcacheError(error).code === 'INTERNAL') throw error;
    }
  }

  private async set(): Promise<void> {
    const key = `lifetime ${this.next++}`;
    const value = `${key} ${'x'.repeat(this.prng.below(500))}`;
    const ttlMs = MIN_TTL_MS + this.prng.below(MAX_TTL_MS - MIN_TTL_MS);
    const setMs = Date.now();
    await this.client.set(key, value, { ttlMs });
    this.living.push({ key, value, setMs, answeredMs: Date.now(), ttlMs });
  }

  private async check(): Promise<void> {
    const index = this.prng.below(this.living.length);
    const lifetime = this.living[index];
    if (lifetime === undefined) return;
    const { key, value, setMs, answeredMs, ttlMs } = lifetime;
    const askedMs = Date.now();
    const found = await this.client.get(key);
    const answeredNowMs = Date.now();
    this.checked++;
    if (answeredNowMs < setMs + ttlMs - MARGIN_MS && found !== value) {
      this.violations.push(`${key}: missing ${setMs + ttlMs - answeredNowMs} ms before its time`);
    }
    const isOver = askedMs > answeredMs + ttlMs + MARGIN_MS;
    if (isOver && found !== undefined)
      this.violations.push(`${key}: there ${askedMs - answeredMs - ttlMs} ms too long`);
    if (isOver) this.living = this.living.filter((other) => other !== lifetime);
  }
}
