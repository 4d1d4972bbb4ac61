/** ecc mode with real processes: five nodes of RS(3,2), of which two are killed at once and come back empty. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchClusterReport } from '../../src/adapters/grpc/cluster-client.js';
import { summary } from '../../src/cli/status-table.js';
import { DcacheClient } from '../../src/index.js';
import { requireBuild } from '../support/dist.js';
import { ProcessCluster } from '../support/process-cluster.js';

requireBuild();

const KEYS = Array.from({ length: 3_000 }, (_, i) => `key ${i}`);
const valueOf = (key: string, turn: string): string => `${turn} value of ${key}, ${'x'.repeat(80)}`;

describe.sequential('an ecc cluster of five nodes', { timeout: 90_000 }, () => {
  let cluster: ProcessCluster;
  let client: DcacheClient;

  beforeAll(async () => {
    cluster = await ProcessCluster.start({ mode: 'ecc', nodes: 5 });
    client = new DcacheClient({ endpoints: cluster.endpoints, timeoutMs: 20_000 });
  }, 60_000);

  afterAll(async () => {
    await client.close();
    await cluster.stop();
  });

  const expectAll = async (turn: string): Promise<void> => {
    expect(await client.mget(KEYS)).toEqual(KEYS.map((key) => valueOf(key, turn)));
  };

  test('says that two more nodes may fail', async () => {
    await client.mset(KEYS.map((key) => [key, valueOf(key, 'first')]));
    expect(await sentence(cluster)).toBe('serving; 2 more nodes may fail');
  });

  test('answers with every value when two nodes are killed at once, and takes writes', async () => {
    await Promise.all(['n2', 'n4'].map((nodeId) => cluster.endNode(nodeId, 'SIGKILL')));
    await expectAll('first');
    await client.mset(KEYS.map((key) => [key, valueOf(key, 'second')]));
    await expectAll('second');
  });

  test('takes the two back, and can then lose two others', async () => {
    for (const nodeId of ['n2', 'n4']) cluster.startNode(nodeId);
    await expect.poll(() => sentence(cluster), { timeout: 60_000 }).toBe('serving; 2 more nodes may fail');
    await Promise.all(['n1', 'n3'].map((nodeId) => cluster.endNode(nodeId, 'SIGKILL')));
    await expectAll('second');
  });

  test('refuses at once when a third is gone, saying how many are up and needed', async () => {
    await cluster.endNode('n5', 'SIGKILL');
    const failure = client.get('key 1');
    await expect(failure).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
    await expect(failure).rejects.toThrow(/2 of 5 nodes up, 3 needed/);
  });
});

async function sentence(cluster: ProcessCluster): Promise<string> {
  const reports = cluster.endpoints.map((address) => fetchClusterReport(address, 2_000));
  return summary(await Promise.any(reports)).replace(/^.*RS\(3,2\): /, '');
}
