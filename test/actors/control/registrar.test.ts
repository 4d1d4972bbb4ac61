import { beforeEach, describe, expect, test } from 'vitest';
import { member, speaker } from '../../cluster/some-members.js';
import { LoneLeader } from './lone-leader.js';

let node: LoneLeader;
beforeEach(async () => {
  node = new LoneLeader();
  await node.lead();
});

const names = (): string[] => node.members.list.map(({ nodeId, raftId }) => `${nodeId}=${raftId}`);

/** The outcome of a change, with the scheduler run until it has one. */
async function settled<T>(change: Promise<T>): Promise<T | { readonly code: string; readonly message: string }> {
  const outcome = change.catch((error: { code: string; message: string }) => error);
  await node.scheduler.settle();
  return outcome;
}

const newcomer = speaker('n4', { controlAddress: '127.0.0.1:7204', clientAddress: '127.0.0.1:7104' });

describe('a node that asks for a place', () => {
  test('is turned away when nobody expects it, with the command that changes that', async () => {
    expect(await settled(node.registrar.admit(newcomer, false))).toMatchObject({
      code: 'NOT_A_MEMBER',
      message: 'the cluster does not expect a node called n4; run `dcache cluster add n4` first',
    });
  });

  test('is admitted as a learner under a new raft id once it is expected', async () => {
    await settled(node.registrar.expect('n4'));
    expect(node.members.expected).toEqual(['n4']);
    const answer = await settled(node.registrar.admit(newcomer, false));
    expect(answer).toMatchObject({ type: 'admitted', raftId: 2, founders: [1] });
    expect(names()).toEqual(['n1=1', 'n4=2']);
    expect(node.confState.learners).toEqual([2]);
    expect(node.members.expected).toEqual([]);
  });

  test('under the name of a node that is up is turned away', async () => {
    expect(await settled(node.registrar.admit(speaker('n1'), false))).toMatchObject({ code: 'NODE_ID_IN_USE' });
  });

  test('is told to come again while the cluster is being founded', async () => {
    const unfounded = new LoneLeader();
    unfounded.driver.turn((raw) => raw.campaign());
    await unfounded.scheduler.settle();
    await expect(unfounded.registrar.admit(newcomer, false)).rejects.toMatchObject({ code: 'NO_LEADER' });
  });

  test('comes back under a new raft id when its data are lost, not while its old self is connected', async () => {
    await settled(node.registrar.expect('n4'));
    await settled(node.registrar.admit(newcomer, false));
    node.connected.add(2);
    const later = { ...newcomer, incarnation: newcomer.incarnation + 1 };
    expect(await settled(node.registrar.admit(later, false))).toMatchObject({ code: 'NODE_ID_IN_USE' });
    node.connected.delete(2);
    expect(await settled(node.registrar.admit(later, false))).toMatchObject({ type: 'admitted', raftId: 3 });
    expect(names()).toEqual(['n1=1', 'n4=3']);
  });

  test('gets one place, however often one process asks', async () => {
    await settled(node.registrar.expect('n4'));
    const first = await settled(node.registrar.admit(newcomer, false));
    expect(await settled(node.registrar.admit(newcomer, false))).toEqual(first);
    expect(names()).toEqual(['n1=1', 'n4=2']);
  });

  test('comes back from another address without its data only if it is to replace the one on record', async () => {
    await settled(node.registrar.expect('n4'));
    await settled(node.registrar.admit(newcomer, false));
    const elsewhere = { ...newcomer, incarnation: newcomer.incarnation + 1, controlAddress: '127.0.0.1:7904' };
    expect(await settled(node.registrar.admit(elsewhere, false))).toMatchObject({
      code: 'NODE_ID_IN_USE',
      message: expect.stringMatching(
        /^n4 is on record at 127.0.0.1:7204, and .* 127.0.0.1:7904 .* --replace/,
      ) as string,
    });
    expect(await settled(node.registrar.admit(elsewhere, true))).toMatchObject({ type: 'admitted', raftId: 3 });
    expect(node.members.byNodeId('n4')?.controlAddress).toBe('127.0.0.1:7904');
    node.connected.add(3);
    expect(await settled(node.registrar.admit(newcomer, true))).toMatchObject({
      code: 'NODE_ID_IN_USE',
      message: 'a node called n4 is up; stop it first, or start this one with another --id',
    });
  });
});

describe('taking a node out', () => {
  test('drops it from the list and the configuration', async () => {
    await settled(node.registrar.expect('n4'));
    await settled(node.registrar.admit(newcomer, false));
    await settled(node.registrar.remove('n4'));
    expect(names()).toEqual(['n1=1']);
    expect(node.confState.learners).toEqual([]);
  });

  test('takes back an expectation', async () => {
    await settled(node.registrar.expect('n4'));
    await settled(node.registrar.remove('n4'));
    expect(node.members.expected).toEqual([]);
  });

  test('says so when there is no such node', async () => {
    expect(await settled(node.registrar.remove('n9'))).toMatchObject({ code: 'NOT_A_MEMBER' });
  });

  test('never takes out the last voter', async () => {
    expect(await settled(node.registrar.remove('n1'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(names()).toEqual(['n1=1']);
  });
});

describe('expecting a node', () => {
  test('is done at once when it is expected already', async () => {
    await settled(node.registrar.expect('n4'));
    const entries = node.log.lastIndex();
    await settled(node.registrar.expect('n4'));
    expect(node.log.lastIndex()).toBe(entries);
  });

  test.each([
    ['n1', /member already/],
    ['N 4', /is not a node id/],
  ])('"%s" is refused', async (name, message) => {
    expect(await settled(node.registrar.expect(name))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });
});

test('an address that a member tells is written down, once', async () => {
  node.registrar.onSpeaker(
    speaker('n1', { raftId: 1, clientAddress: '10.0.0.1:7101', controlAddress: '127.0.0.1:7201' }),
  );
  const tick = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) node.registrar.onTick();
    await node.scheduler.settle();
  };
  await tick();
  expect(node.members.byNodeId('n1')).toEqual({ ...member(1), clientAddress: '10.0.0.1:7101' });
  const entries = node.log.lastIndex();
  await tick();
  expect(node.log.lastIndex()).toBe(entries);
});

test('addresses that several members tell are written down together', async () => {
  await settled(node.registrar.expect('n4'));
  await settled(node.registrar.admit(newcomer, false));
  const told = { clientAddress: '10.0.0.1:7101', dataAddress: '10.0.0.1:7301' };
  for (const { nodeId, raftId, controlAddress } of node.members.list) {
    node.registrar.onSpeaker(speaker(nodeId, { raftId, controlAddress, ...told }));
  }
  for (let i = 0; i < 5; i++) node.registrar.onTick();
  await node.scheduler.settle();
  expect(node.members.list).toMatchObject([told, told]);
});

test('a change that is not in force when leadership is lost is unknown', async () => {
  node.appliesAtOnce = false;
  const change = node.registrar.expect('n4');
  node.registrar.onLeadershipLost();
  expect(await settled(change)).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
});
