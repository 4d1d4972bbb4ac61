/** The client port: Kv and Cluster, and what gRPC tools ask for. Thin: validates, hands on to the backend, translates the answer. */
import type { sendUnaryData, Server, ServerDuplexStream, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { assert } from '../../base/assert.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { Metrics } from '../../base/metrics.js';
import type { ClientBackend } from './backend.js';
import { writeLoss, writeClusterReport, writeMap, writeNodeReport } from './cluster-messages.js';
import { bindGrpcServer, closeGrpcServer, createGrpcServer } from './channel.js';
import {
  ClusterDefinition,
  type AcceptLossRequest,
  type AddNodeRequest,
  type RemoveNodeRequest,
  type RestartNodeRequest,
  type ScrubRequest,
  type ScrubResponse,
} from './generated/dcache/v1/cluster.js';
import { KvDefinition, type SessionResponse } from './generated/dcache/v1/kv.js';
import { replyMessage, writeReply, type ReplyMessage, type WireReply } from './kv-replies.js';
import { readRequest, type WireRequest } from './kv-requests.js';
import { RequestCounts } from './request-counts.js';
import { requestTimeout } from './request-timeout.js';
import { decodeRequest, serviceDefinition, undecodedDefinition } from './service-definition.js';
import { serveScrub } from './scrub-service.js';
import { SessionServer } from './session-server.js';
import { LargeValueBudgets } from './session-uploads.js';
import { toGrpcStatus } from './status.js';
import { addToolServices } from './tool-services.js';

type Unary<Request, Response> = (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => void;

type RpcKind = WireRequest['$case'];
type RequestOf<Kind extends RpcKind> = Extract<WireRequest, { $case: Kind }>;

export class ClientServer {
  private readonly server: Server;
  private readonly backend: ClientBackend;
  private readonly logger: Logger;
  private readonly counts: RequestCounts;
  private readonly sessions = new Set<SessionServer>();
  private readonly budgets = new LargeValueBudgets();

  constructor(backend: ClientBackend, logger: Logger, metrics: Metrics) {
    this.backend = backend;
    this.logger = logger;
    this.counts = new RequestCounts(metrics);
    this.server = createGrpcServer(LIMITS.maxClientMessageBytes);
    this.addKv();
    this.addCluster();
    addToolServices(this.server, backend);
  }

  /** Resolves with the port. Rejects with PORT_IN_USE or CONFIG_INVALID. */
  listen(address: string): Promise<number> {
    return bindGrpcServer(this.server, address, '--listen');
  }

  /** Requests under way are answered, for at most `graceMs`. */
  close(graceMs: number): Promise<void> {
    for (const session of this.sessions) session.shutDown();
    return closeGrpcServer(this.server, graceMs);
  }

  private addKv(): void {
    const kv =
      <Kind extends RpcKind>(kind: Kind): Unary<Buffer, ReplyMessage<Kind>> =>
      (call, answer) =>
        this.serve(kind, answer, async () => {
          const value = decodeRequest<unknown>(KvDefinition.methods[kind].requestType, call.request);
          const request = { $case: kind, value } as RequestOf<Kind>; // one union member, by construction
          return replyMessage(kind, await this.execute(request, call));
        });

    this.server.addService(undecodedDefinition(KvDefinition), {
      get: kv('get'),
      set: kv('set'),
      delete: kv('delete'),
      inspect: kv('inspect'),
      expire: kv('expire'),
      increment: kv('increment'),
      append: kv('append'),
      scan: kv('scan'),
      count: kv('count'),
      flush: kv('flush'),
      session: (call: ServerDuplexStream<Buffer, SessionResponse>) => {
        const session = new SessionServer({
          call,
          backend: this.backend,
          budgets: this.budgets,
          logger: this.logger,
          onAnswered: (rpc, code, startedAtMs) => this.counts.onAnswered(rpc, code, startedAtMs),
        });
        this.sessions.add(session);
        call.once('close', () => this.sessions.delete(session));
      },
    });
  }

  private addCluster(): void {
    const { backend } = this;
    const cluster =
      <Request, Response>(rpc: string, work: (request: Request) => Promise<Response>): Unary<Request, Response> =>
      (call, answer) =>
        this.serve(rpc, answer, () => work(call.request));

    this.server.addService(serviceDefinition(ClusterDefinition), {
      status: cluster('status', async () => writeClusterReport(await backend.clusterReport())),
      nodeStatus: cluster('node-status', async () => writeNodeReport(await backend.nodeReport())),
      map: cluster('map', () => Promise.resolve(writeMap(backend.clusterMap()))),
      addNode: cluster('add-node', async ({ nodeId }: AddNodeRequest) => {
        await backend.addNode(nodeId);
        return {};
      }),
      removeNode: cluster('remove-node', async ({ nodeId }: RemoveNodeRequest) => {
        await backend.removeNode(nodeId);
        return {};
      }),
      restartNode: cluster('restart-node', async ({ nodeId }: RestartNodeRequest) => {
        await backend.restartNode(nodeId);
        return {};
      }),
      acceptLoss: cluster('accept-loss', async ({ dryRun, losses }: AcceptLossRequest) => {
        if (dryRun) return { losses: (await backend.previewLosses()).map(writeLoss) };
        await backend.acceptLosses(losses);
        return { losses: [] };
      }),
      acknowledgeLoss: cluster('acknowledge-loss', async () => {
        await backend.acknowledgeLosses();
        return {};
      }),
      scrub: (call: ServerWritableStream<ScrubRequest, ScrubResponse>) => serveScrub(backend, call),
    });
  }

  private async execute(request: WireRequest, call: ServerUnaryCall<unknown, unknown>): Promise<WireReply> {
    const reply = await this.backend.execute(readRequest(request), timeoutOf(call), false);
    if (reply.type === 'rejected') throw new DcacheError(reply.code, reply.message);
    assert(reply.type !== 'pinned', 'a unary get does not ask for a pinned value');
    return writeReply(reply);
  }

  private serve<Response>(rpc: string, answer: sendUnaryData<Response>, work: () => Promise<Response>): void {
    const startedAtMs = performance.now();
    Promise.resolve()
      .then(work)
      .then(
        (response) => {
          this.counts.onAnswered(rpc, 'OK', startedAtMs);
          answer(null, response);
        },
        (error: unknown) => {
          const failure = asDcacheError(error);
          this.counts.onAnswered(rpc, failure.code, startedAtMs);
          if (failure.code === 'INTERNAL') this.logger.error({ rpc, ...errorFields(error) }, 'a request failed');
          answer(toGrpcStatus(failure));
        },
      )
      .catch((error: unknown) => this.logger.error({ rpc, ...errorFields(error) }, 'an answer could not be sent'));
  }
}

/** The client's deadline, or the default when it set none. */
function timeoutOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline();
  const leftMs = Number(deadline) - Date.now();
  return requestTimeout(Number.isFinite(leftMs) ? Math.max(1, Math.floor(leftMs)) : 0);
}
