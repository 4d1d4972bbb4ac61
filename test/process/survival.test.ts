/** What a cluster of three processes goes on doing, and what it still has, when some of them are killed. */
import { expect } from 'vitest';
import { getText, scene, setText } from './harness.js';

scene('any node takes set, get and del from the command line', async (scene) => {
  await scene.startAll();
  const at = (id: string): string[] => ['--endpoints', scene.planOf(id).client];

  expect(await scene.cli(['kv', 'set', 'fruit', 'cherry', ...at('n1')])).toMatchObject({ exitCode: 0, stdout: 'OK\n' });
  expect(await scene.cli(['kv', 'get', 'fruit', ...at('n2')])).toMatchObject({ exitCode: 0, stdout: 'cherry\n' });
  expect(await scene.cli(['kv', 'del', 'fruit', ...at('n3')])).toMatchObject({ exitCode: 0, stdout: 'OK\n' });
  expect(await scene.cli(['kv', 'get', 'fruit', ...at('n1')])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'no such key: fruit\n',
  });
  expect(await scene.cli(['kv', 'del', 'fruit', ...at('n2')])).toMatchObject({ exitCode: 1 });
});

scene(
  'when the leader is killed, set and get go on after an election, and it catches up when it is back',
  async (scene) => {
    await scene.startAll();
    const first = await scene.leader();
    const client = scene.client();
    await setText(client, 'before', 'kept');

    await scene.node(first).kill();
    await setText(client, 'after', 'an election');
    expect(await getText(client, 'before')).toBe('kept');
    const others = [...scene.plans.keys()].filter((id) => id !== first);
    expect(await scene.leader(...others)).not.toBe(first);

    await scene.start(first);
    const rows = await scene.untilEqual();
    expect(rows.map(({ keys }) => keys)).toEqual([2, 2, 2]);
    expect(await getText(scene.client(first), 'after')).toBe('an election');
  },
);

scene('when a follower is killed, nobody waits, and it catches up when it is back', async (scene) => {
  await scene.startAll();
  const leader = await scene.leader();
  const follower = leader === 'n3' ? 'n2' : 'n3';
  const client = scene.client(leader);

  await scene.node(follower).kill();
  await Promise.all(Array.from({ length: 50 }, (_, i) => setText(client, `key ${i}`, `value ${i}`)));
  expect(await getText(client, 'key 7')).toBe('value 7');

  await scene.start(follower);
  const rows = await scene.untilEqual();
  expect(rows.map(({ keys }) => keys)).toEqual([50, 50, 50]);
  expect(await getText(scene.client(follower), 'key 49')).toBe('value 49');
});

scene('when all three are killed and started again, every acknowledged value is there', async (scene) => {
  await scene.startAll();
  const client = scene.client();
  const acknowledged = new Map<string, string>();
  let killed = false;
  const writer = async (name: string): Promise<void> => {
    for (let i = 0; !killed; i++) {
      try {
        await setText(client, `${name} ${i}`, `${i}`);
        acknowledged.set(`${name} ${i}`, `${i}`);
      } catch {
        return; // killed in the middle of this one: not acknowledged
      }
    }
  };
  const writers = ['a', 'b', 'c', 'd'].map(writer);
  await scene.until('200 writes are acknowledged', () => Promise.resolve(acknowledged.size >= 200));
  await Promise.all(['n1', 'n2', 'n3'].map((id) => scene.node(id).kill()));
  killed = true;
  const closed = client.close();
  await Promise.all([closed, ...writers]);

  await Promise.all(['n1', 'n2', 'n3'].map((id) => scene.start(id)));
  await scene.untilServing();
  const reader = scene.client('n2');
  const keys = [...acknowledged.keys()];
  const found = await Promise.all(keys.map((key) => getText(reader, key)));
  expect(found).toEqual([...acknowledged.values()]);
});

scene('a node that was stopped for seconds and goes on serves no stale value', async (scene) => {
  await scene.startAll();
  const paused = await scene.leader();
  const others = [...scene.plans.keys()].filter((id) => id !== paused);
  await setText(scene.client(paused), 'colour', 'red');

  scene.node(paused).signal('SIGSTOP');
  await scene.leader(...others);
  await setText(scene.client(...others), 'colour', 'blue');
  // Until its connections are given up: when it goes on, it finds all of them broken at once.
  await scene.until(`${paused} is missed by the others`, async () => {
    const reports = await Promise.all(others.map((id) => scene.status(id)));
    return reports.every((report) => report?.nodes.find(({ nodeId }) => nodeId === others[0])?.reachable === 2);
  });
  scene.node(paused).signal('SIGCONT');

  expect(await getText(scene.client(paused), 'colour')).toBe('blue');
  await scene.untilEqual();
});
