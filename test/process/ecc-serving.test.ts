/** What five processes in ecc mode answer while all is well, and what they say of themselves. */
import { expect } from 'vitest';
import { eccScene, untilRedundant } from './ecc-scene.js';
import { getText, setText } from './harness.js';

eccScene('any of five nodes takes set, get and del, and says how the cluster stands', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  const ids = scene.founders;
  const keysOf = (id: string): string[] => Array.from({ length: 30 }, (_, i) => `${id}/${i}`);

  // The first requests of a client go to the node that it was given, which forwards most of them.
  for (const id of ids) {
    const client = scene.client(id);
    await Promise.all(keysOf(id).map((key) => setText(client, key, `of ${key}`)));
  }
  for (const id of ids) {
    const client = scene.client(id);
    const keys = ids.flatMap(keysOf);
    expect(await client.mget(keys), id).toEqual(keys.map((key) => `of ${key}`));
    expect(await scene.client(id).count()).toBe(keys.length);
    expect(await getText(scene.client(id), 'nobody set this')).toBeUndefined();
  }

  const at = (id: string): string[] => ['--endpoints', scene.planOf(id).client];
  expect(await scene.cli(['kv', 'set', 'fruit', 'cherry', ...at('n1')])).toMatchObject({ exitCode: 0, stdout: 'OK\n' });
  expect(await scene.cli(['kv', 'get', 'fruit', ...at('n4')])).toMatchObject({ exitCode: 0, stdout: 'cherry\n' });
  expect(await scene.cli(['kv', 'del', 'fruit', ...at('n5')])).toMatchObject({ exitCode: 0 });
  expect(await scene.cli(['kv', 'get', 'fruit', ...at('n2')])).toMatchObject({ exitCode: 1 });

  const status = await scene.cli(['cluster', 'status']);
  expect(status).toMatchObject({ exitCode: 0, stderr: '' });
  expect(status.stdout).toContain('RS(3,2): serving; 2 more nodes may fail');
  for (const id of ids) expect(status.stdout).toMatch(new RegExp(`${id} +${scene.node(id).pid} .*\\d+ ms +5 of 5`));
});

eccScene('cluster map shows groups, positions, epochs and primaries, for people and for programs', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);

  const { exitCode, stdout } = await scene.cli(['cluster', 'map']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/RS\(3,2\): 5 groups, 15 partitions\W+map index \d+/);
  const rows = stdout.split('\n').filter((line) => / in sync /.test(line));
  expect(rows).toHaveLength(25);
  expect(rows.filter((row) => / parity /.test(row))).toHaveLength(10);

  const json = JSON.parse((await scene.cli(['cluster', 'map', '--json'])).stdout) as {
    readonly groups: readonly { readonly epoch: number; readonly positions: readonly { readonly holder: string }[] }[];
  };
  expect(json).toMatchObject({ mode: 'ecc', k: 3, m: 2 });
  expect(json.groups.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1, 1]);
  const holders = json.groups.map(({ positions }) => positions.map(({ holder }) => holder).join(' '));
  expect(holders[0]).toBe('n1 n2 n3 n4 n5');
  expect(holders[4]).toBe('n5 n1 n2 n3 n4');
});
