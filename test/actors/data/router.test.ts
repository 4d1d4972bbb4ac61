/** The router with a control side and another node that the test plays. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ControlRequests } from '../../../src/actors/control/control-options.js';
import { Router } from '../../../src/actors/data/router.js';
import { StateMachine } from '../../../src/actors/data/state-machine.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { NodeId } from '../../../src/base/ids.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { ClusterView } from '../../../src/cluster/view.js';
import { decodeWriteBatch } from '../../../src/store/command-codec.js';
import { MapStore } from '../../../src/store/map-store.js';
import { NO_CAP, type MemoryRules } from '../../../src/store/memory-cap.js';
import { ALWAYS, FOREVER, type KvReply, type KvRequest } from '../../../src/store/requests.js';
import { CLUSTER, member } from '../../cluster/some-members.js';
import { headerAt } from '../../support/batch-header.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const set = (value: string, changed: object = {}): KvRequest => {
  const request = { type: 'set', key: bytes('k'), value: bytes(value), lifetime: FOREVER, condition: ALWAYS } as const;
  return { ...request, returnOld: false, ...changed };
};
const GET: KvRequest = { type: 'get', key: bytes('k') };

const view = (changed: Partial<ClusterView> = {}): ClusterView => ({
  nodeId: 'n1' as NodeId,
  raftId: 1,
  clusterId: CLUSTER,
  role: 'follower',
  term: 1,
  leader: 0,
  members: [member(1), member(2), member(3)],
  voters: [1, 2, 3],
  size: 3,
  needed: 2,
  up: 3,
  missing: [],
  ...changed,
});
const LEADING = view({ role: 'leader', leader: 1 });
const FOLLOWING = view({ leader: 2 });

interface Forwarded {
  readonly address: string;
  readonly request: KvRequest;
  readonly timeoutMs: number;
  readonly resolve: (reply: KvReply) => void;
  readonly reject: (error: unknown) => void;
}

let scheduler: VirtualScheduler;
let router: Router;
let submitted: ControlRequests[];
let forwarded: Forwarded[];
let wallMs: number;
let applied: number;
let memoryRules: MemoryRules;

beforeEach(() => {
  scheduler = new VirtualScheduler();
  submitted = [];
  forwarded = [];
  wallMs = 1_000_000;
  applied = 0;
  memoryRules = NO_CAP;
  router = new Router({
    stateMachine: new StateMachine(new MapStore()),
    forwarder: {
      forward: (address, request, timeoutMs) =>
        new Promise((resolve, reject) => forwarded.push({ address, request, timeoutMs, resolve, reject })),
    },
    scheduler,
    wallMs: () => wallMs,
    get memoryRules() {
      return memoryRules;
    },
    logger: NULL_LOGGER,
    submit: (requests) => submitted.push(requests),
  });
});

/** What became of a request: its reply or error, undefined while it is open. */
interface Tracked {
  outcome: KvReply | DcacheError | undefined;
}

function execute(request: KvRequest, { timeoutMs = 5_000, forwardedHere = false } = {}): Tracked {
  const tracked: Tracked = { outcome: undefined };
  router.execute(request, timeoutMs, forwardedHere).then(
    (reply) => (tracked.outcome = reply),
    (error: unknown) => {
      if (!(error instanceof DcacheError)) throw error;
      tracked.outcome = error;
    },
  );
  return tracked;
}

const messageOf = ({ outcome }: Tracked): string => (outcome instanceof DcacheError ? outcome.message : '');

/** Lets the turn end and takes what the control side was handed in it. */
async function turn(): Promise<Pick<ControlRequests, 'proposals' | 'reads'>> {
  await scheduler.settle();
  const all = submitted.splice(0);
  return { proposals: all.flatMap(({ proposals }) => proposals), reads: all.flatMap(({ reads }) => reads) };
}

/** The control side appends a proposal in `term`, and later an entry of `appliedTerm` is applied at its place. */
async function commit(
  { ticket, data }: ControlRequests['proposals'][number],
  term = 1,
  appliedTerm = term,
): Promise<void> {
  const index = ++applied;
  router.onEvent({ type: 'proposed', ticket, index, term });
  router.onEvent({ type: 'committed', entries: [{ term: appliedTerm, index, type: 'normal', data }] });
  await scheduler.settle();
}

const valueNow = async (): Promise<unknown> => {
  const read = execute(GET);
  const [ticket = 0] = (await turn()).reads;
  router.onEvent({ type: 'read-ready', ticket, index: applied });
  await scheduler.settle();
  return read.outcome;
};

describe('a node that leads', () => {
  beforeEach(() => router.onEvent({ type: 'view', view: LEADING }));

  test('proposes the writes of a turn together and answers them when they are applied', async () => {
    const writes = [execute(set('1')), execute(set('2'))];
    const { proposals } = await turn();
    expect(proposals).toHaveLength(1);
    expect(writes.map(({ outcome }) => outcome)).toEqual([undefined, undefined]);
    for (const proposal of proposals) await commit(proposal);
    expect(writes.map(({ outcome }) => outcome)).toMatchObject([{ version: 1 }, { version: 2 }]);
  });

  test('asks once for all reads of a turn and answers from its store', async () => {
    const reads = [execute(GET), execute({ type: 'count' })];
    const { reads: tickets } = await turn();
    expect(tickets).toHaveLength(1);
    router.onEvent({ type: 'read-ready', ticket: tickets[0] ?? 0, index: 0 });
    await scheduler.settle();
    expect(reads.map(({ outcome }) => outcome)).toEqual([
      { type: 'get', value: null, version: 0 },
      { type: 'count', keys: 0 },
    ]);
  });

  test('a write whose place was taken by another leader is definitely not done', async () => {
    const write = execute(set('1'));
    const [proposal] = (await turn()).proposals;
    if (proposal !== undefined) await commit({ ...proposal, data: new Uint8Array(0) }, 1, 2);
    expect(write.outcome).toMatchObject({ code: 'NO_LEADER', outcome: 'not-done' });
  });

  test('a write without an answer within its time is unknown', async () => {
    const write = execute(set('1'), { timeoutMs: 400 });
    await turn();
    await scheduler.advance(500);
    expect(write.outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' });
    expect(messageOf(write)).toContain('may or may not be done: read the key');
  });

  test('a write that is refused for a moment is proposed again, without any news of the cluster', async () => {
    const write = execute(set('1'));
    const [refused] = (await turn()).proposals;
    router.onEvent({ type: 'not-proposed', ticket: refused?.ticket ?? 0, reason: 'transfer-in-progress' });
    await scheduler.advance(100);
    const [again] = (await turn()).proposals;
    expect(again).toBeDefined();
    if (again !== undefined) await commit(again);
    expect(write.outcome).toMatchObject({ type: 'set', applied: true });
  });

  test('an open question about reads is asked again', async () => {
    const read = execute(GET);
    const [lost] = (await turn()).reads;
    await scheduler.advance(400);
    const [again] = (await turn()).reads;
    expect(again).toBeDefined();
    expect(again).not.toBe(lost);
    router.onEvent({ type: 'read-ready', ticket: again ?? 0, index: 0 });
    await scheduler.settle();
    expect(read.outcome).toMatchObject({ type: 'get' });
  });

  test('removes what has expired by a proposal of its own, once', async () => {
    execute(set('1', { lifetime: { type: 'ttl', ttlMs: 500 } }));
    for (const proposal of (await turn()).proposals) await commit(proposal);
    wallMs += 499;
    await scheduler.advance(200);
    expect((await turn()).proposals).toEqual([]);
    wallMs += 1;
    await scheduler.advance(200);
    const due = (await turn()).proposals;
    expect(due.map(({ data }) => decodeWriteBatch(data))).toEqual([{ ...headerAt(wallMs), writes: [] }]);
    for (const proposal of due) await commit(proposal);
    expect(await valueNow()).toMatchObject({ value: null });
  });

  test('puts its memory rules into the log when others are in force, once', async () => {
    memoryRules = { maxBytes: 1_000_000, policy: 'lru' };
    await scheduler.advance(200);
    const proposals = (await turn()).proposals;
    expect(proposals.map(({ data }) => decodeWriteBatch(data))).toEqual([
      { ...headerAt(wallMs), memoryRules, writes: [] },
    ]);
    for (const proposal of proposals) await commit(proposal);
    execute(set('1'));
    const [write] = (await turn()).proposals;
    expect(decodeWriteBatch(write?.data ?? new Uint8Array()).memoryRules).toBeUndefined();
    await scheduler.advance(200);
    expect((await turn()).proposals).toEqual([]);
  });

  test("never proposes a time behind the log's, however its clock jumps", async () => {
    execute(set('1'));
    for (const proposal of (await turn()).proposals) await commit(proposal);
    wallMs -= 500_000;
    execute(set('2'));
    const [later] = (await turn()).proposals;
    expect(decodeWriteBatch(later?.data ?? new Uint8Array()).timeMs).toBe(1_000_000);
  });

  test('writes of a turn in which leadership is lost go to the new leader', async () => {
    execute(set('1'));
    router.onEvent({ type: 'view', view: FOLLOWING });
    expect((await turn()).proposals).toEqual([]);
    expect(forwarded.map(({ address }) => address)).toEqual([member(2).clientAddress]);
  });
});

describe('a node that follows', () => {
  beforeEach(() => router.onEvent({ type: 'view', view: FOLLOWING }));

  test('takes writes to the leader, with the time that is left in whole milliseconds', async () => {
    const write = execute(set('1'), { timeoutMs: 1_000.7 });
    await turn();
    expect(forwarded).toMatchObject([{ address: member(2).clientAddress, request: set('1'), timeoutMs: 1_000 }]);
    forwarded[0]?.resolve({ type: 'set', applied: true, version: 4, old: null });
    await turn();
    expect(write.outcome).toMatchObject({ version: 4 });
  });

  test('answers reads from its own store, after asking how far it must have got', async () => {
    const read = execute(GET);
    const [ticket] = (await turn()).reads;
    router.onEvent({ type: 'read-ready', ticket: ticket ?? 0, index: 1 });
    await scheduler.settle();
    expect(read.outcome).toBeUndefined();
    await commit({ ticket: 0, data: new Uint8Array(0) });
    expect(read.outcome).toMatchObject({ type: 'get' });
  });

  test('tries again when the leader turns out not to lead any more', async () => {
    const write = execute(set('1'));
    await turn();
    forwarded[0]?.reject(new DcacheError('NO_LEADER', 'not me'));
    router.onEvent({ type: 'view', view: view({ leader: 3 }) });
    await scheduler.advance(100);
    expect(forwarded.map(({ address }) => address)).toEqual([member(2).clientAddress, member(3).clientAddress]);
    expect(write.outcome).toBeUndefined();
  });

  test('does not try again what may have been done', async () => {
    const write = execute(set('1'));
    await turn();
    forwarded[0]?.reject(new DcacheError('OUTCOME_UNKNOWN', 'the connection broke'));
    await scheduler.advance(1_000);
    expect(forwarded).toHaveLength(1);
    expect(write.outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  test('does not pass on what another node has passed on to it', async () => {
    const write = execute(set('1'), { forwardedHere: true });
    await turn();
    expect(forwarded).toEqual([]);
    expect(write.outcome).toMatchObject({ code: 'NO_LEADER', outcome: 'not-done' });
  });
});

describe('without a leader', () => {
  test('requests wait for the election when enough nodes are up', async () => {
    router.onEvent({ type: 'view', view: view() });
    const [write, read] = [execute(set('1')), execute(GET)];
    await turn();
    expect([write.outcome, read.outcome]).toEqual([undefined, undefined]);
    router.onEvent({ type: 'view', view: LEADING });
    const { proposals, reads } = await turn();
    expect([proposals.length, reads.length]).toEqual([1, 1]);
  });

  test('requests fail at once when too few are up, with who is missing and what to do', async () => {
    router.onEvent({ type: 'view', view: view({ up: 1, missing: ['n2', 'n3'] }) });
    const write = execute(set('1'));
    await turn();
    expect(write.outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES', outcome: 'not-done' });
    expect(messageOf(write)).toContain('1 of 3 nodes up, 2 needed; not up: n2, n3. Start one with');
  });

  test('requests that wait fail when too few nodes are left', async () => {
    router.onEvent({ type: 'view', view: view() });
    const write = execute(set('1'));
    await turn();
    router.onEvent({ type: 'view', view: view({ up: 1, missing: ['n2', 'n3'] }) });
    await turn();
    expect(write.outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES' });
  });

  test('an election that takes too long is no unknown outcome: nothing was sent', async () => {
    router.onEvent({ type: 'view', view: view() });
    const write = execute(set('1'), { timeoutMs: 300 });
    await scheduler.advance(400);
    expect(write.outcome).toMatchObject({ code: 'NO_LEADER', outcome: 'not-done' });
    expect(messageOf(write)).toContain('3 of 3 nodes up, no leader elected yet');
  });

  test('an obstacle is told instead', async () => {
    router.onEvent({ type: 'obstacle', message: 'n1 belongs to another cluster' });
    router.onEvent({ type: 'view', view: view({ up: 1 }) });
    const write = execute(set('1'));
    await turn();
    expect(messageOf(write)).toContain('this node cannot take part: n1 belongs to another cluster');
    expect(router.notServing).toContain('n1 belongs to another cluster');
  });
});

describe('a node that stops', () => {
  test('accepts nothing more, answers what it has accepted, and is drained then', async () => {
    router.onEvent({ type: 'view', view: LEADING });
    const write = execute(set('1'));
    const { proposals } = await turn();
    let drained = false;
    void router.drain().then(() => (drained = true));
    const late = execute(set('2'));
    await scheduler.settle();
    expect(late.outcome).toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not-done' });
    expect(drained).toBe(false);
    for (const proposal of proposals) await commit(proposal);
    expect(write.outcome).toMatchObject({ type: 'set' });
    expect(drained).toBe(true);
  });

  test('lets go of what waits for a leader', async () => {
    router.onEvent({ type: 'view', view: view() });
    const write = execute(set('1'));
    await router.drain();
    await scheduler.settle();
    expect(write.outcome).toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not-done' });
  });

  test('at the end tells apart what may be done from what is not', async () => {
    router.onEvent({ type: 'view', view: LEADING });
    const [write, read] = [execute(set('1')), execute(GET)];
    await turn();
    router.stop();
    await scheduler.settle();
    expect(write.outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(read.outcome).toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

test('says what stands in the way of serving, and that nothing does', () => {
  expect(router.notServing).toBe('the node is starting');
  router.onEvent({ type: 'view', view: view({ up: 1, missing: ['n2', 'n3'] }) });
  expect(router.notServing).toContain('1 of 3 nodes up');
  router.onEvent({ type: 'view', view: FOLLOWING });
  expect(router.notServing).toBeUndefined();
});
