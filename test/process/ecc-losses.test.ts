/** More nodes gone than the code can bear: no answer is better than a false one, and what is still in memory comes back. */
import { expect } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import { eccScene, partitionOf, primaryOf, untilRedundant } from './ecc-scene.js';
import { getText, setText, type Answer } from './harness.js';

const KEYS = Array.from({ length: 120 }, (_, i) => `key ${i}`);
const valueOf = (key: string): string => `${key} ${'v'.repeat(300)}`;

eccScene('with three of five nodes killed, requests fail at once and say how many are up and needed', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  await scene.client().mset(KEYS.map((key) => [key, valueOf(key)]));
  const dead = ['n1', 'n3', 'n4'];
  const alive = ['n2', 'n5'];
  await Promise.all(dead.map((id) => scene.node(id).kill()));

  const { stderr } = await scene.until('the two that are left know', async () => {
    const answer = await scene.cli(['kv', 'get', 'key 1', '--endpoints', scene.planOf('n2').client]);
    return answer.stderr.includes('2 of 5 nodes up, 3 needed') ? answer : undefined;
  });
  expect(stderr).toMatch(/^error: 2 of 5 nodes up, 3 needed/);
  for (const id of alive) {
    const askedAtMs = performance.now();
    const failures = await Promise.all(
      KEYS.map((key) => getText(scene.client(id), key).then(String, (error: DcacheError) => error.code)),
    );
    expect(new Set(failures)).toEqual(new Set(['NOT_ENOUGH_NODES']));
    const refused = setText(scene.client(id), 'key 1', 'new');
    await expect(refused).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES', outcome: 'not-done' });
    expect(performance.now() - askedAtMs).toBeLessThan(5_000); // the clients would wait for ten seconds
  }
  const status = await scene.cli(['cluster', 'status', '--endpoints', scene.planOf('n2').client]);
  expect(status.stdout).toContain('not serving; 2 of 5 nodes up, 3 needed');

  // Three memories are gone: what is asked now is answered with the value that was set, or not at all.
  await Promise.all(dead.map((id) => scene.start(id)));
  await scene.leader();
  const client = scene.client();
  const answers = await Promise.all(
    KEYS.map((key) => client.get(key, { timeoutMs: 2_000 }).catch((error: unknown) => error)),
  );
  for (const [i, answer] of answers.entries()) {
    if (!(answer instanceof DcacheError)) expect(answer).toBe(valueOf(KEYS[i] ?? ''));
  }
});

eccScene('three of five nodes that were only stopped go on, and nothing is lost', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  const client = scene.client();
  await client.mset(KEYS.map((key) => [key, valueOf(key)]));

  const stopped = ['n1', 'n3', 'n4'];
  for (const id of stopped) scene.node(id).signal('SIGSTOP');
  await scene.until('the two that are left know', async () =>
    (await scene.cli(['kv', 'get', 'key 1', '--endpoints', scene.planOf('n2').client])).stderr.includes('3 needed'),
  );
  for (const id of stopped) scene.node(id).signal('SIGCONT');

  await untilRedundant(scene);
  expect(await scene.client().mget(KEYS)).toEqual(KEYS.map(valueOf));
});

eccScene('a cluster of which every node was killed begins empty, and says that it did', async (scene) => {
  await scene.startAll();
  await untilRedundant(scene);
  await scene.client().mset(KEYS.map((key) => [key, valueOf(key)]));
  await Promise.all(scene.founders.map((id) => scene.node(id).kill()));
  await Promise.all(scene.founders.map((id) => scene.start(id)));

  const { map } = await untilRedundant(scene);
  expect(map?.groups.map(({ lossGeneration }) => lossGeneration)).toEqual([1, 1, 1, 1, 1]);
  for (const id of scene.founders) await scene.node(id).says('it begins empty');
  const client = scene.client();
  expect(await client.count()).toBe(0);
  await setText(client, 'fruit', 'cherry');
  expect(await getText(client, 'fruit')).toBe('cherry');
});

eccScene('with three of five memories gone nothing is given up before somebody says so', async (scene) => {
  await scene.startAll();
  const full = await untilRedundant(scene);
  await scene.client().mset(KEYS.map((key) => [key, valueOf(key)]));
  const dead = ['n1', 'n3', 'n4'];
  await Promise.all(dead.map((id) => scene.node(id).kill()));
  await Promise.all(dead.map((id) => scene.start(id)));
  const endpoints = ['--endpoints', scene.planOf('n2').client];

  const { stdout } = await scene.until('the loss is seen', async () => {
    const shown = await scene.cli(['cluster', 'status', ...endpoints]);
    return shown.stdout.includes('somebody has to decide') ? shown : undefined;
  });
  expect(stdout).toContain('groups 0, 1, 2, 3, 4');
  // Those whose death was noticed first may have been taken out in time: what others lead in their place may go on.
  const lost = await scene.until('the map is told', () => scene.status('n2'));
  const lostKey = KEYS.find((key) => dead.includes(primaryOf(lost, key))) ?? '';
  await expect(scene.client('n2').set(lostKey, 'new')).rejects.toMatchObject({
    code: 'DATA_LOSS',
    outcome: 'not-done',
  });
  expect((await scene.cli(['kv', 'set', lostKey, 'new', ...endpoints])).exitCode).toBe(6);

  const unasked = await scene.cli(['cluster', 'recover', '--accept-data-loss', ...endpoints]);
  expect(unasked.stdout).toMatch(/begin empty: nobody knows anything of them/);
  expect(unasked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('say --yes') as string });

  const accepted = await scene.cli(['cluster', 'recover', '--accept-data-loss', '--yes', '--json', ...endpoints]);
  expect(accepted).toMatchObject({ exitCode: 0 });
  const { losses } = JSON.parse(accepted.stdout) as { losses: { group: number; fates: string[] }[] };
  const after = await untilRedundant(scene, 'n2');
  expect(after.map?.groups.map(({ lossGeneration }) => lossGeneration)).toEqual([1, 1, 1, 1, 1]);

  const client = scene.client();
  const found = await client.mget(KEYS);
  for (const [i, key] of KEYS.entries()) {
    const { group, position } = partitionOf(full, key);
    const fate = losses.find((loss) => loss.group === group)?.fates[position];
    expect([key, fate, found[i]]).toEqual([key, fate, fate === 'emptied' ? undefined : valueOf(key)]);
  }
  await client.mset(KEYS.map((key) => [key, `${key} again`]));
  expect(await client.mget(KEYS)).toEqual(KEYS.map((key) => `${key} again`));

  const status = (): Promise<Answer> => scene.cli(['cluster', 'status', ...endpoints]);
  expect(await status()).toMatchObject({
    exitCode: 6,
    stdout: expect.stringContaining('lost data that was given up') as string,
  });
  expect((await scene.cli(['cluster', 'recover', '--acknowledge-loss', ...endpoints])).exitCode).toBe(0);
  expect(await status()).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('lost data') as string });
});
