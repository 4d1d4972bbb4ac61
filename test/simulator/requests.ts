/**
 * Client requests over the simulated network, with the outcomes that the real session (adapters/grpc/session-client.ts)
 * tells: until a request has left it is definitely not done; from then on a broken connection leaves a write unknown.
 */
import type { Forwarder } from '../../src/actors/data/router.js';
import { DcacheError } from '../../src/base/errors.js';
import type { Prng } from '../../src/base/prng.js';
import { isWrite, type KvReply, type KvRequest } from '../../src/store/requests.js';
import { call, type Party } from './call.js';
import type { Network } from './network.js';

/** A node answers within the request's own time; this is for the way there and back. */
const GRACE_MS = 100;

export interface RequestListener extends Party {
  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply>;
}

export interface RequestPort {
  readonly host: string;
  readonly listener: RequestListener | undefined;
}

export interface RequestWorld {
  readonly network: Network;
  requestPort(clientAddress: string): RequestPort;
  onDefect(host: string, error: unknown): void;
}

export class RequestSender implements Forwarder {
  private readonly world: RequestWorld;
  private readonly self: Party;
  private readonly prng: Prng;

  constructor(world: RequestWorld, self: Party, prng: Prng) {
    this.world = world;
    this.self = self;
    this.prng = prng;
  }

  /** Of a node, to the node that leads. */
  forward(clientAddress: string, request: KvRequest, timeoutMs: number): Promise<KvReply> {
    return this.execute(clientAddress, request, timeoutMs, true);
  }

  execute(clientAddress: string, request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    const { network } = this.world;
    const port = this.world.requestPort(clientAddress);
    if (port.listener === undefined || !network.connects(this.self.host, port.host)) {
      return this.notConnected(clientAddress);
    }
    // A lost packet shows as a broken connection, or as no answer at all.
    const breaks = network.losesCalls && this.prng.chance(1, 2);
    const patienceMs = !breaks ? timeoutMs + GRACE_MS : Math.min(timeoutMs, network.noticeMs() + 200);
    return call({
      network,
      from: this.self,
      toHost: port.host,
      listener: () => port.listener,
      serve: (listener) => listener.execute(request, timeoutMs, forwarded),
      timeoutMs: patienceMs,
      onTimeout: () =>
        patienceMs > timeoutMs
          ? new DcacheError('DEADLINE_EXCEEDED', `${clientAddress} gave no answer within ${timeoutMs} ms`)
          : brokenError(clientAddress, request),
      onBroken: () => brokenError(clientAddress, request),
      onDefect: (error) => this.world.onDefect(port.host, error),
    });
  }

  private notConnected(clientAddress: string): Promise<KvReply> {
    return new Promise((_, reject) => {
      this.self.thread.after(this.world.network.noticeMs(), () =>
        reject(new DcacheError('UNREACHABLE', `${clientAddress} cannot be connected to`)),
      );
    });
  }
}

function brokenError(clientAddress: string, request: KvRequest): DcacheError {
  return isWrite(request)
    ? new DcacheError('OUTCOME_UNKNOWN', `the connection to ${clientAddress} broke; the write may or may not be done`)
    : new DcacheError('UNREACHABLE', `the connection to ${clientAddress} broke`);
}
