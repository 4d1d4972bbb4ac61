import { mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClusterReport, NodeReport } from '../../../src/adapters/grpc/backend.js';
import { DcacheError } from '../../../src/base/errors.js';
import { checkCluster, type ClusterProbe } from '../../../src/cli/doctor/cluster-checks.js';
import { presentFindings } from '../../../src/cli/doctor/finding.js';
import { checkAddons, checkDataFolder, checkNode } from '../../../src/cli/doctor/machine-checks.js';

const node = (nodeId: string, changes: Partial<NodeReport> = {}): NodeReport => ({
  nodeId,
  raftId: 1,
  up: true,
  pid: 1,
  clientAddress: `${nodeId}:7101`,
  controlAddress: `${nodeId}:7201`,
  httpAddress: `${nodeId}:7401`,
  role: nodeId === 'n1' ? 'leader' : 'follower',
  term: 1,
  commit: 1,
  applied: 1,
  keys: 0,
  bytes: 0,
  uptimeMs: 1,
  leader: 'n1',
  version: '0.1.0',
  clusterId: 'abc',
  mode: 'raft',
  notServing: '',
  clusterSize: 3,
  needed: 2,
  reachable: 3,
  capBytes: 0,
  freeBytes: 0,
  reserveBytes: 0,
  bytesFor: {},
  ecc: undefined,
  supervised: false,
  snapshots: [],
  ...changes,
});

function probe(nodes: readonly NodeReport[], changes: Partial<ClusterProbe> = {}): ClusterProbe {
  const report: ClusterReport = {
    clusterId: 'abc',
    mode: 'raft',
    needed: 2,
    up: nodes.filter(({ up }) => up).length,
    nodes,
    map: undefined,
  };
  return {
    nodeReport: (address) => {
      const found = nodes.find(({ clientAddress, up }) => up && clientAddress === address);
      if (found === undefined) return Promise.reject(new DcacheError('UNREACHABLE', `nobody answers at ${address}`));
      return Promise.resolve(found);
    },
    clusterReport: () => Promise.resolve(report),
    wallClock: () => Promise.resolve(Date.now()),
    ...changes,
  };
}

const endpoints = ['n1:7101', 'n2:7101', 'n3:7101'];

describe('a cluster', () => {
  test('that is well has nothing to be fixed', async () => {
    const findings = await checkCluster(endpoints, probe([node('n1'), node('n2'), node('n3')]), true);
    expect(findings.map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'ok'));
  });

  test('with a node down names the command that starts it', async () => {
    const findings = await checkCluster(endpoints, probe([node('n1'), node('n2'), node('n3', { up: false })]), true);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'endpoint n3:7101', state: 'problem' }));
    const cluster = findings.find(({ check }) => check === 'cluster');
    expect(cluster).toMatchObject({ state: 'warning', fix: 'dcache node start --id n3' });
  });

  test('need not be at all places of the default layout', async () => {
    const places = [...endpoints, 'n4:7101', 'n5:7101'];
    const findings = await checkCluster(places, probe([node('n1'), node('n2'), node('n3')]), false);
    expect(findings.map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'ok'));
  });

  test('with too few nodes up is a problem', async () => {
    const down = { up: false };
    const findings = await checkCluster(endpoints, probe([node('n1'), node('n2', down), node('n3', down)]), true);
    expect(findings.find(({ check }) => check === 'cluster')).toMatchObject({ state: 'problem' });
  });

  test('that does not answer at all is told how to be started', async () => {
    const findings = await checkCluster(endpoints, probe([]), true);
    expect(findings).toHaveLength(3);
    expect(findings[0]?.fix).toContain('dcache cluster start');
  });

  test('whose clocks disagree is told how to set them', async () => {
    const late = { wallClock: () => Promise.resolve(Date.now() - 60_000) };
    const findings = await checkCluster(['n1:7101'], probe([node('n1')], late), true);
    expect(findings.at(-1)).toMatchObject({ state: 'problem', fix: expect.stringContaining('set-ntp') as string });
  });
});

describe('this machine', () => {
  test('with an old Node that still works is advised a newer one', () => {
    expect(checkNode('20.19.0')).toMatchObject({ state: 'warning' });
    expect(checkNode('22.4.1')).toMatchObject({ state: 'ok', fix: undefined });
  });

  test('without its addons is told how to build them', () => {
    const missing = (name: string): never => {
      throw new Error(`Cannot find module '${name}'\nRequire stack: ...`);
    };
    expect(checkAddons(missing)).toMatchObject([
      { check: 'lmdb', state: 'problem', fix: 'npm rebuild lmdb' },
      { check: 'reed-solomon', state: 'warning' },
    ]);
  });

  test('gets no folder made by being asked about it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dcache-doctor-'));
    expect(await checkDataFolder(join(folder, 'a/b'))).toMatchObject({ check: 'data folder', fix: undefined });
    expect(existsSync(join(folder, 'a'))).toBe(false);
    rmSync(folder, { recursive: true });
  });

  test('with a file where the data folder should be is a problem', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dcache-doctor-'));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await checkDataFolder(file)).toMatchObject({ state: 'problem' });
    rmSync(folder, { recursive: true });
  });
});

test('findings are shown with their fixes and counted', () => {
  const text = presentFindings([
    { check: 'Node', state: 'ok', message: '22.4.1', fix: undefined },
    { check: 'lmdb', state: 'problem', message: 'broken', fix: 'npm rebuild lmdb' },
  ]);
  expect(text).toBe('✓ Node  22.4.1\n✗ lmdb  broken\n        fix: npm rebuild lmdb\n\n1 problem, no warnings');
});
