/** The ways in which a thread can end under its actor. None may leave a caller waiting. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ActorFailure, ActorHandle, ActorSpec } from '../../../src/actors/runtime/actor.js';
import { eventLoopScheduler } from '../../../src/actors/runtime/scheduler.js';
import { startThreadActor } from '../../../src/actors/runtime/start-thread.js';
import { DcacheError } from '../../../src/base/errors.js';
import { requireBuild } from '../../support/dist.js';
import { waitFor } from '../../support/wait-for.js';
import type { Probe, ProbeOptions } from './fixtures/probe-actor.mjs';

beforeAll(requireBuild);

describe('an actor whose thread ends', () => {
  const failures: ActorFailure[] = [];
  const running: ActorHandle<Probe>[] = [];

  async function start(supervision: ActorSpec['supervision'], entry = './fixtures/probe-thread.mjs') {
    const spec: ActorSpec = { name: 'probe', supervision, drainMs: 5_000 };
    const options: ProbeOptions = {};
    const handle = await startThreadActor<Probe, ProbeOptions>(spec, {
      entry: new URL(entry, import.meta.url),
      options,
      scheduler: eventLoopScheduler,
      onFailure: (failure) => failures.push(failure),
    });
    running.push(handle);
    return handle.ref;
  }

  afterEach(async () => {
    failures.length = 0;
    await Promise.allSettled(running.splice(0).map((handle) => handle.stop()));
  });

  test.each([
    ['by process.exit', 'endThread', 'exit code 7'],
    ['by an uncaught exception', 'throwUncaught', 'nobody catches this'],
  ] as const)('%s rejects what is pending and takes the node down', async (_how, method, reason) => {
    const ref = await start({ policy: 'fail-node' });
    const answer = ref.waitFor('gate');
    const last = ref[method]();
    await expect(answer).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await Promise.allSettled([last]);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.error.message).toContain(reason);
    expect(failures[0]?.action).toEqual({ type: 'fail-node' });
  });

  test('by an uncaught DcacheError fails with its code', async () => {
    const ref = await start({ policy: 'fail-node' });
    await Promise.allSettled([ref.throwUncaughtDcacheError()]);
    await waitFor('the failure', () => failures.length === 1);
    expect(failures[0]?.error.code).toBe('DISK_FULL');
  });

  test('right after an answer still delivers it', async () => {
    for (let i = 0; i < 5; i++) {
      const ref = await start({ policy: 'fail-node' });
      await expect(ref.answerAndEndThread()).resolves.toBe('answered');
      await waitFor('the failure', () => failures.length === i + 1);
    }
  });

  test('is made again in a new thread under restart', async () => {
    const ref = await start({ policy: 'restart', maxRestarts: 1, windowMs: 60_000, backoffMs: 1, maxBackoffMs: 1 });
    await ref.add(4);
    await Promise.allSettled([ref.throwUncaught()]);
    await waitFor('the failure', () => failures.length === 1);
    await expect(ref.add(1)).resolves.toBe(1);
  });

  test('cannot be started from an entry that does not exist', async () => {
    const started = start({ policy: 'fail-node' }, './fixtures/nowhere.mjs');
    await expect(started).rejects.toThrow(/nowhere\.mjs/);
    await expect(started).rejects.not.toBeInstanceOf(DcacheError);
  });
});
