/**
 * Services that probes and tools ask for, not clients: grpc.health.v1 and reflection. Their code and the schemas are loaded with the
 * first such call, so that a node which nobody asks does not carry them.
 */
import type {
  MethodDefinition,
  sendUnaryData,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { asDcacheError } from '../../base/errors.js';
import type { ClientBackend } from './backend.js';
import { toGrpcStatus } from './status.js';

const same = (bytes: Buffer): Buffer => bytes;

/** A method whose messages stay bytes until its code is there. */
function rawMethod(path: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  const [requestSerialize, requestDeserialize, responseSerialize, responseDeserialize] = [same, same, same, same];
  const codecs = { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize };
  return { path, requestStream, responseStream, ...codecs };
}

/** `v1alpha` is what older tools ask for; it says the same with the same messages. */
const REFLECTION_PATHS = ['v1', 'v1alpha'].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

export function addToolServices(server: Server, backend: ClientBackend): void {
  const health = {
    check: rawMethod('/grpc.health.v1.Health/Check', false, false),
    watch: rawMethod('/grpc.health.v1.Health/Watch', false, true),
  };
  server.addService(health, {
    check: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      import('./health-service.js')
        .then(({ checkHealth }) => answer(null, checkHealth(backend, call.request)))
        .catch((error: unknown) => answer(toGrpcStatus(asDcacheError(error))));
    },
    watch: (call: ServerWritableStream<Buffer, Buffer>) => {
      import('./health-service.js').then(({ watchHealth }) => watchHealth(backend, call)).catch(endsCall(call));
    },
  });
  for (const path of REFLECTION_PATHS) {
    server.addService(
      { info: rawMethod(path, true, true) },
      {
        info: (call: ServerDuplexStream<Buffer, Buffer>) => {
          import('./reflection-service.js').then(({ serveReflection }) => serveReflection(call)).catch(endsCall(call));
        },
      },
    );
  }
}

function endsCall(call: { emit(event: 'error', status: object): boolean }): (error: unknown) => void {
  return (error) => void call.emit('error', toGrpcStatus(asDcacheError(error)));
}
