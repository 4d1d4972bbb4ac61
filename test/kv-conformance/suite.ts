/** The Kv conformance suite: what every mode and every size of cluster answers, through the public client. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { DcacheClient } from '../../src/index.js';
import { LIMITS } from '../../src/base/limits.js';
import { badInput } from './bad-input.js';
import { clientsOf, type ClusterUnderTest, type KvContext } from './context.js';
import { lifetimes } from './lifetimes.js';
import { manyKeys } from './many-keys.js';
import { numbersAndAppends } from './numbers-and-appends.js';
import { values } from './values.js';
import { wire } from './wire.js';

/**
 * @param start starts the cluster under test; it serves when the promise resolves.
 * @param largeValueBytes size of the largest value that is tried; the limit itself unless there is a reason.
 */
export function describeKv(
  name: string,
  start: () => Promise<ClusterUnderTest>,
  largeValueBytes: number = LIMITS.maxValueBytes,
): void {
  describe(`Kv on ${name}`, () => {
    let cluster: ClusterUnderTest | undefined;
    let clients: { text: DcacheClient; bytes: DcacheClient<Buffer> } | undefined;
    const started = <T>(part: T | undefined): T => {
      if (part === undefined) throw new Error('the cluster has not been started');
      return part;
    };

    beforeAll(async () => {
      cluster = await start();
      clients = clientsOf(cluster.endpoints);
    });

    afterAll(async () => {
      await clients?.text.close();
      await clients?.bytes.close();
      await cluster?.stop();
    });

    const context: KvContext = {
      endpoints: () => started(cluster).endpoints,
      client: () => started(clients).text,
      bytes: () => started(clients).bytes,
      largeValueBytes,
    };
    describe('values', () => values(context));
    describe('lifetimes', () => lifetimes(context));
    describe('numbers and appends', () => numbersAndAppends(context));
    describe('many keys', () => manyKeys(context));
    describe('bad input', () => badInput(context));
    describe('on the wire', () => wire(context));
  });
}
