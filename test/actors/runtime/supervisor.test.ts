/** Policy and turns of a local actor, on virtual time. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ActorContext, ActorFailure, ActorHandle, ActorSpec } from '../../../src/actors/runtime/actor.js';
import { startLocalActor } from '../../../src/actors/runtime/start-local.js';
import { DcacheError } from '../../../src/base/errors.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

let scheduler: VirtualScheduler;
let failures: ActorFailure[];
let lives: number;
/** How many of the next lives cannot be made. */
let stillborn: number;

beforeEach(() => {
  scheduler = new VirtualScheduler();
  failures = [];
  lives = 0;
  stillborn = 0;
});

class Worker {
  private readonly context: ActorContext<string>;

  constructor(context: ActorContext<string>) {
    this.context = context;
  }

  work(): number {
    this.context.emit('worked');
    return lives;
  }

  crash(): void {
    throw new Error('boom');
  }
}

async function start(
  spec: Partial<ActorSpec>,
  onEvents?: (events: readonly string[]) => void,
): Promise<ActorHandle<Worker>> {
  const factory = (_options: undefined, context: ActorContext<string>): Worker => {
    lives += 1;
    if (lives > 1 && stillborn-- > 0) throw new DcacheError('PORT_IN_USE', 'port 7201 is taken');
    return new Worker(context);
  };
  return startLocalActor<Worker, undefined, string>(
    { name: 'worker', supervision: { policy: 'fail-node' }, drainMs: 100, ...spec },
    {
      factory,
      options: undefined,
      scheduler,
      onFailure: (failure) => failures.push(failure),
      ...(onEvents === undefined ? {} : { onEvents }),
    },
  );
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const outcome = promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof DcacheError ? error.code : String(error)),
  );
  await scheduler.settle();
  return outcome;
}

const restart = (maxRestarts: number): Partial<ActorSpec> => ({
  supervision: { policy: 'restart', maxRestarts, windowMs: 1_000, backoffMs: 100, maxBackoffMs: 150 },
});

describe('restart', () => {
  test('waits for the backoff, doubled up to its bound, and keeps what arrives meanwhile', async () => {
    const { ref } = await start(restart(3));
    expect(await codeOf(ref.crash())).toBe('INTERNAL');
    const waiting = ref.work();
    await scheduler.advance(99);
    expect(lives).toBe(1);
    await scheduler.advance(1);
    await expect(waiting).resolves.toBe(2);
    expect(await codeOf(ref.crash())).toBe('INTERNAL');
    expect(failures.map(({ action }) => action)).toEqual([
      { type: 'restart', delayMs: 100 },
      { type: 'restart', delayMs: 150 },
    ]);
  });

  test('counts only the failures within the window', async () => {
    const { ref } = await start(restart(1));
    for (let i = 0; i < 5; i++) {
      expect(await codeOf(ref.crash())).toBe('INTERNAL');
      await scheduler.advance(1_000);
    }
    expect(failures.map(({ action }) => action.type)).toEqual(Array.from({ length: 5 }, () => 'restart'));
  });

  test('counts a life that cannot be made as a failure, and gives up after the last', async () => {
    stillborn = 9;
    const { ref } = await start(restart(2));
    expect(await codeOf(ref.crash())).toBe('INTERNAL');
    const waiting = ref.work();
    const outcome = codeOf(waiting);
    await scheduler.advance(1_000);
    expect(failures.map(({ action, error }) => [action.type, error.code])).toEqual([
      ['restart', 'INTERNAL'],
      ['restart', 'PORT_IN_USE'],
      ['fail-node', 'PORT_IN_USE'],
    ]);
    expect(await outcome).toBe('SHUTTING_DOWN');
  });
});

test('messages before the failing one are answered, those after it are not known', async () => {
  const { ref } = await start({});
  const outcomes = [ref.work(), ref.crash(), ref.work()].map(codeOf);
  expect(await Promise.all(outcomes)).toEqual(['answered', 'INTERNAL', 'OUTCOME_UNKNOWN']);
  expect(failures).toHaveLength(1);
});

test('nothing happens before the scheduler says so, and a full mailbox lets I/O have its turn in between', async () => {
  const { ref } = await start({});
  const answers = Array.from({ length: 1_000 }, () => ref.work());
  let answered = 0;
  for (const answer of answers) void answer.then(() => answered++);
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(0);
  await scheduler.settle();
  expect(answered).toBe(1_000);
  expect(scheduler.turns).toBeGreaterThanOrEqual(3);
});

test('events of one turn arrive as one batch', async () => {
  const batches: (readonly string[])[] = [];
  const context: ActorContext<string>[] = [];
  await startLocalActor<object, undefined, string>(
    { name: 'emitter', supervision: { policy: 'fail-node' }, drainMs: 100 },
    {
      factory: (_options, own) => {
        context.push(own);
        return {};
      },
      options: undefined,
      scheduler,
      onFailure: (failure) => failures.push(failure),
      onEvents: (events) => batches.push(events),
    },
  );
  for (const event of ['a', 'b', 'c']) context[0]?.emit(event);
  expect(batches).toEqual([]);
  await scheduler.settle();
  expect(batches).toEqual([['a', 'b', 'c']]);
});

test('an exception of the owner is thrown at the owner, and is no failure of the actor', async () => {
  const { ref } = await start({}, () => {
    throw new Error('the owner is broken');
  });
  const answer = ref.work();
  await expect(scheduler.settle()).rejects.toThrow('the owner is broken');
  await scheduler.settle();
  await expect(answer).resolves.toBe(1);
  expect(failures).toEqual([]);
});
