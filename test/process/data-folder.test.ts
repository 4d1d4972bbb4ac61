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
  const nodes = await scene.startThree();
  await nodes.n3.kill();
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
  const nodes = await scene.startThree();
  await nodes.n3.kill();
  const ours = (await scene.status('n1'))?.clusterId ?? '';

  await scene.plan('m1', 'm2');
  // Another cluster, also of n1, n2 and n3, of which two are enough to found it.
  const others = [scene.planOf('m1'), scene.planOf('m2')].map(({ client, control }, i) => ({
    id: `n${i + 1}`,
    client,
    control,
  }));
  const peers = [...others.map(({ id, control }) => `${id}=${control}`), `n3=${scene.planOf('n3').control}`].join(',');
  for (const { id, client, control } of others) {
    const listen = ['--listen', client, '--control-listen', control, '--http-listen', 'off'];
    scene.spawn(`other ${id}`, ['node', 'start', '--id', id, '--peers', peers, '--data-dir', `other-${id}`, ...listen]);
  }
  const theirs = await scene.until('the other cluster has a name', async () => {
    const report = await scene.status('m1');
    return report?.clusterId === '' ? undefined : report?.clusterId;
  });

  const stranger = scene.spawn('n3', scene.startCommand('n3', { peers }));
  await stranger.says(`belongs to cluster ${ours}`);
  await stranger.says(`to cluster ${theirs}`);
  await stranger.says('give one of them another data folder or other --peers');
});

scene('a node id that is in use is refused, and the node does not take part', async (scene) => {
  await scene.startThree();
  await scene.plan('spare');
  const twin = scene.spawn('second n1', scene.startCommand('spare', { id: 'n1' }));
  await twin.says('n1 is up; stop it first, or start this one with another --id');
  const report = await scene.status('n2');
  expect(report?.nodes.map((node) => node.clientAddress)).not.toContain(scene.planOf('spare').client);
  expect(report?.nodes).toHaveLength(3);
});
