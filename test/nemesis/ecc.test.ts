/** Needs the proxies of link-proxies.ts, which work on Linux only. */
import { expect, test } from 'vitest';
import { expectToPass, faultsIn, LIVE_TIMEOUT_MS } from './live-run.js';

test.runIf(process.platform === 'linux')(
  'five nodes in ecc mode: what clients saw is linearizable, whatever a seed does to processes and links',
  { timeout: LIVE_TIMEOUT_MS },
  async () => {
    const report = await expectToPass({ mode: 'ecc', nodes: 5, code: { k: 3, m: 2 } }, 4, 12);
    expect(faultsIn(report)).toBeGreaterThan(0);
    expect(report.rounds[0]?.done).toBeGreaterThan(100);
  },
);
