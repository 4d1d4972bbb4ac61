/** Writers and readers that go on whatever happens to the cluster, with a ledger of what they were told. */
import assert from 'node:assert/strict';
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
  /** Between two requests of a lane, ms. As fast as it goes would leave the nodes little of a small machine. */
  pauseMs = 4;
  /** The present key of every place that a writer goes round; after an unknown outcome the place gets another one. */
  private readonly keys: string[];
  private stopped = false;
  private readonly lanes: Promise<void>[];

  /** Starts at once. The clients are used in turn. */
  constructor(first: DcacheClient, ...others: readonly DcacheClient[]) {
    this.keys = Array.from({ length: WRITERS * KEYS_A_WRITER }, (_, place) => `key ${place}`);
    const clientOf = (i: number): DcacheClient => others[i % (others.length + 1)] ?? first;
    const writers = Array.from({ length: WRITERS }, (_, i) => this.write(i * KEYS_A_WRITER, clientOf(i)));
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
    assert.deepEqual(ledger.violations, []);
  }

  private async write(firstPlace: number, client: DcacheClient): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const place = firstPlace + (i % KEYS_A_WRITER);
      const key = this.keyAt(place);
      const number = this.ledger.send(key);
      if (number === undefined) {
        this.keys[place] = `key ${place}, after write ${i}`;
        continue;
      }
      try {
        await client.set(key, valueOf(key, number));
        this.ledger.onAcknowledged(key, number);
      } catch (error) {
        if (this.fail(error) === 'unknown') this.ledger.onUnknown(key);
        else this.ledger.onRefused(key, number);
        await pause(PAUSE_MS);
      }
      if (this.pauseMs > 0) await pause(this.pauseMs);
    }
  }

  private async read(lane: number, client: DcacheClient): Promise<void> {
    for (let i = lane; !this.stopped; i++) {
      const key = this.keyAt((i * 7) % this.keys.length);
      const onValue = this.ledger.read(key);
      try {
        onValue(await client.get(key));
      } catch (error) {
        this.fail(error);
        await pause(PAUSE_MS);
      }
      if (this.pauseMs > 0) await pause(this.pauseMs);
    }
  }

  private keyAt(place: number): string {
    return this.keys[place] ?? assert.fail(`there is no place ${place}`);
  }

  private fail(error: unknown): 'not-done' | 'unknown' {
    const { code, outcome, message } = asDcacheError(error);
    this.failures.push(`${code} (${outcome}): ${message}`);
    return outcome;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
