import { expect, test } from 'vitest';
import { DcacheClient } from '../../src/client/client.js';
import { LossWatch, type LossEvent } from '../../src/client/loss-watch.js';
import { FakeNode, mapAnswers } from '../support/fake-node.js';
import { eccTopology } from '../support/topology.js';
import { waitFor } from '../support/wait-for.js';

test('what was lost before the client knew the cluster is none to it, what is lost later is told once', () => {
  const watch = new LossWatch();
  const learn = (...lossGenerations: number[]): LossEvent | undefined => watch.learn({ lossGenerations });
  expect(learn()).toBeUndefined();
  expect(learn(1, 0, 2)).toBeUndefined();
  expect(learn(1, 1, 3)).toEqual({ groups: [1, 2], lossGenerations: [1, 3] });
  expect(learn(1, 1, 3)).toBeUndefined();
});

test('a node that is behind tells nothing new, and takes nothing back', () => {
  const watch = new LossWatch();
  watch.learn({ lossGenerations: [0] });
  watch.learn({ lossGenerations: [2] });
  expect(watch.learn({ lossGenerations: [1] })).toBeUndefined();
  expect(watch.learn({ lossGenerations: [2] })).toBeUndefined();
});

test('listeners of a client are told, until they are taken away', async () => {
  const node = await FakeNode.start(mapAnswers());
  const topology = (mapIndex: number, generation: number): ReturnType<typeof eccTopology> =>
    eccTopology([node.address], 1, [node.address], mapIndex, [generation]);
  node.setTopology(topology(1, 0));
  const client = new DcacheClient({ endpoints: [node.address] });
  const told: LossEvent[] = [];
  const listener = (loss: LossEvent): void => void told.push(loss);
  expect(client.on('loss', listener)).toBe(client);
  await client.set('key', 'v');
  node.setTopology(topology(2, 1));
  await waitFor('the loss is told', () => told.length === 1);
  expect(told).toEqual([{ groups: [0], lossGenerations: [1] }]);
  client.off('loss', listener);
  node.setTopology(topology(3, 2));
  await client.set('key', 'w');
  await client.set('key', 'x');
  expect(told).toHaveLength(1);
  await client.close();
  await node.kill();
});

test('another event is refused by its name', () => {
  const client: { on(event: string, listener: () => void): unknown } = new DcacheClient();
  expect(() => client.on('lost', () => undefined)).toThrow('there is no event "lost"; there is "loss"');
});
