/** Data folders that must not be used: each refusal says which folder, why, and what to do. */
import { cpSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { scene } from './harness.js';

scene('a damaged data folder is named, with the way out', async (scene) => {
  await scene.plan('n1', 'n2', 'n3');
  const node = await scene.start('n1');
  node.signal('SIGTERM');
  await node.ended;
  truncateSync(join(scene.folder, 'data-n1/log/data.mdb'), 3_000);

  const { exitCode, stderr } = await scene.cli(scene.startCommand('n1'));
  expect(exitCode, stderr).toBe(6);
  expect(stderr).toMatch(/^error: data folder data-n1: .*; restore the folder from a copy, or remove it/m);
  expect(stderr).not.toMatch(/^ {4}at /m);
});

scene('the data folder of another node is refused, with its name', async (scene) => {
  await scene.startAll();
  await scene.node('n3').kill();
  cpSync(join(scene.folder, 'data-n3'), join(scene.folder, 'copy'), { recursive: true });
  await scene.plan('spare');
  const { exitCode, stderr } = await scene.cli(scene.startCommand('spare', { id: 'n2', 'data-dir': 'copy' }));
  expect(exitCode, stderr).toBe(5);
  expect(stderr).toMatch(
    /^error: the data folder copy belongs to n3 in raft mode; start it with --id n3 --mode raft, or choose another/m,
  );
});

scene('a data folder in use is refused, with the pid of its node', async (scene) => {
  await scene.plan('n1', 'n2', 'n3', 'spare');
  const node = await scene.start('n1');
  const { exitCode, stderr } = await scene.cli(scene.startCommand('spare', { id: 'n1', 'data-dir': 'data-n1' }));
  expect(exitCode, stderr).toBe(5);
  expect(stderr).toContain(`data folder data-n1 is held by process ${node.pid}; stop that node`);
});

scene('a node with the data of another cluster is not listened to, and both clusters are named', async (scene) => {
  await scene.startAll();
  const theirs = (await scene.status('n1'))?.clusterId ?? '';
  await Promise.all(['n1', 'n2', 'n3'].map((id) => scene.node(id).kill()));
  // A majority whose data are gone founds a new cluster.
  await Promise.all(['n1', 'n2'].map((id) => scene.start(id, { 'data-dir': `new-${id}` })));
  const ours = await scene.until(
    'the new cluster has a name',
    async () => (await scene.status('n1'))?.clusterId || false,
  );
  expect(ours).not.toBe(theirs);

  const stranger = await scene.start('n3');
  await stranger.says(
    `n1 belongs to cluster ${ours}, n3 to cluster ${theirs}: give one of them another data folder or other --peers`,
  );
});

scene('a node id that is in use is refused, and the node does not take part', async (scene) => {
  await scene.startAll();
  await scene.plan('spare');
  const twin = scene.spawn('second n1', scene.startCommand('spare', { id: 'n1' }));
  await twin.says('n1 is up; stop it first, or start this one with another --id');
  const report = await scene.status('n2');
  expect(report?.nodes.map((node) => node.clientAddress)).not.toContain(scene.planOf('spare').client);
  expect(report?.nodes).toHaveLength(3);
});
