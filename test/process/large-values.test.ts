/** A value at the limit on three nodes of raft mode: the control threads have small entries to write, and nobody is elected anew. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchClusterReport } from '../../src/adapters/grpc/cluster-client.js';
import { LIMITS } from '../../src/base/limits.js';
import { bufferCodec, DcacheClient } from '../../src/index.js';
import { ProcessCluster } from '../support/process-cluster.js';

let cluster: ProcessCluster;
let client: DcacheClient<Buffer>;

beforeAll(async () => {
  cluster = await ProcessCluster.start({ mode: 'raft', nodes: 3 });
  client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 60_000 });
});

afterAll(async () => {
  await client.close();
  await cluster.stop();
});

test('is set beside small ones without an election', async () => {
  const termNow = async (): Promise<number> => {
    const { nodes } = await fetchClusterReport(cluster.endpoints[0] ?? '', 10_000);
    return Math.max(...nodes.map(({ term }) => term));
  };
  const before = await termNow();
  const large = Buffer.alloc(LIMITS.maxValueBytes, 7);
  let isSetting = true;
  const counting = (async (): Promise<number> => {
    let count = 0;
    for (; isSetting; count++) await client.increment('small');
    return count;
  })();
  await client.set('large', large);
  isSetting = false;
  expect(await counting).toBeGreaterThan(10);
  expect((await client.get('large'))?.equals(large)).toBe(true);
  expect(await termNow()).toBe(before);
});
