/** Needs the proxies of link-proxies.ts, which work on Linux only. */
import { expect, test } from 'vitest';
import { expectToPass, faultsIn, LIVE_TIMEOUT_MS } from './live-run.js';

test.runIf(process.platform === 'linux')(
  'three nodes in raft mode: what clients saw is linearizable, whatever a seed does to processes and links',
  { timeout: LIVE_TIMEOUT_MS },
  async () => {
    const report = await expectToPass({ mode: 'raft', nodes: 3, code: undefined }, 4, 12);
    expect(faultsIn(report)).toBeGreaterThan(1);
    expect(report.rounds[0]?.done).toBeGreaterThan(100);
  },
);
