import { beforeEach, describe, expect, test } from 'vitest';
import { snapshotName } from '../../../src/actors/snapshot-files.js';
import { asDcacheError } from '../../../src/base/errors.js';
import { sameMember, type Group } from '../../../src/cluster/cluster-map.js';
import { DEFAULT_ECC_TIMINGS, quietAfterElectionMs, withDrift } from '../../../src/cluster/ecc-timings.js';
import type { GroupEpoch } from '../../../src/cluster/heartbeat.js';
import { EccCluster, type EccNode } from './ecc-cluster.js';

const { heartbeatMs, leaseMs, linkTimeoutMs, minElectionTimeoutMs } = DEFAULT_ECC_TIMINGS;

let cluster: EccCluster;
beforeEach(() => {
  cluster = new EccCluster(2, 1);
});

const isMember = (group: Group | undefined, { self }: EccNode): boolean =>
  group?.inSync.some((member) => sameMember(member, self)) ?? false;
const isInSync = (where: EccNode, node: EccNode): boolean => where.map.groups.some((group) => isMember(group, node));
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
  expect(returned.map.groups.every((group) => isMember(group, returned))).toBe(true);
});

test('a leader cut off from the quorum grants no more leases, not even to itself', async () => {
  await cluster.settle();
  const { leader } = cluster;
  const cutMs = cluster.scheduler.nowMs();
  silence(leader);
  await cluster.scheduler.advance(3_000);
  expect(leader.grant.leaseEndMs).toBeLessThan(cutMs + minElectionTimeoutMs + leaseMs);
});

test('when the leader dies, the next one grants leases at once and takes it out after the quiet time', async () => {
  await cluster.settle();
  const dead = cluster.leader;
  silence(dead);
  await cluster.until('another one leads', () =>
    cluster.nodes.some((node) => node !== dead && node.view?.role === 'leader'),
  );
  const next = cluster.nodes.find((node) => node !== dead && node.view?.role === 'leader') as EccNode;
  const leadsSinceMs = cluster.scheduler.nowMs();
  const living = cluster.nodes.filter((node) => node !== dead);
  await cluster.until('the others hold its leases', () =>
    living.every(({ grant }) => grant.leaseEndMs > leadsSinceMs + leaseMs),
  );
  expect(cluster.scheduler.nowMs() - leadsSinceMs).toBeLessThanOrEqual(2 * heartbeatMs);

  await cluster.until('it is out of every group', () => !isInSync(next, dead));
  expect(cluster.scheduler.nowMs() - leadsSinceMs).toBeGreaterThanOrEqual(
    quietAfterElectionMs(DEFAULT_ECC_TIMINGS) - 10,
  );
});

test('a node whose main thread hangs is taken out, though its control thread lives', async () => {
  await cluster.settle();
  await cluster.scheduler.advance(quietAfterElectionMs(DEFAULT_ECC_TIMINGS));
  const [hung, other] = cluster.followers as [EccNode, EccNode];
  hung.mainHangs = true;
  await cluster.until('it is taken out', () => !isInSync(other, hung));
  expect(hung.holdsLease).toBe(false);
});

test('a primary whose links are broken is asked to let go, and leaves with a new epoch once it has', async () => {
  await cluster.settle();
  await cluster.scheduler.advance(quietAfterElectionMs(DEFAULT_ECC_TIMINGS));
  const [sick] = cluster.followers as [EccNode];
  const peers = cluster.nodes.filter((other) => other !== sick);
  sick.say({ unacknowledged: peers.map(({ self }) => ({ nodeId: self.nodeId, ageMs: linkTimeoutMs + 1 })) });
  await cluster.until('it is asked', () => sick.letGo.length > 0);
  const request = sick.letGo[0] as GroupEpoch;
  const isOut = (): boolean => !isMember(cluster.leader.map.groups[request.group], sick);
  expect(isOut()).toBe(false);
  sick.say({ letGo: [request] });
  await cluster.until('it is out of the group', isOut);
  expect(cluster.leader.map.groups[request.group]?.epoch).toBe(request.epoch + 1);
});

test('a primary that is asked and does not let go gets no more leases', async () => {
  await cluster.settle();
  await cluster.scheduler.advance(quietAfterElectionMs(DEFAULT_ECC_TIMINGS));
  const [sick] = cluster.followers as [EccNode];
  const peers = cluster.nodes.filter((other) => other !== sick);
  sick.say({ unacknowledged: peers.map(({ self }) => ({ nodeId: self.nodeId, ageMs: linkTimeoutMs + 1 })) });
  await cluster.until('it is asked', () => sick.letGo.length > 0);
  const { group } = sick.letGo[0] as GroupEpoch;
  await cluster.until('its lease is over', () => !sick.holdsLease);
  expect(isMember(cluster.leader.map.groups[group], sick)).toBe(true);
  await cluster.until('it is out of the group', () => !isMember(cluster.leader.map.groups[group], sick));
});

test('a restarted node has the map as soon as it has read its log', async () => {
  await cluster.settle();
  const [node] = cluster.followers as [EccNode];
  const { map } = cluster.leader;
  silence(node);
  const restarted = await cluster.restart(node);
  cluster.silent.clear();
  await cluster.until('it knows the groups', () => restarted.map.groups.length > 0);
  expect(restarted.map.k).toBe(map.k);
  expect(restarted.view).toMatchObject({ size: 3, needed: 2 });
});

test('a node restarted behind a snapshot begins with the map in it', async () => {
  await cluster.settle();
  const [node] = cluster.followers as [EccNode];
  const { map, mapIndex: index } = node;
  const term = node.view?.term ?? 0;
  const file = { name: snapshotName(index, term, 0), bytes: 0, checksum: 0 };
  node.control.snapshotWritten({ index, term, file });
  silence(node);
  const restarted = await cluster.restart(node);
  await cluster.scheduler.settle();
  expect([restarted.restored, restarted.mapIndex, restarted.map]).toEqual([index, index, map]);
});

test('it takes k nodes, and never less than a majority', () => {
  expect(new EccCluster(3, 1).nodes[0]?.view).toMatchObject({ size: 4, needed: 3 });
  expect(new EccCluster(2, 0).nodes[0]?.view).toMatchObject({ size: 2, needed: 2 });
});

describe('a node that is taken out of the cluster', () => {
  /** Settles without being waited for. */
  const removing = ({ self }: EccNode): { outcome: string } => {
    const removal = { outcome: '' };
    cluster.leader.control.removeNode(self.nodeId).answer.then(
      () => (removal.outcome = 'removed'),
      (error: unknown) => (removal.outcome = asDcacheError(error).code),
    );
    return removal;
  };
  const knows = (where: EccNode, { self }: EccNode): boolean =>
    where.view?.members.some(({ nodeId }) => nodeId === self.nodeId) ?? false;

  test('leaves its groups first if it is up, having let go of what it leads, and joins none again', async () => {
    await cluster.settle();
    await cluster.scheduler.advance(quietAfterElectionMs(DEFAULT_ECC_TIMINGS));
    const [node, other] = cluster.followers as [EccNode, EccNode];
    const removal = removing(node);
    await cluster.until('it is out of all groups', () => !isInSync(cluster.leader, node));
    expect(node.handedOver).toHaveLength(2); // it leads two of the six partitions, in different groups
    await cluster.until('it is out of the cluster', () => removal.outcome !== '');
    expect(removal.outcome).toBe('removed');
    expect([knows(cluster.leader, node), knows(other, node)]).toEqual([false, false]);
    await cluster.scheduler.advance(2_000);
    const joining = cluster.leader.map.groups.flatMap((group) => group.joining);
    expect([isInSync(cluster.leader, node), joining]).toEqual([false, []]);
  });

  test('is not waited for if it is down', async () => {
    await cluster.settle();
    const [node] = cluster.followers as [EccNode];
    silence(node);
    await cluster.until('it is out of all groups', () => !isInSync(cluster.leader, node));
    const removal = removing(node);
    await cluster.until('it is out of the cluster', () => removal.outcome !== '');
    expect([removal.outcome, node.handedOver]).toEqual(['removed', []]);
  });

  test('stays if fewer than k would be left', async () => {
    await cluster.settle();
    const [node, other] = cluster.followers as [EccNode, EccNode];
    silence(other);
    await cluster.until('the other one is out', () => !isInSync(cluster.leader, other));
    const removal = removing(node);
    await cluster.until('that is refused', () => removal.outcome !== '');
    expect(removal.outcome).toBe('NOT_ENOUGH_NODES');
    await cluster.scheduler.advance(2_000);
    expect([isInSync(cluster.leader, node), knows(cluster.leader, node)]).toEqual([true, true]);
  });

  test('stays, and joins what it has left, when leadership moves on meanwhile', async () => {
    await cluster.settle();
    await cluster.scheduler.advance(quietAfterElectionMs(DEFAULT_ECC_TIMINGS));
    const [node] = cluster.followers as [EccNode];
    node.handsOver = false;
    const removal = removing(node);
    await cluster.until('it has left a group', () => cluster.leader.map.groups.some((group) => !isMember(group, node)));
    cluster.leader.control.handOverLeadership();
    await cluster.until('that is told', () => removal.outcome !== '');
    expect(removal.outcome).toBe('NO_LEADER');
    await cluster.until('it learns', () => cluster.leader.map.groups.some(({ joining }) => joining.length > 0));
    expect(knows(cluster.leader, node)).toBe(true);
  });
});
