/** What an actor promises, held against both placements: whoever has a ref cannot tell them apart. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ActorFailure, type ActorHandle, type ActorSpec, later } from '../../../src/actors/runtime/actor.js';
import { handOver } from '../../../src/actors/runtime/hand-over.js';
import { eventLoopScheduler } from '../../../src/actors/runtime/scheduler.js';
import { startLocalActor } from '../../../src/actors/runtime/start-local.js';
import { startThreadActor } from '../../../src/actors/runtime/start-thread.js';
import { DcacheError } from '../../../src/base/errors.js';
import { requireBuild } from '../../support/dist.js';
import { waitFor } from '../../support/wait-for.js';
import { type Probe, probeFactory, type ProbeEvent, type ProbeOptions } from './fixtures/probe-actor.mjs';

beforeAll(requireBuild);

const failNode: ActorSpec = { name: 'probe', supervision: { policy: 'fail-node' }, drainMs: 5_000 };
const restarting: ActorSpec = {
  ...failNode,
  supervision: { policy: 'restart', maxRestarts: 2, windowMs: 60_000, backoffMs: 2, maxBackoffMs: 3 },
};

interface Running extends ActorHandle<Probe> {
  readonly events: ProbeEvent[];
  readonly failures: ActorFailure[];
}

type Placement = (spec: ActorSpec, options: ProbeOptions, owner: Owner) => Promise<ActorHandle<Probe>>;
interface Owner {
  readonly onEvents: (events: readonly ProbeEvent[]) => void;
  readonly onFailure: (failure: ActorFailure) => void;
}

const placements: Record<string, Placement> = {
  'in the thread of its caller': (spec, options, owner) =>
    startLocalActor(spec, {
      ...owner,
      scheduler: eventLoopScheduler,
      factory: probeFactory({ DcacheError, handOver, later }),
      options,
      isolated: true,
    }),
  'in a thread of its own': (spec, options, owner) =>
    startThreadActor(spec, {
      ...owner,
      scheduler: eventLoopScheduler,
      entry: new URL('./fixtures/probe-thread.mjs', import.meta.url),
      options,
    }),
};

const counter = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));

async function rejection(promise: Promise<unknown>): Promise<DcacheError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DcacheError)) throw new Error(`not rejected with a DcacheError: ${String(error)}`);
  return error;
}

describe.each(Object.entries(placements))('an actor %s', (_name, place) => {
  const running: Running[] = [];

  async function start(spec: ActorSpec = failNode, options: ProbeOptions = {}): Promise<Running> {
    const events: ProbeEvent[] = [];
    const failures: ActorFailure[] = [];
    const handle = await place(spec, options, {
      onEvents: (batch) => events.push(...batch),
      onFailure: (failure) => failures.push(failure),
    });
    const started: Running = Object.assign(handle, { events, failures });
    running.push(started);
    return started;
  }

  afterEach(async () => {
    await Promise.allSettled(running.splice(0).map((handle) => handle.stop()));
  });

  test('answers each message with what its method returns', async () => {
    const { ref } = await start();
    await expect(Promise.all([ref.add(1), ref.add(2), ref.add(3)])).resolves.toEqual([1, 3, 6]);
  });

  test('handles one message at a time in the order of arrival, also when they take a while', async () => {
    const { ref } = await start();
    const answers = [];
    for (let i = 0; i < 20; i++) answers.push(i % 3 === 0 ? ref.addSlowly(1) : ref.add(1));
    await expect(Promise.all(answers)).resolves.toEqual(answers.map((_, i) => i + 1));
  });

  test('handles more messages than fit one turn', async () => {
    const { ref } = await start();
    const answers = Array.from({ length: 5_000 }, () => ref.add(1));
    expect((await Promise.all(answers)).at(-1)).toBe(5_000);
  });

  test('refuses with an error that keeps its class, code and message, and lives on', async () => {
    const { ref, failures } = await start();
    for (const refused of [ref.refuse(), ref.refuseSlowly()]) {
      const error = await rejection(refused);
      expect(error.code).toBe('VALUE_TOO_LARGE');
      expect(error.message).toBe('value has 2 bytes, the limit is 1');
      expect(error.stack).toContain('probe-actor.mjs');
    }
    await expect(ref.add(1)).resolves.toBe(1);
    expect(failures).toEqual([]);
  });

  test('refuses a message that it does not have, also those of every object', async () => {
    const { ref } = await start();
    for (const method of ['nothing', 'constructor', 'toString', 'dispose']) {
      const call: unknown = Reflect.get(ref, method);
      if (typeof call !== 'function') throw new Error('a ref has any method');
      const error = await rejection(Reflect.apply(call, ref, []) as Promise<unknown>);
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message).toContain(method);
    }
    await expect(ref.add(1)).resolves.toBe(1);
  });

  test('goes on with its next message while an answer is left for later', async () => {
    const { ref } = await start();
    const answer = ref.waitFor('gate');
    await expect(ref.add(1)).resolves.toBe(1);
    await ref.release('gate');
    await expect(answer).resolves.toBe('gate');
  });

  test('may refuse an answer that was left for later', async () => {
    const { ref, failures } = await start();
    const answer = rejection(ref.waitFor('gate'));
    await ref.refuseLater('gate');
    expect((await answer).code).toBe('NO_LEADER');
    expect(failures).toEqual([]);
  });

  test('copies arguments and answers', async () => {
    const { ref } = await start();
    const sent = { list: [1, 2], bytes: new Uint8Array([3]) };
    const answer = await ref.echo(sent);
    expect(answer).toEqual(sent);
    expect(answer).not.toBe(sent);
    expect(sent.bytes.length).toBe(1);
  });

  test('takes buffers that are handed over instead of copying them', async () => {
    const { ref } = await start();
    const bytes = new Uint8Array([1, 2, 3]);
    await expect(ref.echo(handOver(bytes, [bytes.buffer]))).resolves.toEqual(new Uint8Array([1, 2, 3]));
    expect(bytes.length).toBe(0);
    await expect(ref.fill(3, 9)).resolves.toEqual(new Uint8Array([9, 9, 9]));
  });

  test('says so when an argument or answer is not plain data, and lives on', async () => {
    const { ref, failures } = await start();
    for (const refused of [ref.echo(() => undefined), ref.answerFunction()]) {
      const error = await rejection(refused);
      expect(error.code).toBe('INTERNAL');
      expect(error.message).toContain('plain data');
    }
    await expect(ref.add(1)).resolves.toBe(1);
    expect(failures).toEqual([]);
  });

  test('sends events in order, and before the answer to the message during which they were emitted', async () => {
    const { ref, events } = await start();
    expect(events).toEqual(['made']);
    await ref.emit(3);
    expect(events).toEqual(['made', 0, 1, 2]);
    await ref.emitLater('later');
    await waitFor('the event emitted outside a message', () => events.includes('later'));
  });

  test('fails when an event is not plain data', async () => {
    const { ref, failures } = await start();
    const error = await rejection(ref.emitFunction());
    expect(error.code).toBe('OUTCOME_UNKNOWN');
    await waitFor('the failure', () => failures.length === 1);
  });

  test('refuses at once the message that is one too many, and takes messages again after it has answered', async () => {
    const { ref } = await start({ ...failNode, maxMessages: 2 });
    const gate = counter();
    const held = ref.hold(gate);
    const second = ref.add(1);
    const error = await rejection(ref.add(1));
    expect(error.code).toBe('OVERLOADED');
    expect(error.message).toMatch(/mailbox of probe is full: 2 messages .* retry later/);
    Atomics.store(gate, 0, 1);
    await held;
    await expect(second).resolves.toBe(1);
    await expect(ref.add(1)).resolves.toBe(2);
  });

  test('bounds the bytes of its messages', async () => {
    const handle = await start({ ...failNode, maxBytes: 1_000 });
    const gate = counter();
    const held = handle.ref.hold(gate);
    const echoed = handle.ref.echo(new Uint8Array(500));
    const error = await rejection(handle.ref.echo(new Uint8Array(500)));
    expect(error.code).toBe('OVERLOADED');
    expect(error.message).toContain('1000 bytes');
    expect(handle.pendingBytes()).toBeGreaterThan(500);
    Atomics.store(gate, 0, 1);
    await Promise.all([held, echoed]);
    expect([handle.pendingMessages(), handle.pendingBytes()]).toEqual([0, 0]);
  });

  test('that cannot be made says why, with the code of the error', async () => {
    const error = await rejection(start(failNode, { refuseToStart: true }));
    expect(error.code).toBe('DATA_CORRUPT');
    expect(error.message).toBe('folder /x is corrupt');
    expect(error.cause).toMatchObject({ message: 'page 3' });
  });

  test('under fail-node takes the node down when it throws', async () => {
    const { ref, failures } = await start();
    const gate = counter();
    const answers = [ref.hold(gate), ref.crash(), ref.add(1)];
    Atomics.store(gate, 0, 1);
    await answers[0];
    const errors = await Promise.all(answers.slice(1).map(rejection));
    expect(errors.map((error) => error.code)).toEqual(['INTERNAL', 'OUTCOME_UNKNOWN']);
    expect(errors[0]?.message).toMatch(/probe failed on crash: cannot read properties/);
    expect(failures).toMatchObject([{ actor: 'probe', action: { type: 'fail-node' } }]);
    expect((await rejection(ref.add(1))).code).toBe('SHUTTING_DOWN');
  });

  test('that throws an error of a broken node has failed, with the code of the error', async () => {
    const { ref, failures } = await start();
    expect((await rejection(ref.fillDisk())).code).toBe('DISK_FULL');
    expect(failures).toMatchObject([{ error: { code: 'DISK_FULL' }, action: { type: 'fail-node' } }]);
  });

  test('is restarted under restart, with nothing left of its state', async () => {
    const { ref, failures } = await start(restarting);
    await ref.add(5);
    await rejection(ref.crash());
    expect(failures).toMatchObject([{ actor: 'probe', action: { type: 'restart', delayMs: 2 } }]);
    await expect(ref.add(1)).resolves.toBe(1);
  });

  test('that fails more often than allowed takes the node down', async () => {
    const lives = counter();
    const { ref, failures } = await start(restarting, { livesSoFar: lives });
    for (let i = 0; i < 3; i++) expect((await rejection(ref.crash())).code).toBe('INTERNAL');
    expect(failures.map((failure) => failure.action)).toEqual([
      { type: 'restart', delayMs: 2 },
      { type: 'restart', delayMs: 3 },
      { type: 'fail-node' },
    ]);
    expect((await rejection(ref.add(1))).code).toBe('SHUTTING_DOWN');
    expect(Atomics.load(lives, 0)).toBe(3);
  });

  test('can declare itself failed outside a message', async () => {
    const { ref, failures } = await start();
    const answer = rejection(ref.waitFor('gate'));
    await ref.crashOutsideMessage();
    expect((await answer).code).toBe('OUTCOME_UNKNOWN');
    expect(failures[0]?.error.message).toContain('timer went wrong');
  });

  test('stops after it has handled what it accepted, disposes, and refuses what comes later', async () => {
    const { ref, stop, events } = await bound(start());
    const answers = [ref.addSlowly(1), ref.add(1)];
    const stopped = stop();
    expect((await rejection(ref.add(1))).code).toBe('SHUTTING_DOWN');
    await expect(Promise.all(answers)).resolves.toEqual([1, 2]);
    await stopped;
    expect(events.at(-1)).toBe('disposed');
    await stop();
  });

  test('settles what it left for later when it is disposed of', async () => {
    const { ref, stop } = await bound(start());
    const answer = rejection(ref.waitFor('gate'));
    await stop();
    expect((await answer).code).toBe('SHUTTING_DOWN');
  });

  test('that does not come to an end is given up after the drain time', async () => {
    const { ref, stop } = await bound(start({ ...failNode, drainMs: 20 }, { hangInDispose: true }));
    const answer = rejection(ref.waitFor('gate'));
    expect((await rejection(stop())).message).toContain('20 ms');
    expect((await answer).code).toBe('OUTCOME_UNKNOWN');
  });

  test('reports an exception of dispose', async () => {
    const { stop } = await bound(start(failNode, { disposeThrows: true }));
    expect((await rejection(stop())).message).toContain('cannot close');
  });

  test('stops during the backoff of a restart and makes no new life', async () => {
    const lives = counter();
    const slow: ActorSpec = {
      ...failNode,
      supervision: { policy: 'restart', maxRestarts: 2, windowMs: 60_000, backoffMs: 60_000, maxBackoffMs: 60_000 },
    };
    const { ref, stop } = await bound(start(slow, { livesSoFar: lives }));
    await rejection(ref.crash());
    const waiting = rejection(ref.add(1));
    await stop();
    expect((await waiting).code).toBe('SHUTTING_DOWN');
    expect(Atomics.load(lives, 0)).toBe(1);
  });
});

/** With `stop` as a function of its own. */
async function bound(started: Promise<Running>): Promise<Pick<Running, 'ref' | 'events' | 'failures' | 'stop'>> {
  const handle = await started;
  return { ref: handle.ref, events: handle.events, failures: handle.failures, stop: () => handle.stop() };
}
