import { beforeEach, expect, test } from 'vitest';
import type { ControlRequests } from '../../../src/actors/control/control-options.js';
import { Router } from '../../../src/actors/data/router.js';
import { StateMachine } from '../../../src/actors/data/state-machine.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { ClusterId, NodeId, RaftId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { ClusterView } from '../../../src/cluster/view.js';
import { MapStore } from '../../../src/store/map-store.js';
import { NO_CAP } from '../../../src/store/memory-cap.js';
import { ALWAYS, FOREVER, type KvReply, type KvRequest } from '../../../src/store/requests.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const REPLY: KvReply = { type: 'set', applied: true, version: 1, old: null };
const SET: KvRequest = {
  type: 'set',
  key: new Uint8Array([1]),
  value: new Uint8Array([2]),
  lifetime: FOREVER,
  condition: ALWAYS,
  returnOld: false,
};

const members = [1, 2, 3].map((raftId) => ({
  raftId: raftId as RaftId,
  nodeId: `n${raftId}` as NodeId,
  controlAddress: `127.0.0.1:720${raftId}`,
  clientAddress: `127.0.0.1:710${raftId}`,
  httpAddress: '',
  dataAddress: '',
}));

/** As node 1 of three sees the cluster. */
const ledBy = (leader: number): ClusterView => ({
  nodeId: 'n1' as NodeId,
  raftId: 1,
  clusterId: '0123456789abcdef0123456789abcdef' as ClusterId,
  role: leader === 1 ? 'leader' : 'follower',
  term: leader,
  leader,
  members,
  voters: [1, 2, 3],
  size: 3,
  needed: 2,
  up: 3,
  missing: [],
});

class Fixture {
  readonly scheduler = new VirtualScheduler();
  /** What the control side was sent, and has not taken yet. */
  readonly submitted: { readonly requests: ControlRequests; readonly take: () => void }[] = [];
  readonly forwardedTo: string[] = [];
  readonly router = new Router({
    stateMachine: new StateMachine(new MapStore()),
    forwarder: {
      forward: (clientAddress) => {
        this.forwardedTo.push(clientAddress);
        return Promise.resolve(REPLY);
      },
    },
    scheduler: this.scheduler,
    wallMs: () => 0,

    memoryRules: NO_CAP,
    logger: NULL_LOGGER,
    submit: (requests, onTaken) => this.submitted.push({ requests, take: onTaken }),
  });

  /** A write in a turn of its own. Gives what became of it, once something has. */
  async set(timeoutMs = 1000): Promise<{ outcome: KvReply | DcacheError | undefined }> {
    const write: { outcome: KvReply | DcacheError | undefined } = { outcome: undefined };
    this.router.execute(SET, timeoutMs, false).then(
      (reply) => (write.outcome = reply),
      (error: DcacheError) => (write.outcome = error),
    );
    await this.scheduler.settle();
    return write;
  }

  get proposals(): number {
    return this.submitted.reduce((sum, { requests }) => sum + requests.proposals.length, 0);
  }
}

let node: Fixture;
beforeEach(() => {
  node = new Fixture();
});

test('a write that came to the leader too late goes to the new one, though its view was here before the refusal', async () => {
  node.router.onEvent({ type: 'view', view: ledBy(1) });
  const write = await node.set();
  const ticket = node.submitted[0]?.requests.proposals[0]?.ticket ?? 0;
  node.router.onEvent({ type: 'view', view: ledBy(2) });
  node.router.onEvent({ type: 'not-proposed', ticket, reason: 'forwarding-disabled' });
  await node.scheduler.settle();
  expect(node.forwardedTo).toEqual(['127.0.0.1:7102']);
  expect(write.outcome).toEqual(REPLY);
});

test('while the control side takes nothing, writes wait here, and are definitely not done when their time is up', async () => {
  node.router.onEvent({ type: 'view', view: ledBy(1) });
  const writes = [];
  for (let turn = 0; turn < 100; turn++) writes.push(await node.set());
  expect(node.proposals).toBeLessThan(50);
  await node.scheduler.advance(2000);
  const last = writes.at(-1)?.outcome;
  expect(last instanceof DcacheError ? last.outcome : last).toBe('not-done');
});

test('what waited goes on when the control side has taken something', async () => {
  node.router.onEvent({ type: 'view', view: ledBy(1) });
  for (let turn = 0; turn < 100; turn++) await node.set();
  const before = node.submitted.length;
  node.submitted[0]?.take();
  await node.scheduler.settle();
  expect(node.submitted).toHaveLength(before + 1);
  const bytes = node.submitted.at(-1)?.requests.proposals[0]?.data.length ?? 0;
  expect(bytes).toBeGreaterThan(100);
});
