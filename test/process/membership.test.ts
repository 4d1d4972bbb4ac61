/** Nodes that come, go for good, and come back without what they had. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ClusterReport } from '../../src/adapters/grpc/backend.js';
import { getText, scene, setText } from './harness.js';

const sizeOf = (report: ClusterReport | undefined): number | undefined => report?.nodes[0]?.clusterSize;

scene('a node whose data folder was deleted joins again under a new raft id, and three vote', async (scene) => {
  await scene.startAll();
  const leader = await scene.leader();
  const lost = leader === 'n2' ? 'n3' : 'n2';
  const before = (await scene.status(leader))?.nodes.find((node) => node.nodeId === lost);
  await setText(scene.client(leader), 'fruit', 'cherry');

  await scene.node(lost).kill();
  rmSync(join(scene.folder, `data-${lost}`), { recursive: true });
  await scene.start(lost);

  const report = await scene.until(`${lost} votes again`, async () => {
    const seen = await scene.status(leader);
    const row = seen?.nodes.find((node) => node.nodeId === lost);
    return row?.role === 'follower' && seen?.nodes.length === 3 ? seen : undefined;
  });
  const after = report.nodes.find((node) => node.nodeId === lost);
  expect(after?.raftId).toBeGreaterThan(3);
  expect(after?.raftId).not.toBe(before?.raftId);
  expect(sizeOf(report)).toBe(3);
  expect(await getText(scene.client(lost), 'fruit')).toBe('cherry');
});

scene('another machine takes the place of a node only if it is told to replace it', async (scene) => {
  await scene.startAll();
  const leader = await scene.leader();
  const lost = leader === 'n2' ? 'n3' : 'n2';
  await setText(scene.client(leader), 'fruit', 'cherry');
  const { control: before } = scene.planOf(lost);
  await scene.node(lost).kill();
  await scene.plan(lost);
  const { control: now } = scene.planOf(lost);
  const command = scene.startCommand(lost, { 'data-dir': join(scene.folder, 'elsewhere') });

  const refused = scene.spawn(lost, command);
  await refused.says(`${lost} is on record at ${before}, and this node comes from ${now} with an empty data folder`);
  await refused.says('start it with --replace');
  await refused.kill();

  const watched = scene.cli([
    'cluster',
    'recover',
    lost,
    '--wait',
    '2m',
    '--json',
    '--endpoints',
    scene.planOf(leader).client,
  ]);
  scene.spawn(lost, [...command, '--replace']);
  expect(await watched).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"verdict":"whole"') as string });
  expect(await getText(scene.client(lost), 'fruit')).toBe('cherry');
  expect((await scene.status(leader))?.nodes.find(({ nodeId }) => nodeId === lost)?.controlAddress).toBe(now);
});

scene('cluster add lets a fourth node in, cluster remove takes it out', async (scene) => {
  await scene.startAll();
  await scene.plan('n4');
  await setText(scene.client('n1'), 'fruit', 'cherry');

  const early = scene.spawn('n4', scene.startCommand('n4'));
  await early.says('the cluster does not expect a node called n4; run `dcache cluster add n4` first');

  const added = await scene.cli(['cluster', 'add', 'n4']);
  expect(added).toMatchObject({ exitCode: 0, stderr: '' });
  expect(added.stdout).toContain('n4 may join');
  await scene.until('n4 is the fourth voter', async () => sizeOf(await scene.status('n1')) === 4);
  await scene.untilEqual('n1', 'n2', 'n3', 'n4');
  expect(await getText(scene.client('n4'), 'fruit')).toBe('cherry');

  const removed = await scene.cli(['cluster', 'remove', 'n4']);
  expect(removed).toEqual({ exitCode: 0, stdout: 'n4 is no longer a member\n', stderr: '' });
  await scene.until('three vote', async () => sizeOf(await scene.status('n1')) === 3);
  await early.says('n4 was removed from the cluster');

  const again = await scene.cli(['cluster', 'remove', 'n4']);
  expect(again.exitCode).toBe(5);
  expect(again.stderr).toBe('error: the cluster has no node called n4; see `dcache cluster status`\n');
});

scene('removing the leader leaves a cluster that serves', async (scene) => {
  await scene.startAll();
  const leader = await scene.leader();
  const others = [...scene.plans.keys()].filter((id) => id !== leader);
  await setText(scene.client(...others), 'fruit', 'cherry');

  expect(await scene.cli(['cluster', 'remove', leader])).toMatchObject({ exitCode: 0 });
  expect(others).toContain(await scene.leader(...others));
  await scene.until('two vote', async () => sizeOf(await scene.status(others[0] ?? '')) === 2);
  expect(await getText(scene.client(...others), 'fruit')).toBe('cherry');
});
