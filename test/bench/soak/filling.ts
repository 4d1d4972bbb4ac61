/** Fills a cluster to its memory cap, and takes some out when it is full: refusals are an answer, a lost value is not. */
import { asDcacheError } from '../../../src/base/errors.js';
import type { Prng } from '../../../src/base/prng.js';
import type { DcacheClient } from '../../../src/client/client.js';

const MAX_VALUE_BYTES = 60_000;
/** Of what is there, removed when a write is refused. */
const REMOVED_SHARE = 0.1;

export class Filling {
  readonly violations: string[] = [];
  acknowledged = 0;
  refused = 0;
  private readonly client: DcacheClient;
  private readonly prng: Prng;
  /** Acknowledged, by key; not asked for while its removal is under way. */
  private readonly there = new Map<string, string>();
  private next = 0;

  constructor(client: DcacheClient, prng: Prng) {
    this.client = client;
    this.prng = prng;
  }

  get keys(): number {
    return this.there.size;
  }

  async step(): Promise<void> {
    try {
      await this.write();
      await this.readOne();
    } catch (error) {
      const { code } = asDcacheError(error);
      if (code === 'INTERNAL') throw error;
      if (code === 'STORE_FULL') await this.makeRoom();
    }
  }

  /** Reads every value that is there. */
  async settle(): Promise<void> {
    for (const [key, value] of this.there) this.compare(key, value, await this.client.get(key));
  }

  private async write(): Promise<void> {
    const key = `filling ${this.next++}`;
    const value = `${key} ${'y'.repeat(this.prng.below(MAX_VALUE_BYTES))}`;
    await this.client.set(key, value);
    this.acknowledged++;
    this.there.set(key, value);
  }

  private async readOne(): Promise<void> {
    const [key, value] = [...this.there].at(this.prng.below(this.there.size)) ?? [];
    if (key !== undefined && value !== undefined) this.compare(key, value, await this.client.get(key));
  }

  private compare(key: string, value: string, found: string | undefined): void {
    if (found !== value && this.there.has(key)) this.violations.push(`${key}: acknowledged, and not there as it was`);
  }

  private async makeRoom(): Promise<void> {
    this.refused++;
    const removed = [...this.there.keys()].slice(0, Math.ceil(this.there.size * REMOVED_SHARE));
    for (const key of removed) this.there.delete(key);
    try {
      await this.client.mdel(removed);
    } catch (error) {
      if (asDcacheError(error).code === 'INTERNAL') throw error;
    }
  }
}
