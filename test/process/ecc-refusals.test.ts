/** What a cluster of ecc mode does not start with, or does not listen to: the reason, and nothing else disturbed. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect } from 'vitest';
import { parseAddress } from '../../src/base/address.js';
import { eccScene, untilRedundant } from './ecc-scene.js';
import { getText, scene, setText } from './harness.js';

describe.concurrent('node start --mode ecc', () => {
  scene('refuses codes and options that cannot be, with the relation that does not hold', async (scene) => {
    const refused = async (flags: readonly string[], message: string): Promise<void> => {
      const { exitCode, stderr } = await scene.cli(['node', 'start', '--mode', 'ecc', ...flags]);
      expect(stderr).toContain(message);
      expect(exitCode, stderr).toBe(5);
    };
    await refused(['--k', '2', '--m', '2'], 'k must be a majority of the 4 nodes: choose m below k');
    await refused(['--k', '3', '--m', '2', '--nodes', '4'], 'needs 5 nodes, there are 4');
    await refused(['--k', '0', '--m', '0'], 'k must be a whole number from 1');
    await refused(['--k', '3'], 'given together with --m');
    await refused(['--max-memory', '1mb', '--k', '3', '--m', '2'], '15mb at least for RS(3, 2)');
    await refused(['--lease-ms', '700'], 'heartbeatTimeoutMs');
    const { stderr } = await scene.cli(['node', 'start', '--mode', 'raft', '--k', '3', '--m', '2']);
    expect(stderr).toContain('it is for --mode ecc');
  });
});

eccScene(
  'a node of another mode or another code is not listened to, and both are named',
  async (scene) => {
    await scene.plan(...scene.founders);
    await Promise.all(['n1', 'n2'].map((id) => scene.start(id)));

    const raft = scene.spawn('n3 in raft mode', [
      ...['node', 'start', '--mode', 'raft', '--id', 'n3', '--data-dir', 'raft-n3'],
      ...['--peers', scene.founders.map((id) => `${id}=${scene.planOf(id).control}`).join(',')],
      ...[
        '--listen',
        scene.planOf('n3').client,
        '--control-listen',
        scene.planOf('n3').control,
        '--http-listen',
        'off',
      ],
    ]);
    await raft.says('start all nodes of a cluster with the same --mode');
    await raft.kill();

    const narrow = await scene.start('n3', { k: '3', m: '0' });
    await narrow.says('start all nodes of a cluster with the same k and m');
    expect(narrow.output).toMatch(/n\d runs with RS\(\d,\d\), n\d with RS\(\d,\d\)/);
    await narrow.kill();

    await scene.start('n3');
    await scene.untilServing();
  },
  { mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } },
);

eccScene(
  'garbage on the data port changes nothing',
  async (scene) => {
    await scene.startAll();
    const before = await untilRedundant(scene);
    const client = scene.client();
    await setText(client, 'fruit', 'cherry');

    const frames = [randomBytes(64), Buffer.alloc(1024), Buffer.from('GET / HTTP/1.1\r\n\r\n'), randomBytes(1_000_000)];
    for (const id of scene.founders) for (const bytes of frames) await shout(scene.planOf(id).data, bytes);

    expect(await getText(client, 'fruit')).toBe('cherry');
    await setText(client, 'fruit', 'plum');
    const after = await untilRedundant(scene);
    expect(after.map?.groups).toEqual(before.map?.groups);
  },
  { mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } },
);

/** Sends bytes that nobody asked for and waits until the other end has hung up. */
function shout(address: string, bytes: Uint8Array): Promise<void> {
  const { host, port } = parseAddress(address) ?? { host: '', port: 0 };
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on('error', () => undefined); // cut in the middle of our words
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(bytes);
  });
}
