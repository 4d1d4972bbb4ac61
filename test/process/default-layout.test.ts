/**
 * The default layout: nodes without addresses of their own, as in the README. These scenes use its fixed ports, so they run
 * one after the other, and say so when somebody else has the ports.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { place } from '../../src/cluster/default-layout.js';
import { parseAddress } from '../../src/base/address.js';
import type { Child } from '../support/child.js';
import { playScene, type Scene } from './harness.js';
import { Load } from './load/load.js';
import { isFree } from '../support/free-ports.js';

const PLACES = [1, 2, 3, 4, 5].map(place);

/** Tells the scene where the nodes of the default layout will be. */
function useDefaultLayout(scene: Scene, nodes: number): void {
  for (const { nodeId, clientListen, controlListen, dataListen, httpListen } of PLACES.slice(0, nodes)) {
    const listen = { client: clientListen, control: controlListen, data: dataListen, http: httpListen };
    scene.plans.set(nodeId, { id: nodeId, ...listen });
  }
}

async function portsInUse(): Promise<number[]> {
  const addresses = PLACES.flatMap(({ clientListen, controlListen, dataListen, httpListen }) => [
    clientListen,
    controlListen,
    dataListen,
    httpListen,
  ]);
  const ports = addresses.map((address) => parseAddress(address)?.port ?? 0);
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_, i) => !free[i]);
}

describe.sequential('the default layout', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    const taken = await portsInUse();
    if (taken.length > 0) {
      throw new Error(
        `these tests start nodes on the fixed ports of the default layout, and others listen on ${taken.join(', ')}: ` +
          'stop the cluster that runs on this machine (another test run?), then run them again',
      );
    }
  });

  test('three nodes started without --id take the first free places; one alone says what is missing', async () => {
    await playScene(async (scene) => {
      useDefaultLayout(scene, 3);
      const first = scene.spawn('first', ['node', 'start', '--mode', 'raft']);
      await first.says('n1 listens on 127.0.0.1:7101, data in .dcache/raft/n1');
      await first.says('1 of 3 nodes up, 2 needed: run this in another terminal, or `dcache cluster start`');

      const startedAtMs = performance.now();
      const endpoints = ['--endpoints', '127.0.0.1:7101,127.0.0.1:7102', '--timeout', '100s'];
      const refused = await scene.cli(['kv', 'set', 'fruit', 'cherry', ...endpoints]);
      expect(refused).toEqual({
        exitCode: 3,
        stdout: '',
        stderr:
          'error: 1 of 3 nodes up, 2 needed; not up: n2, n3. Start one with `dcache node start` in another terminal\n',
      });
      // Far from the deadline of the request, however busy the machine is.
      expect(performance.now() - startedAtMs).toBeLessThan(50_000);

      // Both at once: binding decides who gets which place.
      const others = ['second', 'third'].map((name) => scene.spawn(name, ['node', 'start', '--mode', 'raft']));
      await Promise.all(others.map((node) => node.says('listens on')));
      const places = others.map((node) => /n\d listens on \S+/.exec(node.output)?.[0]).sort();
      expect(places).toEqual(['n2 listens on 127.0.0.1:7102,', 'n3 listens on 127.0.0.1:7103,']);
      await scene.untilServing();

      expect(await scene.cli(['kv', 'set', 'fruit', 'cherry'])).toMatchObject({ exitCode: 0, stdout: 'OK\n' });
      const fourth = await scene.cli(['node', 'start', '--mode', 'raft']);
      expect(fourth.exitCode).toBe(5);
      expect(fourth.stderr).toMatch(/^error: all 3 places of the default layout are taken /m);
    });
  });

  test('cluster start runs three nodes until Ctrl-C, and their data are there the next time', async () => {
    await playScene(async (scene) => {
      useDefaultLayout(scene, 3);
      const start = ['cluster', 'start', '--mode', 'raft', '--nodes', '3'];
      const cluster = scene.spawn('cluster start', start);
      await cluster.says('The cluster runs.');
      expect(cluster.stdout).toContain('3 of 3 nodes up, 1 more node may fail');
      const pids = (await scene.untilServing()).nodes.map((node) => node.pid);
      expect(await scene.cli(['kv', 'set', 'fruit', 'cherry'])).toMatchObject({ exitCode: 0 });

      cluster.signal('SIGINT');
      expect(await cluster.ended).toEqual({ exitCode: 0, signal: null });
      expect(pids.filter(isAlive)).toEqual([]);
      expect(await portsInUse()).toEqual([]);

      const again = scene.spawn('cluster start again', start);
      await again.says('The cluster runs.');
      expect(await scene.cli(['kv', 'get', 'fruit'])).toMatchObject({ exitCode: 0, stdout: 'cherry\n' });
      again.signal('SIGTERM');
      expect(await again.ended).toEqual({ exitCode: 0, signal: null });
    });
  });

  test.each(['raft', 'ecc'])(
    'a cluster of %s mode is restarted node by node under load, and no client notices',
    async (mode) => {
      await playScene(async (scene) => {
        useDefaultLayout(scene, 3);
        const cluster = scene.spawn('cluster start', ['cluster', 'start', '--mode', mode, '--nodes', '3']);
        await cluster.says('The cluster runs.');
        const before = (await scene.untilServing()).nodes.map(({ pid }) => pid);
        const load = new Load(scene.client());
        await load.untilWritten(200);

        const restarted = await scene.cli(['cluster', 'restart', '--json']);
        const events = restarted.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { event: string });
        expect(restarted.exitCode, restarted.stdout + cluster.output).toBe(0);
        expect(events.filter(({ event }) => event === 'back')).toHaveLength(3);
        expect(events.at(-1)).toMatchObject({ event: 'done' });
        const pids = (await scene.untilServing()).nodes.map(({ pid }) => pid);
        expect(pids.filter((pid) => before.includes(pid))).toEqual([]);
        expect(cluster.output).toContain('n1 has left, and is started again');

        await load.untilWritten(200);
        await load.settle(scene.client());
        expect(load.failures).toEqual([]);
        cluster.signal('SIGTERM');
        expect(await cluster.ended).toEqual({ exitCode: 0, signal: null });
      });
    },
  );

  test('a node that nobody would start again is not restarted, nor one that could not be done without', async () => {
    await playScene(async (scene) => {
      useDefaultLayout(scene, 3);
      const [one, two, three] = ['n1', 'n2', 'n3'].map((id) =>
        scene.spawn(id, ['node', 'start', '--mode', 'raft', '--id', id]),
      );
      await scene.untilServing();
      const asked = scene.spawn('restart', ['cluster', 'restart', 'n2']);
      await asked.says('n2: nobody would start it again, so restart it now:');
      expect(asked.stdout).toContain(`kill ${two?.pid}\n    dcache node start --id n2 --mode raft --nodes 3\n`);
      two?.signal('SIGTERM');
      await two?.ended;
      expect(await scene.cli(['cluster', 'restart', 'n1'])).toMatchObject({
        exitCode: 3,
        stderr: 'error: the cluster cannot do without n1 now: n2 is down; see `dcache cluster status`\n',
      });
      scene.spawn('n2 again', ['node', 'start', '--mode', 'raft', '--id', 'n2']);
      expect((await asked.ended).exitCode).toBe(0);
      expect(asked.stdout).toContain('n2: is back');
      for (const node of [one, three]) expect(node?.running).toBe(true);
    });
  });

  test('five nodes of ecc mode started without --id are one cluster, and any two of them may be killed', async () => {
    await playScene(async (scene) => {
      useDefaultLayout(scene, 5);
      const start = (name: string): Child => scene.spawn(name, ['node', 'start', '--mode', 'ecc']);
      const nodes = ['first', 'second', 'third', 'fourth', 'fifth'].map(start);
      await Promise.all(nodes.map((node) => node.says('listens on')));
      const places = nodes.map((node) => /(n\d) listens on \S+, data in (\S+)/.exec(node.output)?.slice(1).join(' '));
      expect(places.sort()).toEqual([1, 2, 3, 4, 5].map((number) => `n${number} .dcache/ecc/n${number}`));
      await scene.untilServing();

      expect(await scene.cli(['kv', 'set', 'fruit', 'cherry'])).toMatchObject({ exitCode: 0, stdout: 'OK\n' });
      await Promise.all(nodes.slice(0, 2).map((node) => node.kill()));
      expect(await scene.cli(['kv', 'get', 'fruit'])).toMatchObject({ exitCode: 0, stdout: 'cherry\n' });
      expect(await scene.cli(['kv', 'set', 'fruit', 'plum'])).toMatchObject({ exitCode: 0, stdout: 'OK\n' });
    });
  });

  test('cluster start --mode ecc runs five nodes until Ctrl-C, and says that their memory goes with them', async () => {
    await playScene(async (scene) => {
      useDefaultLayout(scene, 5);
      const cluster = scene.spawn('cluster start', ['cluster', 'start', '--mode', 'ecc']);
      await cluster.says('The cluster runs.');
      expect(cluster.stdout).toContain('RS(3,2): serving; 2 more nodes may fail');
      expect(cluster.stdout).toContain('Ctrl-C stops all nodes, and their memory is gone with them');
      const pids = (await scene.untilServing()).nodes.map((node) => node.pid);
      expect(await scene.cli(['kv', 'set', 'fruit', 'cherry'])).toMatchObject({ exitCode: 0 });
      expect((await scene.cli(['cluster', 'map'])).stdout).toContain('5 groups, 15 partitions');

      cluster.signal('SIGINT');
      expect(await cluster.ended, cluster.tail).toEqual({ exitCode: 0, signal: null });
      expect(pids.filter(isAlive)).toEqual([]);
      expect(await portsInUse()).toEqual([]);

      const again = scene.spawn('cluster start again', ['cluster', 'start', '--mode', 'ecc', '--k', '3', '--m', '2']);
      await again.says('The cluster runs.');
      await scene.until('it begins empty', async () => (await scene.cli(['kv', 'get', 'fruit'])).exitCode === 1);
      again.signal('SIGTERM');
      expect(await again.ended, again.tail).toEqual({ exitCode: 0, signal: null });
    });
  });

  test('when cluster start dies, its nodes do not stay behind', async () => {
    await playScene(async (scene) => {
      useDefaultLayout(scene, 3);
      const cluster = scene.spawn('cluster start', ['cluster', 'start', '--mode', 'raft', '--nodes', '3']);
      await cluster.says('The cluster runs.');
      const pids = (await scene.untilServing()).nodes.map((node) => node.pid);
      await cluster.kill();
      await scene.until('all nodes have stopped', () => Promise.resolve(pids.filter(isAlive).length === 0));
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
