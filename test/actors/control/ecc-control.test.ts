import { beforeEach, expect, test } from 'vitest';
import { inSyncMember, sameMember } from '../../../src/cluster/cluster-map.js';
import { DEFAULT_ECC_TIMINGS, quietAfterElectionMs, withDrift } from '../../../src/cluster/ecc-timings.js';
import { EccCluster, type EccNode } from './ecc-cluster.js';

const { leaseMs } = DEFAULT_ECC_TIMINGS;

let cluster: EccCluster;
beforeEach(() => {
  cluster = new EccCluster(2, 1);
});

const isInSync = (where: EccNode, { self }: EccNode): boolean =>
  where.map.groups.some((group) => group.inSync.some((member) => sameMember(member, self)));
const silence = ({ raftId }: EccNode): unknown => cluster.silent.add(raftId);

test('nodes that found a cluster create its groups and hold leases', async () => {
  await cluster.settle();
  for (const node of cluster.nodes) {
    expect(node.map).toMatchObject({ k: 2, m: 1 });
    expect(node.map.groups.map(({ epoch, inSync }) => [epoch, inSync.length])).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
    expect(node.failures).toEqual([]);
  }
});

test('leases are renewed for as long as heartbeats are answered', async () => {
  await cluster.settle();
  for (let i = 0; i < 30; i++) {
    await cluster.scheduler.advance(100);
    expect(cluster.nodes.map(({ holdsLease }) => holdsLease)).toEqual([true, true, true]);
  }
});

test('a silent node loses its lease before the others take it out', async () => {
  await cluster.settle();
  await cluster.scheduler.advance(quietAfterElectionMs(DEFAULT_ECC_TIMINGS));
  const [lost, other] = cluster.followers;
  if (lost === undefined || other === undefined) throw new Error('three nodes have two followers');
  const lastLeaseEndMs = (): number => lost.grant.leaseEndMs;
  silence(lost);
  await cluster.until('it is taken out', () => !isInSync(other, lost));
  expect(lost.holdsLease).toBe(false);
  expect(cluster.scheduler.nowMs()).toBeGreaterThan(
    lastLeaseEndMs() + withDrift(DEFAULT_ECC_TIMINGS, leaseMs) - leaseMs,
  );
  await cluster.until('from all groups', () => other.map.groups.every(({ inSync }) => inSync.length === 2));
  expect(other.map.groups.map(({ epoch }) => epoch)).toEqual([2, 2, 2]);
  expect(other.holdsLease).toBe(true);
});

test('a node that comes back joins as a learner, and is promoted when the primaries declare it', async () => {
  await cluster.settle();
  const lost = cluster.followers[0] as EccNode;
  silence(lost);
  const leader = cluster.leader;
  await cluster.until('it is taken out', () => leader.map.groups.every(({ inSync }) => inSync.length === 2));
  cluster.silent.clear();
  const returned = await cluster.restart(lost);
  await cluster.until('it joins', () => leader.map.groups.every(({ joining }) => joining.length === 1));
  expect(returned.self.incarnation).not.toBe(lost.self.incarnation);

  for (const node of cluster.nodes.filter((other) => other !== returned)) {
    const declarations = leader.map.groups.flatMap(({ id: group, epoch, joining }) =>
      joining.flatMap((learner) =>
        [0, 1].map((position) => {
          const { joinIndex, ...member } = learner;
          return { group, position, epoch, learner: member, joinIndex };
        }),
      ),
    );
    node.say({ declarations });
  }
  await cluster.until('it is in sync again', () => returned.map.groups.every(({ inSync }) => inSync.length === 3));
  expect(inSyncMember(returned.map.groups[0] as never, returned.self.nodeId)).toEqual(returned.self);
});
