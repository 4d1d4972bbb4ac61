/** SIGTERM: what a planned stop may not break. */
import { expect } from 'vitest';
import { DcacheError } from '../../src/base/errors.js';
import { getText, scene, setText } from './harness.js';

scene('a leader stopped under load hands over, exits with 0, and no write is lost or unknown', async (scene) => {
  const nodes = await scene.startThree();
  const leader = await scene.leader();
  const others = [...scene.plans.keys()].filter((id) => id !== leader);
  const client = scene.client();
  const acknowledged = new Map<string, string>();
  const failures: unknown[] = [];
  let stopped = false;
  const writer = async (name: string): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      try {
        await setText(client, `${name} ${i}`, `${i}`);
        acknowledged.set(`${name} ${i}`, `${i}`);
      } catch (error) {
        failures.push(error instanceof DcacheError ? `${error.outcome}: ${error.message}` : error);
      }
    }
  };
  const writers = Array.from({ length: 16 }, (_, i) => writer(`w${i}`));
  await scene.until('500 writes are acknowledged', () => Promise.resolve(acknowledged.size >= 500));

  const node = nodes[leader as keyof typeof nodes];
  node.signal('SIGTERM');
  expect(await node.ended, node.tail).toEqual({ exitCode: 0, signal: null });
  const atExit = acknowledged.size;
  await scene.until('writes go on', () => Promise.resolve(acknowledged.size >= atExit + 500));
  stopped = true;
  await Promise.all(writers);

  expect(failures).toEqual([]);
  expect(others).toContain(await scene.leader(...others));
  const reader = scene.client(...others);
  const found = await Promise.all([...acknowledged.keys()].map((key) => getText(reader, key)));
  expect(found).toEqual([...acknowledged.values()]);
});

scene('the next leader is there before the old one is gone', async (scene) => {
  const nodes = await scene.startThree();
  const leader = await scene.leader();
  const others = [...scene.plans.keys()].filter((id) => id !== leader);
  const node = nodes[leader as keyof typeof nodes];
  node.signal('SIGTERM');
  await scene.leader(...others);
  await node.ended;
  // Elected because it was asked to, not because the old one was missed.
  expect(nodes[others[0] as keyof typeof nodes].output).not.toContain('"role":"pre-candidate"');
  expect(nodes[others[1] as keyof typeof nodes].output).not.toContain('"role":"pre-candidate"');
});

scene('a second signal does not wait any longer', async (scene) => {
  await scene.plan('n1', 'n2', 'n3');
  const alone = await scene.start('n1');
  // A read that waits for a majority keeps a stopping node for as long as it drains.
  alone.signal('SIGTERM');
  alone.signal('SIGTERM');
  expect([0, 130]).toContain((await alone.ended).exitCode);
});
