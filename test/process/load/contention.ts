/** Clients that fight for a few keys with every kind of request, and the check that what they saw has one order. */
import assert from 'node:assert/strict';
import { Prng } from '../../../src/base/prng.js';
import type { DcacheClient } from '../../../src/client/client.js';
import { checkLinearizability } from '../../checker/check.js';
import { kvModel, type KvInput, type KvResult } from '../../checker/kv-model.js';
import { HistoryRecorder } from '../../checker/recorder.js';
import { request, versionIn } from '../../support/recorded-requests.js';

const LANES = 6;
const KEYS = 12;
/** Keeps the history short enough to be checked in a moment. */
const MAX_PAUSE_MS = 12;

export class Contention {
  private readonly recorder = new HistoryRecorder<KvInput, KvResult>();
  private readonly versions = new Map<string, number>();
  private readonly lanes: Promise<void>[];
  private stopped = false;
  private readonly seed: number;
  private nextValue = 1;

  /** Starts at once, on keys that no contention of another seed uses: a history begins with all of its keys missing. The clients are used in turn. */
  constructor(seed: number, first: DcacheClient, ...others: readonly DcacheClient[]) {
    this.seed = seed;
    this.lanes = Array.from({ length: LANES }, (_, i) =>
      this.work(`c${i}`, others[i % (others.length + 1)] ?? first, new Prng(seed + i)),
    );
  }

  /** Stops and fails unless the history is linearizable. @returns operations that were done. */
  async settle(): Promise<number> {
    this.stopped = true;
    await Promise.all(this.lanes);
    const operations = this.recorder.operations();
    const report = checkLinearizability(kvModel, operations);
    const failures = [...report.violations, ...report.undecided].map(({ key, search }) => ({
      key,
      stuck: search.stuck,
    }));
    assert.deepEqual(failures, []);
    return operations.filter(({ outcome }) => outcome.type === 'done').length;
  }

  private async work(name: string, client: DcacheClient, prng: Prng): Promise<void> {
    const { recorder } = this;
    while (!this.stopped) {
      const key = `contended ${this.seed} ${prng.below(KEYS)}`;
      const outcome = await request({ name, client, recorder }, key, this.draw(prng, key));
      const version = outcome.type === 'done' ? versionIn(outcome.result) : undefined;
      if (version !== undefined) this.versions.set(key, version);
      await new Promise((resolve) => setTimeout(resolve, prng.below(MAX_PAUSE_MS)));
    }
  }

  private draw(prng: Prng, key: string): KvInput {
    const version = this.versions.get(key) ?? 1;
    const value = String(this.nextValue++);
    switch (prng.below(8)) {
      case 0:
      case 1:
        return { type: 'set', value };
      case 2:
        return { type: 'set', value, condition: { type: 'version', version } };
      case 3:
        return { type: 'set', value, condition: { type: 'absent' } };
      case 4:
        return { type: 'incr', delta: '1' };
      case 5:
        return { type: 'delete' };
      default:
        return { type: 'get' };
    }
  }
}
