/** The service of one partition, with a primary whose commits the test decides. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PendingRequest } from '../../../src/actors/data/pending.js';
import { decisionsOf } from '../../../src/actors/ecc/decisions.js';
import { type Decisions, PartitionService } from '../../../src/actors/ecc/partition-service.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { DcacheError } from '../../../src/base/errors.js';
import { ALWAYS, FOREVER, type KvReply, type KvRequest } from '../../../src/store/requests.js';
import { locationAt } from '../../../src/store/layout.js';
import { RecordView } from '../../../src/store/record.js';
import { RecordRefs } from '../../../src/store/record-refs.js';
import { NO_STRIPE } from '../../../src/store/segment.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';
import { FakePartition } from './fake-partition.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const set = (value: string, changed: object = {}): KvRequest => ({
  ...{ type: 'set', key: bytes('k'), value: bytes(value), lifetime: FOREVER, condition: ALWAYS, returnOld: false },
  ...changed,
});
const GET: KvRequest = { type: 'get', key: bytes('k') };
const SCAN = { type: 'scan', prefix: bytes(''), cursor: bytes(''), limit: 100, withValues: true } as const;

interface Rebuild {
  readonly numbers: readonly number[];
  readonly resolve: () => void;
  readonly reject: (error: DcacheError) => void;
}

let primary: FakePartition;
let decisions: Decisions;
/** What is missing whatever is asked, besides what is. */
let needed: readonly number[];
let scheduler: VirtualScheduler;
let lease: { isHeld: boolean };
let wallMs: number;
let rebuilds: Rebuild[];
let givenBack: PendingRequest[];
let changes: number;
let refused: number;
let shortage: DcacheError | undefined;
let service: PartitionService;

beforeEach(() => {
  primary = new FakePartition();
  needed = [];
  const real = decisionsOf(primary);
  decisions = { ...real, segmentsNeeded: (request) => [...needed, ...real.segmentsNeeded(request)] };
  scheduler = new VirtualScheduler();
  lease = { isHeld: true };
  wallMs = 1_000_000;
  rebuilds = [];
  givenBack = [];
  changes = 0;
  refused = 0;
  shortage = undefined;
  service = new PartitionService({
    position: 0,
    primary,
    decisions,
    logger: NULL_LOGGER,
    rebuilder: {
      rebuild: (_position, numbers) => new Promise((resolve, reject) => rebuilds.push({ numbers, resolve, reject })),
    },
    lease,
    scheduler,
    wallMs: () => wallMs,
    largestWriteBytes: 10_000_000,
    onMadeRoom: () => undefined,
    onRefused: () => refused++,
    shortage: () => shortage,
    onChanged: () => changes++,
    giveBack: (pending) => givenBack.push(pending),
  });
});

/** What became of a request: its reply or error, undefined while it is open. */
interface Tracked {
  outcome: KvReply | DcacheError | undefined;
  readonly pending: PendingRequest;
}

function execute(request: KvRequest): Tracked {
  const pending = new PendingRequest({
    request,
    forwarded: false,
    timeoutMs: 1_000,
    deadlineMs: 1_000,
    resolve: (reply) => (tracked.outcome = reply),
    reject: (error) => (tracked.outcome = error),
    onSettled: () => undefined,
  });
  const tracked: Tracked = { outcome: undefined, pending };
  service.execute(pending);
  return tracked;
}

function commit(index = primary.lastIndex): void {
  primary.commitIndex = index;
  service.onProgress();
}

function committed(request: KvRequest): void {
  execute(request);
  commit();
}

const dropAll = (): void => {
  const { table } = primary.store.partition;
  for (const { number, state } of [...table.all()]) {
    if (state === 'open') table.seal(number, NO_STRIPE);
    table.dropBytes(number);
  }
};

describe('a write', () => {
  test('is answered when its entry is committed, lease or not', () => {
    lease.isHeld = false;
    const write = execute(set('1'));
    expect(changes).toBe(1);
    expect(write.outcome).toBeUndefined();
    commit();
    expect(write.outcome).toMatchObject({ type: 'set', applied: true, version: 1 });
  });

  test('of a primary that is alone is answered under the lease', () => {
    primary.isAlone = true;
    lease.isHeld = false;
    const write = execute(set('1'));
    expect(write.outcome).toBeUndefined();
    lease.isHeld = true;
    service.onProgress();
    expect(write.outcome).toMatchObject({ type: 'set', applied: true });
  });

  test('whose condition fails waits for the write that it failed on, and for the lease', () => {
    const first = execute(set('1'));
    const second = execute(set('2', { condition: { type: 'absent' } }));
    expect(primary.lastIndex).toBe(1);
    lease.isHeld = false;
    commit();
    expect(first.outcome).toMatchObject({ applied: true });
    expect(second.outcome).toBeUndefined();
    lease.isHeld = true;
    service.onProgress();
    expect(second.outcome).toMatchObject({ type: 'set', applied: false });
  });

  test('waits outside the log while too much is uncommitted', () => {
    primary.isFull = true;
    const write = execute(set('1'));
    expect(primary.lastIndex).toBe(0);
    expect(write.pending.exposed).toBe(false);
    primary.isFull = false;
    service.onProgress();
    expect(primary.lastIndex).toBe(1);
    expect(write.pending.exposed).toBe(true);
  });

  test('that is refused when it is decided fails with the code', () => {
    committed(set('no number'));
    const write = execute({ type: 'increment', key: bytes('k'), delta: 1n });
    expect(write.outcome).toMatchObject({ code: 'INVALID_ARGUMENT', outcome: 'not-done' });
  });
});

describe('a read', () => {
  test('is answered at once when all about its key is committed', () => {
    committed(set('1'));
    expect(execute(GET).outcome).toMatchObject({ type: 'get', value: bytes('1'), version: 1 });
  });

  test('sees an uncommitted write and waits for it', () => {
    committed(set('1'));
    execute(set('2'));
    const read = execute(GET);
    expect(read.outcome).toBeUndefined();
    commit();
    expect(read.outcome).toMatchObject({ value: bytes('2') });
  });

  test('of another key does not wait', () => {
    execute(set('1'));
    expect(execute({ type: 'get', key: bytes('other') }).outcome).toMatchObject({ value: null });
  });

  test('takes the value first and looks at the lease then', () => {
    committed(set('1'));
    const order: string[] = [];
    const read = decisions.read.bind(decisions);
    decisions.read = (...args) => {
      order.push('value');
      return read(...args);
    };
    Object.defineProperty(lease, 'isHeld', { get: () => order.push('lease') > 0 });
    execute(GET);
    expect(order).toEqual(['value', 'lease']);
  });

  test('that finds no lease is decided again when there is one', () => {
    committed(set('1'));
    lease.isHeld = false;
    const read = execute(GET);
    expect(read.outcome).toBeUndefined();
    committed(set('2'));
    lease.isHeld = true;
    service.onProgress();
    expect(read.outcome).toMatchObject({ value: bytes('2') });
  });

  test('waits while the primary does not serve', () => {
    committed(set('1'));
    primary.serving = false;
    const read = execute(GET);
    expect(read.outcome).toBeUndefined();
    primary.serving = true;
    service.onProgress();
    expect(read.outcome).toMatchObject({ value: bytes('1') });
  });

  test('that waits for a commit is not answered once the node has let go', () => {
    execute(set('1'));
    const read = execute(GET);
    primary.serving = false;
    commit();
    expect(read.outcome).toBeUndefined();
  });

  test('of a value that is over answers the miss when the removal is committed', () => {
    committed(set('1', { lifetime: { type: 'ttl', ttlMs: 10 } }));
    wallMs += 10;
    const read = execute(GET);
    expect(primary.lastIndex).toBe(2);
    expect(read.outcome).toBeUndefined();
    commit();
    expect(read.outcome).toEqual({ type: 'get', value: null, version: 0 });
  });
});

describe('a request that needs segments whose bytes are elsewhere', () => {
  test('begins again from its look-up when they are there', async () => {
    committed(set('1'));
    needed = [3];
    const read = execute(GET);
    expect(rebuilds.map(({ numbers }) => numbers)).toEqual([[3]]);
    committed({ type: 'delete', key: bytes('other'), condition: ALWAYS });
    needed = [];
    execute(set('2'));
    rebuilds[0]?.resolve();
    await scheduler.settle();
    expect(read.outcome).toBeUndefined();
    commit();
    expect(read.outcome).toMatchObject({ value: bytes('2') });
  });

  test('fails, not done, when they cannot be rebuilt', async () => {
    needed = [3];
    const write = execute(set('1'));
    rebuilds[0]?.reject(new DcacheError('ECC_UNDECODABLE', 'too few shards'));
    await scheduler.settle();
    expect(write.outcome).toMatchObject({ code: 'ECC_UNDECODABLE', outcome: 'not-done' });
  });

  test('asks for what a scan cannot read', async () => {
    committed(set('1'));
    const { table } = primary.store.partition;
    const bytesOfSegment = table.get(1).bytes.slice(0, table.get(1).length);
    dropAll();
    const scan = execute(SCAN);
    expect(rebuilds.map(({ numbers }) => numbers)).toEqual([[1]]);
    table.restoreBytes(1, bytesOfSegment);
    rebuilds[0]?.resolve();
    await scheduler.settle();
    expect(scan.outcome).toMatchObject({ entries: [{ key: bytes('k'), value: bytes('1') }] });
  });
});

describe('scan and count', () => {
  test('wait for everything that is in the log', () => {
    execute(set('1'));
    const [scan, count] = [execute(SCAN), execute({ type: 'count' })];
    expect(scan.outcome ?? count.outcome).toBeUndefined();
    commit();
    expect(scan.outcome).toMatchObject({ entries: [{ key: bytes('k'), value: bytes('1') }] });
    expect(count.outcome).toEqual({ type: 'count', keys: 1 });
  });

  test('a cursor that no scan has given is refused', () => {
    expect(execute({ ...SCAN, cursor: bytes('x') }).outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('flush', () => {
  beforeEach(() => {
    for (let i = 0; i < 1_200; i++) execute(set('1', { key: bytes(`key-${i}`) }));
    commit();
  });

  test('removes the keys in several entries and answers when the last is committed', async () => {
    const before = primary.lastIndex;
    const flush = execute({ type: 'flush' });
    await scheduler.settle();
    expect(primary.lastIndex - before).toBe(3);
    expect(primary.store.values.keyCount).toBe(0);
    commit(primary.lastIndex - 1);
    expect(flush.outcome).toBeUndefined();
    commit();
    expect(flush.outcome).toEqual({ type: 'flush', removed: 1_200 });
  });

  test('stops while too much is uncommitted', async () => {
    const flush = execute({ type: 'flush' });
    primary.isFull = true;
    await scheduler.settle();
    expect(primary.store.values.keyCount).toBe(1_200 - 512);
    primary.isFull = false;
    commit();
    await scheduler.settle();
    commit();
    expect(flush.outcome).toEqual({ type: 'flush', removed: 1_200 });
  });

  test('that is under way when the primaryship ends has an unknown outcome', async () => {
    const flush = execute({ type: 'flush' });
    service.end();
    await scheduler.settle();
    expect(flush.outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});

describe('when too few nodes are up', () => {
  beforeEach(() => {
    committed(set('1'));
    shortage = new DcacheError('NOT_ENOUGH_NODES', '1 of 3 nodes up, 2 needed');
  });

  test('a write is refused before anything is decided', () => {
    const write = execute(set('2'));
    expect(write.outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES', outcome: 'not-done' });
    expect(primary.lastIndex).toBe(1);
  });

  test('a read is answered under the lease, and refused without one', () => {
    expect(execute(GET).outcome).toMatchObject({ value: bytes('1') });
    lease.isHeld = false;
    expect(execute(GET).outcome).toMatchObject({ code: 'NOT_ENOUGH_NODES' });
  });
});

describe('when the primaryship ends', () => {
  test('a write with an entry has an unknown outcome', () => {
    const write = execute(set('1'));
    service.end();
    expect(write.outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
  });

  test('what was not decided, and reads, go back to be routed anew', () => {
    execute(set('1'));
    const read = execute(GET);
    primary.isFull = true;
    const write = execute(set('2'));
    service.end();
    expect(givenBack).toEqual([write.pending, read.pending]);
    expect([read.outcome, write.outcome]).toEqual([undefined, undefined]);
  });
});

test('values that are over are removed without anybody asking', () => {
  committed(set('1', { lifetime: { type: 'ttl', ttlMs: 10 } }));
  service.upkeep();
  expect(primary.lastIndex).toBe(1);
  wallMs += 10;
  service.upkeep();
  expect(primary.lastIndex).toBe(2);
  expect(primary.store.values.keyCount).toBe(0);
});

describe('before a planned hand-over', () => {
  test('what would change something waits, and reads are answered', () => {
    committed(set('1'));
    service.drain();
    const write = execute(set('2'));
    const scan = execute(SCAN);
    expect(execute(GET).outcome).toMatchObject({ value: bytes('1') });
    expect([write.outcome, scan.outcome, primary.lastIndex]).toEqual([undefined, undefined, 1]);
    expect(service.isDrained).toBe(true);
  });

  test('it is drained when all that was accepted is committed and answered', () => {
    const write = execute(set('1'));
    service.drain();
    expect(service.isDrained).toBe(false);
    primary.commitIndex = primary.lastIndex;
    expect(service.isDrained).toBe(false);
    service.onProgress();
    expect(write.outcome).toMatchObject({ applied: true });
    expect(service.isDrained).toBe(true);
  });

  test('an expired value is left to the next primary to remove', () => {
    committed(set('1', { lifetime: { type: 'ttl', ttlMs: 10 } }));
    service.drain();
    wallMs += 11;
    const read = execute(GET);
    service.upkeep();
    expect([read.outcome, primary.lastIndex]).toEqual([undefined, 1]);
    service.end();
    expect(givenBack).toEqual([read.pending]);
  });

  test('a flush that has begun goes on to its end, one that has not waits', async () => {
    committed(set('1'));
    for (let i = 0; i < 600; i++) committed(set('x', { key: bytes(`k${i}`) }));
    const first = execute({ type: 'flush' });
    service.drain();
    const second = execute({ type: 'flush' });
    expect(service.isDrained).toBe(false);
    await scheduler.settle();
    commit();
    expect(first.outcome).toEqual({ type: 'flush', removed: 601 });
    expect(second.outcome).toBeUndefined();
    expect(service.isDrained).toBe(true);
  });

  test('what has waited is decided here when it comes to nothing, and elsewhere when it does not', () => {
    service.drain();
    const write = execute(set('1'));
    service.resume();
    commit();
    expect(write.outcome).toMatchObject({ applied: true });
    service.drain();
    const late = execute(set('2'));
    service.end();
    expect(givenBack).toEqual([late.pending]);
  });
});

test('segments that cleaning wants, and whose bytes are elsewhere, are rebuilt for it, one after the other', async () => {
  const plain = { lifetime: FOREVER, condition: ALWAYS, returnOld: false };
  const text = new TextEncoder();
  const { partition } = primary.store;
  const { table } = partition;
  for (let i = 0; i < 20; i++)
    committed({ type: 'set', key: text.encode(`key-${i}`), value: text.encode('x'.repeat(900)), ...plain });
  const sealed = [...table.all()].filter(({ state }) => state === 'sealed').map(({ number }) => number);
  expect(sealed.length).toBeGreaterThan(2);
  const bytesOf = new Map(sealed.map((number) => [number, table.get(number).bytes.slice(0, table.get(number).length)]));
  // As if their values had ended where nobody could clean: at a primary that has folded them.
  const ended = new RecordRefs();
  const view = new RecordView();
  for (const number of sealed) {
    for (let offset = 0; offset < table.get(number).length; offset += view.sizeBytes) {
      partition.readAt(locationAt(number, offset), view);
      if (offset > 0) ended.add(partition.tagOf(view), locationAt(number, offset), view.sizeBytes);
    }
  }
  partition.remove(ended);
  for (const number of sealed) table.dropBytes(number);
  const liveBytes = table.liveBytes;
  expect(liveBytes / table.writtenBytes).toBeLessThan(0.6);
  service.upkeep();
  service.upkeep();
  for (let done = 0; done < rebuilds.length; done++) {
    expect(rebuilds).toHaveLength(done + 1);
    const { numbers, resolve } = rebuilds[done] ?? { numbers: [], resolve: () => undefined };
    for (const number of numbers) partition.restoreBytes(number, bytesOf.get(number) ?? new Uint8Array(0));
    resolve();
    await scheduler.settle();
  }
  expect(rebuilds.length).toBeGreaterThan(1);
  expect(table.liveBytes).toBe(liveBytes);
  expect(table.liveBytes / table.writtenBytes).toBeGreaterThan(0.85);
});
