/** Both ends of a Session stream on a real connection. The backend is scripted: what matters here is what travels how. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClientBackend, Topology } from '../../../src/adapters/grpc/backend.js';
import { ClientServer } from '../../../src/adapters/grpc/client-server.js';
import { SessionClient } from '../../../src/adapters/grpc/session-client.js';
import { MetricsRecorder } from '../../../src/adapters/metrics/recorder.js';
import { DcacheError } from '../../../src/base/errors.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { MapReport } from '../../../src/cluster/map-report.js';
import { ALWAYS, FOREVER, type KvReply, type KvRequest } from '../../../src/store/requests.js';
import { raftTopology } from '../../support/topology.js';
import { waitFor } from '../../support/wait-for.js';

const key = Uint8Array.of(1);
const GET = { type: 'get', key } as const;
const SET = { type: 'set', key, value: key, lifetime: FOREVER, condition: ALWAYS, returnOld: false } as const;
const MISS: KvReply = { type: 'get', value: null, version: 0 };
const DONE: KvReply = { type: 'set', applied: true, version: 1, old: null };

interface Asked {
  readonly request: KvRequest;
  readonly timeoutMs: number;
  readonly forwarded: boolean;
  readonly resolve: (reply: KvReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Keeps requests until the test answers them. */
class ScriptedBackend implements ClientBackend {
  readonly asked: Asked[] = [];
  private onChange: () => void = () => undefined;
  private current: Topology = raftTopology(['a:1', 'b:1'], 'a:1');

  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    return new Promise((resolve, reject) => this.asked.push({ request, timeoutMs, forwarded, resolve, reject }));
  }

  notServing(): string | undefined {
    return undefined;
  }

  topology(): Topology {
    return this.current;
  }

  onTopology(listener: () => void): () => void {
    this.onChange = listener;
    return () => (this.onChange = () => undefined);
  }

  changeTopology(topology: Topology): void {
    this.current = topology;
    this.onChange();
  }

  nodeReport = (): Promise<never> => Promise.reject(new Error('not asked here'));
  clusterReport = this.nodeReport;
  clusterMap = (): MapReport => ({ k: 0, m: 0, mapIndex: 0, groups: [] });
  addNode = this.nodeReport;
  removeNode = this.nodeReport;
  restartNode = this.nodeReport;
  previewLosses = this.nodeReport;
  acceptLosses = this.nodeReport;
  acknowledgeLosses = this.nodeReport;
  scrub = (): never => {
    throw new Error('not part of this test');
  };
}

let backend: ScriptedBackend;
let server: ClientServer;
let port: number;
let client: SessionClient;
let topologies: Topology[];

beforeEach(async () => {
  backend = new ScriptedBackend();
  server = new ClientServer(backend, NULL_LOGGER, new MetricsRecorder());
  port = await server.listen('127.0.0.1:0');
  topologies = [];
  client = new SessionClient(`127.0.0.1:${port}`, (topology) => topologies.push(topology));
});

afterEach(async () => {
  client.close();
  await server.close(0);
});

const ask = (request: KvRequest, timeoutMs = 5_000): Promise<KvReply> => client.execute(request, timeoutMs, false);
const failureOf = (reply: Promise<unknown>): Promise<unknown> => reply.catch((error: unknown) => error);
const arrive = (count: number): Promise<void> =>
  waitFor(`${count} requests have arrived`, () => backend.asked.length >= count);

describe('a session', () => {
  test('carries requests there and replies back, in whatever order they are ready', async () => {
    const replies = [ask(GET), client.execute(SET, 700, true)];
    await arrive(2);
    expect(backend.asked.map(({ request, timeoutMs, forwarded }) => [request.type, timeoutMs, forwarded])).toEqual([
      ['get', 5_000, false],
      ['set', 700, true],
    ]);
    backend.asked[1]?.resolve(DONE);
    expect(await replies[1]).toEqual(DONE);
    backend.asked[0]?.resolve(MISS);
    expect(await replies[0]).toEqual(MISS);
    expect(client.pending).toBe(0);
  });

  test('can be opened ahead of the first request, and a node that is not there is no error until it is asked', async () => {
    expect(client.isConnected).toBe(false);
    await client.prepare();
    expect(client.isConnected).toBe(true);
    await waitFor('the topology is told', () => topologies.length > 0);
    await server.close(0);
    const nobody = new SessionClient(`127.0.0.1:${port}`);
    await nobody.prepare();
    expect(nobody.isConnected).toBe(false);
    expect(await failureOf(nobody.execute(GET, 500, false))).toMatchObject({ code: 'UNREACHABLE' });
    nobody.close();
  });

  test('takes thousands of requests of one turn', async () => {
    const replies = Array.from({ length: 3_000 }, () => ask(GET));
    await arrive(3_000);
    for (const { resolve } of backend.asked) resolve(MISS);
    expect(await Promise.all(replies)).toHaveLength(3_000);
  });

  test('carries more than a batch holds, both ways', async () => {
    const value = new Uint8Array(700_000).fill(7);
    const replies = Array.from({ length: 6 }, () => ask({ ...SET, value }));
    await arrive(6);
    for (const { request, resolve } of backend.asked) {
      expect(request.type === 'set' && request.value.length).toBe(value.length);
      resolve({ type: 'set', applied: true, version: 1, old: value });
    }
    for (const reply of await Promise.all(replies)) {
      expect(reply.type === 'set' && reply.old !== null && Buffer.compare(reply.old, value)).toBe(0);
    }
  });

  test('answers a request that is not valid without troubling the backend, and goes on', async () => {
    const failure = await failureOf(ask({ type: 'get', key: new Uint8Array(0) }));
    expect(failure).toMatchObject({ code: 'KEY_TOO_LARGE', outcome: 'not-done' });
    expect(backend.asked).toEqual([]);
    const reply = ask(GET);
    await arrive(1);
    backend.asked[0]?.resolve(MISS);
    expect(await reply).toEqual(MISS);
  });

  test('brings errors with their code and message', async () => {
    const reply = failureOf(ask(SET));
    await arrive(1);
    backend.asked[0]?.reject(new DcacheError('NOT_ENOUGH_NODES', '1 of 3 nodes up'));
    expect(await reply).toMatchObject({ code: 'NOT_ENOUGH_NODES', message: '1 of 3 nodes up' });
  });

  test('tells the topology first, and again when it has changed', async () => {
    void failureOf(ask(GET));
    await waitFor('the topology is told', () => topologies.length === 1);
    backend.changeTopology(raftTopology(['a:1', 'b:1'], 'b:1'));
    await waitFor('the change is told', () => topologies.length === 2);
    expect(topologies.map(({ leader }) => leader)).toEqual(['a:1', 'b:1']);
  });
});

describe('when a session breaks', () => {
  test('a write that was under way is unknown, a read is not done', async () => {
    const failures = [failureOf(ask(SET)), failureOf(ask(GET))];
    await arrive(2);
    await server.close(0);
    expect(await failures[0]).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
    expect(await failures[1]).toMatchObject({ code: 'UNREACHABLE', outcome: 'not-done' });
  });

  test('later requests connect anew', async () => {
    const broken = failureOf(ask(GET));
    await arrive(1);
    await server.close(0);
    await broken;
    server = new ClientServer(backend, NULL_LOGGER, new MetricsRecorder());
    await server.listen(`127.0.0.1:${port}`);
    // The old connection may be noticed to be gone only by the first request on it.
    const reply = failureOf(ask(GET)).then((answer) => (answer instanceof DcacheError ? ask(GET) : answer));
    await arrive(2);
    backend.asked[1]?.resolve(MISS);
    expect(await reply).toEqual(MISS);
  });

  test('nobody there is told at once, and means not done', async () => {
    await server.close(0);
    const startedAtMs = performance.now();
    expect(await failureOf(ask(SET))).toMatchObject({ code: 'UNREACHABLE', outcome: 'not-done' });
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
  });

  test('by its own closing, a write that was under way is unknown', async () => {
    const failure = failureOf(ask(SET));
    await arrive(1);
    client.close();
    expect(await failure).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await failureOf(ask(SET))).toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not-done' });
  });
});

describe('a request that is given up', () => {
  test('after its time, the outcome of a write is unknown', async () => {
    const failures = [failureOf(ask(SET, 50)), failureOf(ask(GET, 50))];
    expect(await failures[0]).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' });
    expect(String(await failures[0])).toContain('the write may or may not be done');
    expect(String(await failures[1])).toContain('nothing was changed');
  });

  test('before it was sent, is definitely not done', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await failureOf(client.execute(SET, 5_000, false, abort.signal))).toMatchObject({ code: 'CANCELLED' });
    expect(client.pending).toBe(0);
  });

  test('while it was under way, is unknown, and a late reply is not taken for another', async () => {
    const abort = new AbortController();
    const failure = failureOf(client.execute(SET, 5_000, false, abort.signal));
    await arrive(1);
    abort.abort();
    expect(await failure).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    backend.asked[0]?.resolve(DONE);
    const reply = ask(GET);
    await arrive(2);
    backend.asked[1]?.resolve(MISS);
    expect(await reply).toEqual(MISS);
  });
});

describe('a node that stops', () => {
  test('answers what it has accepted before it ends the session', async () => {
    const reply = ask(SET);
    await arrive(1);
    const closed = server.close(30_000);
    backend.asked[0]?.resolve(DONE);
    expect(await reply).toEqual(DONE);
    await closed;
  });

  test('says of requests that were on their way that they are definitely not done', async () => {
    const first = ask(GET);
    await arrive(1);
    backend.asked[0]?.resolve(MISS);
    await first;
    const failure = failureOf(ask(SET));
    await server.close(30_000);
    expect(await failure).toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not-done' });
    expect(backend.asked).toHaveLength(1);
  });

  test('does not wait for clients that ask nothing', async () => {
    const first = ask(GET);
    await arrive(1);
    backend.asked[0]?.resolve(MISS);
    await first;
    const startedAtMs = performance.now();
    await server.close(30_000);
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});
