import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClientBackend, Topology } from '../../../src/adapters/grpc/backend.js';
import { ClientServer } from '../../../src/adapters/grpc/client-server.js';
import { SessionClient } from '../../../src/adapters/grpc/session-client.js';
import { MetricsRecorder } from '../../../src/adapters/metrics/recorder.js';
import { DcacheError } from '../../../src/base/errors.js';
import { LIMITS } from '../../../src/base/limits.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import type { MapReport } from '../../../src/cluster/map-report.js';
import type { KvReply, KvRequest } from '../../../src/store/requests.js';
import { raftTopology } from '../../support/topology.js';

const MIB = 1024 * 1024;
const key = (text: string): Uint8Array => new TextEncoder().encode(text);
const get = (text: string): KvRequest => ({ type: 'get', key: key(text) });

/** Answers each get with as many bytes as its key says. */
class Backend implements ClientBackend {
  executed = 0;
  sessions = 0;
  private readonly values = new Map<number, Uint8Array>();

  execute(request: KvRequest): Promise<KvReply> {
    this.executed++;
    if (request.type !== 'get') return Promise.reject(new DcacheError('INTERNAL', 'only gets here'));
    const bytes = Number(new TextDecoder().decode(request.key));
    const value = this.values.get(bytes) ?? new Uint8Array(bytes);
    this.values.set(bytes, value);
    return Promise.resolve({ type: 'get', value, version: 1 });
  }

  notServing(): string | undefined {
    return undefined;
  }

  topology(): Topology {
    return raftTopology();
  }

  onTopology(): () => void {
    this.sessions++;
    return () => undefined;
  }

  nodeReport = (): Promise<never> => Promise.reject(new DcacheError('INTERNAL', 'not here'));
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

let backend: Backend;
let server: ClientServer;
let address: string;

beforeEach(async () => {
  backend = new Backend();
  server = new ClientServer(backend, NULL_LOGGER, new MetricsRecorder());
  address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
});

afterEach(() => server.close(0));

test('the largest value fits its message, whatever else is answered in the same turn', async () => {
  const client = new SessionClient(address);
  const replies = await Promise.all(
    [MIB - 1, LIMITS.maxValueBytes].map((bytes) => client.execute(get(String(bytes)), 20_000, false)),
  );
  const lengths = replies.map((reply) => (reply.type === 'get' ? reply.value?.length : undefined));
  expect(lengths).toEqual([MIB - 1, LIMITS.maxValueBytes]);
  client.close();
});

test('a session that was closed before it was connected stays closed', async () => {
  const closed = new SessionClient(address);
  const refused = expect(closed.execute(get('1'), 1000, false)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  closed.close();
  await refused;
  const other = new SessionClient(address);
  await other.execute(get('1'), 1000, false);
  expect(backend.sessions).toBe(1);
  other.close();
});
