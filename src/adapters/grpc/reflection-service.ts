/** gRPC server reflection: tells tools such as grpcurl which services the client port has, and their schemas. */
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { asDcacheError } from '../../base/errors.js';
import { SCHEMA_FILES, type SchemaFile } from './generated/descriptors.js';
import { ServerReflectionRequest, ServerReflectionResponse } from './generated/grpc/reflection/v1/reflection.js';
import { decodeRequest } from './service-definition.js';
import { toGrpcStatus } from './status.js';

const SERVED = ['dcache.v1.Kv', 'dcache.v1.Cluster', 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'];

type Question = ServerReflectionRequest['messageRequest'];
type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/** Answers questions, serialised ServerReflectionRequests, until the caller has no more. */
export function serveReflection(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', (bytes: Buffer) => {
    try {
      call.write(answerTo(decodeRequest(ServerReflectionRequest, bytes)));
    } catch (error) {
      call.emit('error', toGrpcStatus(asDcacheError(error)));
    }
  });
  call.on('end', () => call.end());
  call.on('error', () => undefined); // the caller is gone, and so is the question
}

function answerTo(request: ServerReflectionRequest): Buffer {
  const messageResponse = answer(request.messageRequest);
  const response = { validHost: request.host, originalRequest: request, messageResponse };
  return Buffer.from(ServerReflectionResponse.encode(response).finish());
}

function answer(question: Question): Answer {
  switch (question?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: SERVED.map((name) => ({ name })) } };
    case 'fileByFilename':
      return descriptorsOf((file) => file.name === question.value, question.value);
    case 'fileContainingSymbol':
      return descriptorsOf((file) => file.symbols.includes(question.value), question.value);
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return failure(status.NOT_FOUND, 'the schemas of dcache have no extensions');
    case undefined:
      return failure(status.INVALID_ARGUMENT, 'the question is missing or of a kind that this version does not know');
  }
}

function descriptorsOf(wanted: (file: SchemaFile) => boolean, what: string): Answer {
  const file = SCHEMA_FILES.find(wanted);
  if (file === undefined) return failure(status.NOT_FOUND, `there is no ${what} on this port`);
  const files = withImports(file).map(({ base64 }) => Buffer.from(base64, 'base64'));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: files } };
}

function withImports(file: SchemaFile): readonly SchemaFile[] {
  const imported = SCHEMA_FILES.filter(({ name }) => file.imports.includes(name));
  return [...new Set([file, ...imported.flatMap(withImports)])];
}

function failure(errorCode: number, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
