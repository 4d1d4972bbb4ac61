/** What the client does, and tells, when a request is not simply answered. */
import { afterEach, describe, expect, test } from 'vitest';
import { DcacheClient } from '../../src/client/client.js';
import type { DcacheClientOptions } from '../../src/client/options.js';
import { DcacheError, type ErrorCode } from '../../src/base/errors.js';
import { FakeNode, mapAnswers, type Answer } from '../support/fake-node.js';
import { freePorts } from '../support/free-ports.js';
import { waitFor } from '../support/wait-for.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function fakeNode(answer: Answer = mapAnswers()): Promise<FakeNode> {
  const node = await FakeNode.start(answer);
  cleanups.push(() => node.kill());
  return node;
}

function clientOf(nodes: readonly (FakeNode | string)[], options: DcacheClientOptions = {}): DcacheClient {
  const endpoints = nodes.map((node) => (typeof node === 'string' ? node : node.address));
  const client = new DcacheClient({ endpoints, ...options });
  cleanups.push(() => client.close());
  return client;
}

const never: Answer = () => new Promise(() => undefined);

/** Fails with `code` the first time, then answers. */
function failingOnce(code: ErrorCode): Answer {
  const then = mapAnswers();
  let failed = false;
  return (request, timeoutMs) => {
    if (failed) return then(request, timeoutMs);
    failed = true;
    throw new DcacheError(code, 'made up by the test');
  };
}

async function nobody(): Promise<string> {
  const [port] = await freePorts(1);
  return `127.0.0.1:${port}`;
}

describe('a request that is definitely not done', () => {
  test.each<ErrorCode>(['NO_LEADER', 'OVERLOADED', 'SHUTTING_DOWN'])('is sent again after %s', async (code) => {
    const node = await fakeNode(failingOnce(code));
    const client = clientOf([node]);
    expect((await client.set('key', 'v')).applied).toBe(true);
    expect(node.received).toHaveLength(2);
  });

  test('is sent to the next endpoint when nobody answers at the first', async () => {
    const node = await fakeNode();
    const client = clientOf([await nobody(), node]);
    await client.set('key', 'v');
    expect(await client.get('key')).toBe('v');
  });

  test('fails with UNREACHABLE when nobody answers anywhere', async () => {
    const client = clientOf([await nobody(), await nobody()]);
    await expect(client.set('key', 'v')).rejects.toMatchObject({ code: 'UNREACHABLE', outcome: 'not-done' });
  });

  test('fails at once when every node says that too few are up', async () => {
    const tooFew: Answer = () => {
      throw new DcacheError('NOT_ENOUGH_NODES', '1 of 3 nodes up, 2 needed');
    };
    const nodes = [await fakeNode(tooFew), await fakeNode(tooFew)];
    await expect(clientOf(nodes).set('key', 'v')).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
    expect(nodes.map(({ received }) => received.length)).toEqual([1, 1]);
  });

  test('is given up when its time is over, with the last reason', async () => {
    const node = await fakeNode(() => {
      throw new DcacheError('NO_LEADER', 'no leader elected yet');
    });
    await expect(clientOf([node], { timeoutMs: 150 }).set('key', 'v')).rejects.toMatchObject({ code: 'NO_LEADER' });
    expect(node.received.length).toBeGreaterThan(1);
  });

  test('is not sent again when it is wrong', async () => {
    const node = await fakeNode(() => {
      throw new DcacheError('INVALID_ARGUMENT', 'made up by the test');
    });
    await expect(clientOf([node]).set('key', 'v')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(node.received).toHaveLength(1);
  });
});

describe('a connection that breaks while requests are under way', () => {
  async function broken(ask: (client: DcacheClient) => Promise<unknown>, options: DcacheClientOptions = {}) {
    const dying = await fakeNode(never);
    const other = await fakeNode();
    const answer = ask(clientOf([dying, other], options));
    answer.catch(() => undefined);
    await waitFor('the request arrives', () => dying.received.length === 1);
    await dying.kill();
    return { answer, other };
  }

  test('leaves the outcome of a write unknown, and the write is not sent again', async () => {
    const { answer, other } = await broken((client) => client.set('key', 'v'));
    await expect(answer).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
    expect(other.received).toHaveLength(0);
  });

  test('does not bother a read, which is sent to another node', async () => {
    const { answer, other } = await broken((client) => client.get('key'));
    expect(await answer).toBeUndefined();
    expect(other.received).toHaveLength(1);
  });

  test('does not bother a write either with retryUnknownWrites', async () => {
    const { answer, other } = await broken((client) => client.set('key', 'v'), { retryUnknownWrites: true });
    expect(await answer).toMatchObject({ applied: true });
    expect(other.received).toHaveLength(1);
  });

  test('leaves a write unknown that was sent again in vain: the first try may be done', async () => {
    const dying = await fakeNode(never);
    const other = await fakeNode(() => {
      throw new DcacheError('INVALID_ARGUMENT', 'made up by the test');
    });
    const answer = clientOf([dying, other], { retryUnknownWrites: true }).set('key', 'v');
    answer.catch(() => undefined);
    await waitFor('the request arrives', () => dying.received.length === 1);
    await dying.kill();
    await expect(answer).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'INVALID_ARGUMENT' } });
  });
});

describe('a deadline', () => {
  test('leaves the outcome of a write unknown', async () => {
    const node = await fakeNode(never);
    const answer = clientOf([node]).set('key', 'v', { timeoutMs: 50 });
    await expect(answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' });
  });

  test('of a request reaches the node', async () => {
    let told = 0;
    const node = await fakeNode((_request, timeoutMs) => ({ type: 'count', keys: (told = timeoutMs) }));
    await clientOf([node]).count({ timeoutMs: 1_234 });
    expect(told).toBe(1_234);
  });

  test('holds for one request and leaves the others alone', async () => {
    const answers = mapAnswers();
    const node = await fakeNode((request, ms) =>
      request.type === 'count' ? never(request, ms) : answers(request, ms),
    );
    const client = clientOf([node]);
    const slow = client.count({ timeoutMs: 60 });
    slow.catch(() => undefined);
    await client.set('key', 'v');
    expect(await client.get('key')).toBe('v');
    await expect(slow).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('an AbortSignal', () => {
  test('that is aborted already sends nothing', async () => {
    const node = await fakeNode();
    const answer = clientOf([node]).set('key', 'v', { signal: AbortSignal.abort() });
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED', outcome: 'not-done' });
    expect(node.received).toHaveLength(0);
  });

  test.each(['write', 'read'])('gives a %s up that is under way, and says what that means', async (kind) => {
    const node = await fakeNode(never);
    const client = clientOf([node]);
    const controller = new AbortController();
    const { signal } = controller;
    const answer = kind === 'write' ? client.set('key', 'v', { signal }) : client.get('key', { signal });
    answer.catch(() => undefined);
    await waitFor('the request arrives', () => node.received.length === 1);
    controller.abort();
    const code = kind === 'write' ? 'OUTCOME_UNKNOWN' : 'CANCELLED';
    await expect(answer).rejects.toMatchObject({ code });
  });

  test('ends the tries of a request', async () => {
    const node = await fakeNode(() => {
      throw new DcacheError('NO_LEADER', 'no leader elected yet');
    });
    const controller = new AbortController();
    const answer = clientOf([node], { timeoutMs: 60_000 }).get('key', { signal: controller.signal });
    answer.catch(() => undefined);
    await waitFor('a second try', () => node.received.length >= 2);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('of one caller of getOrSet ends its wait and not the work that others wait for', async () => {
    const client = clientOf([await fakeNode()]);
    let produce: (value: string) => void = () => undefined;
    const made = new Promise<string>((resolve) => (produce = resolve));
    const controller = new AbortController();
    const given = client.getOrSet('key', () => made, { signal: controller.signal });
    const waiting = client.getOrSet('key', () => 'another');
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    produce('made');
    expect(await waiting).toBe('made');
  });
});

describe('close', () => {
  test('lets what is under way be answered, and accepts nothing more', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const node = await fakeNode(async () => {
      await held;
      return { type: 'count', keys: 7 };
    });
    const client = clientOf([node]);
    const answer = client.count();
    await waitFor('the request arrives', () => node.received.length === 1);
    const closed = client.close();
    await expect(client.count()).rejects.toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not-done' });
    release();
    expect(await answer).toBe(7);
    await closed;
    await waitFor('the node sees the end of the session', () => node.sessions === 0);
  });

  test('of a client that was never used does nothing, twice', async () => {
    const client = new DcacheClient({ endpoints: [await nobody()] });
    await client.close();
    await client.close();
  });
});

test.each<[string, DcacheClientOptions]>([
  ['no endpoints', { endpoints: [] }],
  ['an endpoint without a port', { endpoints: ['localhost'] }],
  ['an endpoint with port 0', { endpoints: ['localhost:0'] }],
  ['a timeout of 0', { timeoutMs: 0 }],
  ['a timeout that is no number', { timeoutMs: NaN }],
])('a client with %s cannot be made', (_name, options) => {
  expect(() => new DcacheClient(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
