/** The client port of a node whose answers a test makes up: the real gRPC server in front of a backend of the test's own. */
import type { ScrubRun } from '../../src/actors/data-plane.js';
import type { ClientBackend, ClusterReport, NodeReport, Topology } from '../../src/adapters/grpc/backend.js';
import { ClientServer } from '../../src/adapters/grpc/client-server.js';
import { MetricsRecorder } from '../../src/adapters/metrics/recorder.js';
import { DcacheError } from '../../src/base/errors.js';
import { NULL_LOGGER } from '../../src/base/log.js';
import type { MapReport } from '../../src/cluster/map-report.js';
import type { KvReply, KvRequest } from '../../src/store/requests.js';
import { raftTopology } from './topology.js';

export type Answer = (request: KvRequest, timeoutMs: number) => Promise<KvReply> | KvReply;

export class FakeNode implements ClientBackend {
  /** In the order in which they arrived. */
  readonly received: KvRequest[] = [];
  answer: Answer;
  /** Why it does not serve, for health checks; it answers all the same. */
  obstacle: string | undefined;
  scrubs: () => ScrubRun = () => {
    throw new DcacheError('INVALID_ARGUMENT', 'there is nothing to scrub');
  };
  private readonly server: ClientServer;
  private readonly listeners = new Set<() => void>();
  private told: Topology = raftTopology();
  private port = 0;

  private constructor(answer: Answer) {
    this.answer = answer;
    this.server = new ClientServer(this, NULL_LOGGER, new MetricsRecorder());
  }

  static async start(answer: Answer): Promise<FakeNode> {
    const node = new FakeNode(answer);
    node.port = await node.server.listen('127.0.0.1:0');
    return node;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get sessions(): number {
    return this.listeners.size;
  }

  /** Cuts everything off at once, as a process that is killed does. */
  kill(): Promise<void> {
    return this.server.close(0);
  }

  setTopology(topology: Topology): void {
    this.told = topology;
    for (const listener of this.listeners) listener();
  }

  execute(request: KvRequest, timeoutMs: number): Promise<KvReply> {
    this.received.push(request);
    return Promise.resolve().then(() => this.answer(request, timeoutMs));
  }

  notServing(): string | undefined {
    return this.obstacle;
  }

  topology(): Topology {
    return this.told;
  }

  onTopology(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  nodeReport(): Promise<NodeReport> {
    return Promise.reject(new Error('not part of this test'));
  }

  clusterReport(): Promise<ClusterReport> {
    return Promise.reject(new Error('not part of this test'));
  }

  clusterMap(): MapReport {
    throw new Error('not part of this test');
  }

  addNode(): Promise<void> {
    return Promise.reject(new Error('not part of this test'));
  }

  restartNode(): Promise<void> {
    return Promise.reject(new Error('not part of this test'));
  }

  removeNode(): Promise<void> {
    return Promise.reject(new Error('not part of this test'));
  }

  previewLosses(): Promise<never> {
    return Promise.reject(new Error('not part of this test'));
  }

  acceptLosses(): Promise<void> {
    return Promise.reject(new Error('not part of this test'));
  }

  scrub(): ScrubRun {
    return this.scrubs();
  }

  acknowledgeLosses(): Promise<void> {
    return Promise.reject(new Error('not part of this test'));
  }
}

/** Answers sets and gets from a Map, as a cache would. */
export function mapAnswers(values = new Map<string, Uint8Array>()): Answer {
  let version = 0;
  return (request) => {
    switch (request.type) {
      case 'get':
        return { type: 'get', value: values.get(Buffer.from(request.key).toString()) ?? null, version };
      case 'set':
        values.set(Buffer.from(request.key).toString(), request.value);
        return { type: 'set', applied: true, version: ++version, old: null };
      case 'count':
        return { type: 'count', keys: values.size };
      default:
        throw new Error(`a ${request.type} is not part of this test`);
    }
  };
}
