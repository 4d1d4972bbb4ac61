/** Writers and readers that go on whatever happens to the cluster, with a ledger of what they were told. */
import { expect } from 'vitest';
import { asDcacheError } from '../../../src/base/errors.js';
import type { DcacheClient } from '../../../src/client/client.js';
import { until } from '../../support/until.js';
import { Ledger, valueOf } from './ledger.js';

const WRITERS = 8;
const READERS = 4;
const KEYS_A_WRITER = 40;
/** A reader that was refused at once does not ask again in the same breath. */
const PAUSE_MS = 5;

export class Load {
  readonly ledger = new Ledger();
  /** Requests that failed, as code and outcome, in the order in which they did. */
  readonly failures: string[] = [];
  private stopped = false;
  private readonly lanes: Promise<void>[];

  /** Starts at once. The clients are used in turn. */
  constructor(first: DcacheClient, ...others: readonly DcacheClient[]) {
    const clientOf = (i: number): DcacheClient => others[i % (others.length + 1)] ?? first;
    const writers = Array.from({ length: WRITERS }, (_, i) => this.write(`w${i}`, clientOf(i)));
    const readers = Array.from({ length: READERS }, (_, i) => this.read(i, clientOf(i)));
    this.lanes = [...writers, ...readers];
  }

  get acknowledged(): number {
    return this.ledger.acknowledged;
  }

  /** Waits until so many more writes are acknowledged than there are now. */
  async untilWritten(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    const onFailure = (): string => this.failures.slice(-5).join('\n');
    await until(`${count} more writes are acknowledged`, () => this.acknowledged >= goal, { onFailure });
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  /** Stops, reads every key through `client`, and fails if anything that was acknowledged is missing or anything else was false. */
  async settle(client: DcacheClient): Promise<void> {
    await this.stop();
    const { ledger } = this;
    await Promise.all(
      ledger.keys.map(async (key) => {
        const onValue = ledger.read(key);
        onValue(await client.get(key));
      }),
    );
    expect(ledger.violations).toEqual([]);
  }

  private async write(name: string, client: DcacheClient): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const key = `${name}/${i % KEYS_A_WRITER}`;
      const number = this.ledger.send(key);
      if (number === undefined) {
        await pause(); // all keys may be closed
        continue;
      }
      try {
        await client.set(key, valueOf(key, number));
        this.ledger.onAcknowledged(key, number);
      } catch (error) {
        if (this.fail(error) === 'unknown') this.ledger.onUnknown(key);
        else this.ledger.onRefused(key, number);
        await pause();
      }
    }
  }

  private async read(lane: number, client: DcacheClient): Promise<void> {
    for (let i = lane; !this.stopped; i++) {
      const key = `w${i % WRITERS}/${(i * 7) % KEYS_A_WRITER}`;
      const onValue = this.ledger.read(key);
      try {
        onValue(await client.get(key));
      } catch (error) {
        this.fail(error);
        await pause();
      }
    }
  }

  private fail(error: unknown): 'not-done' | 'unknown' {
    const { code, outcome, message } = asDcacheError(error);
    this.failures.push(`${code} (${outcome}): ${message}`);
    return outcome;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
