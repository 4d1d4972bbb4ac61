/** grpc.health.v1: whether this node serves, as load balancers and probes ask. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { DcacheError } from '../../base/errors.js';
import type { ClientBackend } from './backend.js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
} from './generated/grpc/health/v1/health.js';
import { decodeRequest } from './service-definition.js';

/** How often a watched state is looked at. */
const LOOK_MS = 500;
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

/** @param request a serialised HealthCheckRequest. Throws NOT_FOUND for a service that is not here, INVALID_ARGUMENT. */
export function checkHealth(backend: ClientBackend, request: Buffer): Buffer {
  const { service } = decodeRequest(HealthCheckRequest, request);
  const status = statusOf(backend, service);
  if (status === SERVICE_UNKNOWN) throw new DcacheError('NOT_FOUND', `there is no service "${service}" on this port`);
  return encode(status);
}

/** Says the state of a service at once and after each change, until the caller hangs up. */
export function watchHealth(backend: ClientBackend, call: ServerWritableStream<Buffer, Buffer>): void {
  const { service } = decodeRequest(HealthCheckRequest, call.request);
  let told: HealthCheckResponse_ServingStatus | undefined;
  const look = (): void => {
    const status = statusOf(backend, service);
    if (status === told) return;
    told = status;
    call.write(encode(status));
  };
  const timer = setInterval(look, LOOK_MS);
  for (const end of ['cancelled', 'close', 'error']) call.on(end, () => clearInterval(timer));
  look();
}

/** The Cluster service answers as long as the node is there; a client that names no service means the cache. */
function statusOf(backend: ClientBackend, service: string): HealthCheckResponse_ServingStatus {
  switch (service) {
    case '':
    case 'dcache.v1.Kv':
      return backend.notServing() === undefined ? SERVING : NOT_SERVING;
    case 'dcache.v1.Cluster':
      return SERVING;
    default:
      return SERVICE_UNKNOWN;
  }
}

function encode(status: HealthCheckResponse_ServingStatus): Buffer {
  return Buffer.from(HealthCheckResponse.encode({ status }).finish());
}
