import { beforeEach, expect, test } from 'vitest';
import type { ControlEvent } from '../../../src/actors/control/events.js';
import type { WrittenSnapshot } from '../../../src/actors/control/snapshot-keeper.js';
import { DataSide } from '../../../src/actors/data/data-side.js';
import { Router } from '../../../src/actors/data/router.js';
import { StateMachine } from '../../../src/actors/data/state-machine.js';
import type { SnapshotFile } from '../../../src/actors/snapshot-files.js';
import { DcacheError } from '../../../src/base/errors.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { Entry } from '../../../src/raft/types.js';
import { encodeWriteBatch } from '../../../src/store/command-codec.js';
import { MapStore } from '../../../src/store/map-store.js';
import { NO_CAP } from '../../../src/store/memory-cap.js';
import { ALWAYS, FOREVER } from '../../../src/store/requests.js';
import { headerAt } from '../../support/batch-header.js';
import { MemorySnapshotFiles } from '../../support/memory-snapshot-files.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';
import { waitFor } from '../../support/wait-for.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

class Fixture {
  readonly files: MemorySnapshotFiles;
  readonly stateMachine = new StateMachine(new MapStore());
  readonly written: (WrittenSnapshot | undefined)[] = [];
  readonly failures: unknown[] = [];
  readonly side: DataSide;

  constructor(files = new MemorySnapshotFiles()) {
    this.files = files;
    const router = new Router({
      stateMachine: this.stateMachine,
      forwarder: { forward: () => Promise.reject(new DcacheError('UNREACHABLE', 'there is nobody')) },
      scheduler: new VirtualScheduler(),
      wallMs: () => 0,
      memoryRules: NO_CAP,
      logger: NULL_LOGGER,
      submit: () => undefined,
    });
    this.side = new DataSide({
      router,
      stateMachine: this.stateMachine,
      files,
      logger: NULL_LOGGER,
      onSnapshotWritten: (written) => this.written.push(written),
      onFailure: (error) => this.failures.push(error),
    });
  }

  value(key: string): string | undefined {
    const reply = this.stateMachine.store.read({ type: 'get', key: bytes(key) }, 0);
    return reply.type === 'get' && reply.value !== null ? new TextDecoder().decode(reply.value) : undefined;
  }

  /** A snapshot of the state now, as the control side would be told of it. */
  async cut(): Promise<WrittenSnapshot> {
    this.side.onEvents([{ type: 'snapshot-due' }]);
    await waitFor('the snapshot is written', () => this.written.length > 0);
    const written = this.written.pop();
    if (written === undefined) throw new Error('the snapshot was not written');
    return written;
  }
}

function setEntry(index: number, key: string, value: string): Entry {
  const write = {
    type: 'set',
    key: bytes(key),
    value: bytes(value),
    lifetime: FOREVER,
    condition: ALWAYS,
    returnOld: false,
  } as const;
  return {
    term: 1,
    index,
    type: 'normal',
    data: encodeWriteBatch({ ...headerAt(1), writes: [write] }),
  };
}

const committed = (...entries: Entry[]): ControlEvent => ({ type: 'committed', entries });
const restore = ({ index, term, file }: WrittenSnapshot): ControlEvent => ({ type: 'restore', index, term, file });

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});

test('a cut holds the state of its index, whatever is applied while it is written', async () => {
  fixture.side.onEvents([
    committed(setEntry(1, 'fruit', 'cherry')),
    { type: 'snapshot-due' },
    committed(setEntry(2, 'fruit', 'plum')),
  ]);
  await waitFor('the snapshot is written', () => fixture.written.length > 0);
  const written = fixture.written[0];
  expect(written).toMatchObject({ index: 1, term: 1 });
  expect(fixture.value('fruit')).toBe('plum');

  const other = new Fixture(fixture.files);
  if (written !== undefined) other.side.onEvents([restore(written)]);
  await waitFor('the state is restored', () => other.stateMachine.appliedIndex === 1);
  expect(other.value('fruit')).toBe('cherry');
});

test('events behind a restore wait until the state is there', async () => {
  fixture.side.onEvents([committed(setEntry(1, 'a', '1'), setEntry(2, 'b', '2'))]);
  const written = await fixture.cut();
  const other = new Fixture(fixture.files);
  other.side.onEvents([restore(written), committed(setEntry(3, 'c', '3'))]);
  expect(other.stateMachine.appliedIndex).toBe(0);
  await waitFor('everything is applied', () => other.stateMachine.appliedIndex === 3);
  expect([other.value('a'), other.value('b'), other.value('c')]).toEqual(['1', '2', '3']);
  expect(other.failures).toEqual([]);
});

test('restoring replaces everything that was there', async () => {
  fixture.side.onEvents([committed(setEntry(1, 'a', '1'), setEntry(2, 'b', '2'))]);
  const written = await fixture.cut();
  const other = new Fixture(fixture.files);
  other.side.onEvents([committed(setEntry(1, 'stale', 'x')), restore(written)]);
  await waitFor('the state is restored', () => other.stateMachine.appliedIndex === 2);
  expect(other.value('stale')).toBeUndefined();
});

test('two restores in a row end with the later state', async () => {
  fixture.side.onEvents([committed(setEntry(1, 'a', '1'))]);
  const first = await fixture.cut();
  fixture.side.onEvents([committed(setEntry(2, 'a', '2'))]);
  const second = await fixture.cut();
  const other = new Fixture(fixture.files);
  other.side.onEvents([restore(first), restore(second)]);
  await waitFor('both are restored', () => other.stateMachine.appliedIndex === 2);
  expect(other.value('a')).toBe('2');
});

test('a cut that cannot be written is told, and the state goes on', async () => {
  fixture.files.failure = new DcacheError('DISK_FULL', 'no room');
  fixture.side.onEvents([committed(setEntry(1, 'a', '1')), { type: 'snapshot-due' }]);
  await waitFor('the failure is told', () => fixture.written.length > 0);
  expect(fixture.written).toEqual([undefined]);
  fixture.side.onEvents([committed(setEntry(2, 'a', '2'))]);
  expect(fixture.value('a')).toBe('2');
  expect(fixture.failures).toEqual([]);
});

test('a snapshot that is damaged takes the node down instead of being served', async () => {
  fixture.side.onEvents([committed(setEntry(1, 'a', '1'))]);
  const written = await fixture.cut();
  const damaged: SnapshotFile = { ...written.file, checksum: written.file.checksum ^ 1 };
  const other = new Fixture(fixture.files);
  other.side.onEvents([restore({ ...written, file: damaged }), committed(setEntry(2, 'b', '2'))]);
  await waitFor('the node fails', () => other.failures.length > 0);
  expect(other.failures[0]).toMatchObject({ code: 'DATA_CORRUPT' });
  expect(other.stateMachine.appliedIndex).toBe(0);
});

test('a gap between entries takes the node down', () => {
  fixture.side.onEvents([committed(setEntry(1, 'a', '1')), committed(setEntry(3, 'a', '3'))]);
  expect(fixture.failures).toHaveLength(1);
  expect(fixture.value('a')).toBe('1');
});
