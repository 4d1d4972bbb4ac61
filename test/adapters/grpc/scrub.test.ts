import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ScrubProgress } from '../../../src/actors/data-plane.js';
import { scrubNode } from '../../../src/adapters/grpc/scrub-client.js';
import { DcacheError } from '../../../src/base/errors.js';
import { FakeNode } from '../../support/fake-node.js';

const PROGRESS = { stripes: 10, stripesDone: 4, shards: 7, bytes: 4096, mended: 1, unmended: 0, unchecked: 2 };

let node: FakeNode;
beforeEach(async () => {
  node = await FakeNode.start(() => Promise.reject(new Error('nobody asks')));
});
afterEach(() => node.kill());

it('tells how far the scrub is, and ends with what came of it', async () => {
  const end = { ...PROGRESS, stripesDone: 10 };
  let finish: (progress: ScrubProgress) => void = () => undefined;
  node.scrubs = () => ({ progress: PROGRESS, done: new Promise((resolve) => (finish = resolve)) });
  const told: ScrubProgress[] = [];
  const result = scrubNode(node.address, (progress) => {
    told.push(progress);
    finish(end);
  });
  expect(await result).toEqual(end);
  expect(told).toEqual([PROGRESS, end]);
});

it('is refused with the reason', async () => {
  await expect(scrubNode(node.address, () => undefined)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'there is nothing to scrub',
  });
});

it('says so when the node stops on the way, or is not there', async () => {
  node.scrubs = () => ({ progress: PROGRESS, done: new Promise(() => undefined) });
  const result = scrubNode(node.address, () => void node.kill());
  await expect(result).rejects.toBeInstanceOf(DcacheError);
  await expect(scrubNode('127.0.0.1:1', () => undefined)).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
