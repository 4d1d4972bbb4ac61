/** The log in an actor's thread: handed back by a clean stop, and taken over after a crash, by the same process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ActorHandle, Supervision } from '../../../src/actors/runtime/actor.js';
import { eventLoopScheduler } from '../../../src/actors/runtime/scheduler.js';
import { startThreadActor } from '../../../src/actors/runtime/start-thread.js';
import { openRaftLog } from '../../../src/adapters/lmdb/open-log.js';
import { requireBuild } from '../../support/dist.js';

interface LogActor {
  append(count: number): number;
  crash(): void;
}

let folder: string;

beforeAll(requireBuild);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(supervision: Supervision): Promise<ActorHandle<LogActor>> {
  return startThreadActor<LogActor, string>(
    { name: 'log', supervision, drainMs: 10_000 },
    {
      entry: new URL('./fixtures/log-thread.mjs', import.meta.url),
      options: folder,
      scheduler: eventLoopScheduler,
      onFailure: () => undefined,
    },
  );
}

async function lastIndexOnDisk(): Promise<number> {
  const { log, close } = await openRaftLog({ folder, maxTailBytes: 10_000, journalBytes: 20_000 });
  const last = log.lastIndex();
  await close();
  return last;
}

test('a clean stop hands the folder back', async () => {
  const actor = await start({ policy: 'fail-node' });
  await expect(actor.ref.append(10)).resolves.toBe(10);
  await actor.stop();
  await expect(lastIndexOnDisk()).resolves.toBe(10);
});

test('a new life of a restarted actor finds what the one before made durable', async () => {
  const actor = await start({ policy: 'restart', maxRestarts: 3, windowMs: 60_000, backoffMs: 1, maxBackoffMs: 1 });
  for (const last of [10, 20, 30]) {
    await expect(actor.ref.append(10)).resolves.toBe(last);
    await expect(actor.ref.crash()).rejects.toMatchObject({ code: 'INTERNAL' });
  }
  await expect(actor.ref.append(10)).resolves.toBe(40);
  await actor.stop();
  await expect(lastIndexOnDisk()).resolves.toBe(40);
});

test('a corrupt folder is reported by the start, with its code', async () => {
  await (await start({ policy: 'fail-node' })).stop();
  writeFileSync(join(folder, 'log', 'data.mdb'), 'not a database');
  await expect(start({ policy: 'fail-node' })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
});
