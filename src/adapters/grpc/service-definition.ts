/**
 * Turns what ts-proto generates ("generic definitions") into what grpc-js takes, without copying the encoded bytes once
 * more: `finish()` gives a fresh array of exactly the message, and a Buffer can be laid over it. Decoded `bytes` fields are
 * views of the message, which grpc-js hands over and never touches again.
 */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { DcacheError } from '../../base/errors.js';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

interface GenericMethod<Request, Response> {
  readonly name: string;
  readonly requestType: Codec<Request>;
  readonly requestStream: boolean;
  readonly responseType: Codec<Response>;
  readonly responseStream: boolean;
}

interface GenericService<Methods> {
  readonly fullName: string;
  readonly methods: Methods;
}

type MessageOf<C> = C extends { decode(bytes: Uint8Array): infer T } ? T : never;

/** The grpc-js definitions of a generated service, each with its message types. */
export type GrpcMethods<Methods> = {
  readonly [M in keyof Methods]: Methods[M] extends { readonly requestType: infer Q; readonly responseType: infer R }
    ? MethodDefinition<MessageOf<Q>, MessageOf<R>>
    : never;
};

export function serviceDefinition<Methods extends object>(
  service: GenericService<Methods>,
): GrpcMethods<Methods> & ServiceDefinition {
  const definitions: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const [key, value] of Object.entries(service.methods)) {
    const method = value as GenericMethod<unknown, unknown>;
    definitions[key] = {
      path: `/${service.fullName}/${method.name}`,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestSerialize: (message) => asBuffer(method.requestType.encode(message).finish()),
      requestDeserialize: (bytes) => method.requestType.decode(bytes),
      responseSerialize: (message) => asBuffer(method.responseType.encode(message).finish()),
      responseDeserialize: (bytes) => method.responseType.decode(bytes),
    };
  }
  return definitions as GrpcMethods<Methods> & ServiceDefinition;
}

/**
 * As `serviceDefinition`, but a handler is given the bytes of a request: what cannot be decoded is then an error of ours, with a
 * code, where grpc-js would answer INTERNAL.
 */
export function undecodedDefinition<Methods extends object>(service: GenericService<Methods>): ServiceDefinition {
  const definitions = Object.entries(serviceDefinition(service)).map(([name, definition]) => [
    name,
    { ...definition, requestDeserialize: (bytes: Buffer) => bytes },
  ]);
  return Object.fromEntries(definitions) as ServiceDefinition;
}

/** Throws INVALID_ARGUMENT when `bytes` is no such message. */
export function decodeRequest<T>(codec: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DcacheError('INVALID_ARGUMENT', `the request cannot be decoded: ${reason}`, { cause: error });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
