/** `npm run nemesis` as people type it, in network namespaces where this machine allows them: there a cut loses packets. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Child } from '../support/child.js';
import { requireBuild } from '../support/dist.js';
import { LIVE_TIMEOUT_MS } from './live-run.js';

const NEMESIS = join(import.meta.dirname, '../../bin/nemesis.mjs');

// Skipped elsewhere: processes are stopped and links cut by means of Linux (/proc, network namespaces).
test.runIf(process.platform === 'linux')(
  'three nodes in raft mode: what clients saw is linearizable, whatever a seed does to processes and links',
  { timeout: LIVE_TIMEOUT_MS },
  async () => {
    requireBuild();
    const folder = mkdtempSync(join(tmpdir(), 'dcache-nemesis-'));
    const network = hasNamespaces() ? 'namespaces' : 'proxies';
    if (network === 'proxies')
      console.log('no network namespaces for this user on this machine: links have proxies instead');
    const args = ['--mode', 'raft', '--all-at-once', '--network', network, '--seed', '4', '--minutes', '0.2'];
    const nemesis = new Child('nemesis', [NEMESIS, ...args, '--output', folder], { cwd: folder });
    const { exitCode } = await nemesis.ended;
    const { output } = nemesis;
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/raft, 3 nodes, seed 4: 1 rounds in \d+ s\n {2}\d{3,} operations checked/);
    expect(output).toMatch(/(killed|paused|stopped|cut).* [1-9]/);
    rmSync(folder, { recursive: true });
  },
);

function hasNamespaces(): boolean {
  try {
    execFileSync('unshare', ['--net', '--map-root-user', 'ip', 'link', 'add', 'probe', 'type', 'bridge'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
