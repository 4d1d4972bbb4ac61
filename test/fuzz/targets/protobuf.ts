/** Every message of the gRPC services, and what stands behind them: requests, replies, speakers, answers to joins. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClusterDefinition } from '../../../src/adapters/grpc/generated/dcache/v1/cluster.js';
import { KvDefinition, KvReply, KvRequest, SessionRequest, SessionResponse } from '../../../src/adapters/grpc/generated/dcache/v1/kv.js'; // prettier-ignore
import { JoinResponse, RaftDefinition, Speaker } from '../../../src/adapters/grpc/generated/dcache/v1/raft.js';
import { readReply, writeReply } from '../../../src/adapters/grpc/kv-replies.js';
import { readRequest, writeRequest } from '../../../src/adapters/grpc/kv-requests.js';
import { readJoinAnswer, readSpeaker, senderOf } from '../../../src/adapters/grpc/peer-messages.js';
import { decodeRequest } from '../../../src/adapters/grpc/service-definition.js';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { DcacheError } from '../../../src/base/errors.js';
import { speaker } from '../../cluster/some-members.js';
import { someReply, someRequest } from '../../support/request-arbitraries.js';
import type { Target } from '../target.js';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** Well-formed protobuf without regard to a schema: fields of small numbers with values of every wire type. */
const someMessage = fc.letrec<{ message: Uint8Array; field: Uint8Array }>((tie) => ({
  message: fc.array(tie('field'), { maxLength: 6 }).map((fields) => Buffer.concat(fields)),
  field: fc
    .tuple(
      fc.integer({ min: 1, max: 45 }),
      fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.nat(300).map((value) => ({ wire: 0, bytes: new ByteWriter().varint(value).finish() })),
        fc.string({ maxLength: 12 }).map((text) => ({ wire: 2, bytes: withLength(Buffer.from(text)) })),
        fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => ({ wire: 1, bytes })),
        fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ({ wire: 5, bytes })),
        tie('message').map((bytes) => ({ wire: 2, bytes: withLength(bytes) })),
      ),
    )
    .map(([number, { wire, bytes }]) => Buffer.concat([new ByteWriter().varint(number * 8 + wire).finish(), bytes])),
})).message;

function withLength(bytes: Uint8Array): Uint8Array {
  return new ByteWriter().lengthAndBytes(bytes).finish();
}

/** What grpc-js is handed for a message, and refuses to hand on. `understand` goes on with what was decoded. */
function messageTarget<T>(
  name: string,
  codec: Codec<T>,
  specimens: fc.Arbitrary<Uint8Array>,
  understand: (message: T) => void = () => undefined,
): Target {
  return {
    name,
    group: 'protobuf',
    specimens,
    read: (bytes) => {
      const message = decodeRequest(codec, bytes);
      assert.deepEqual(codec.decode(codec.encode(message).finish()), message);
      understand(message);
    },
    // A reply that names an error is that error.
    isRefusal: (error) => error instanceof DcacheError && error.code !== 'INTERNAL',
  };
}

const wireRequest = someRequest.map((request): KvRequest => ({
  id: 1,
  timeoutMs: 0,
  forwarded: false,
  request: writeRequest(request),
  valueBytes: 0,
}));
const wireReply = someReply.map((reply): KvReply => ({ id: 1, reply: writeReply(reply), valueBytes: 0 }));
const emptyRequest: SessionRequest = { requests: [], pieces: [], grants: [1], takesPieces: true };
const emptyResponse: SessionResponse = {
  replies: [],
  topology: undefined,
  closing: false,
  pieces: [],
  grants: [],
  pieceBytes: 0,
  largeValueBytes: 0,
};

function understandRequest({ request }: KvRequest): void {
  const read = readRequest(request);
  assert.deepEqual(readRequest(writeRequest(read)), read);
}

const SESSIONS: readonly Target[] = [
  messageTarget(
    'request',
    KvRequest,
    wireRequest.map((message) => KvRequest.encode(message).finish()),
    understandRequest,
  ),
  messageTarget(
    'reply',
    KvReply,
    wireReply.map((message) => KvReply.encode(message).finish()),
    ({ reply }) => void readReply(reply),
  ),
  messageTarget(
    'session request',
    SessionRequest,
    fc
      .array(wireRequest, { maxLength: 3 })
      .map((requests) => SessionRequest.encode({ ...emptyRequest, requests }).finish()),
    ({ requests }) => requests.forEach(understandRequest),
  ),
  messageTarget(
    'session response',
    SessionResponse,
    fc
      .array(wireReply, { maxLength: 3 })
      .map((replies) => SessionResponse.encode({ ...emptyResponse, replies }).finish()),
    ({ replies }) => replies.forEach(({ reply }) => void readReply(reply)),
  ),
  messageTarget(
    'speaker',
    Speaker,
    fc.constantFrom('n1', 'n2').map((nodeId) => Speaker.encode(speaker(nodeId, { incarnation: 7 })).finish()),
    (message) => void senderOf(readSpeaker(message)),
  ),
  messageTarget(
    'answer to a join',
    JoinResponse,
    fc
      .nat(9)
      .map((raftId) => JoinResponse.encode({ raftId, clusterId: '', leaderAddress: '', founders: [1] }).finish()),
    (message) => void readJoinAnswer(message),
  ),
];

/** Requests and responses of all methods, by the shapes of their wire format alone. */
const METHODS: readonly Target[] = [KvDefinition, ClusterDefinition, RaftDefinition].flatMap((service) =>
  Object.values(service.methods).flatMap((method) => {
    const { name, requestType, responseType } = method as { name: string; requestType: Codec<unknown>; responseType: Codec<unknown> }; // prettier-ignore
    return [
      messageTarget(`${service.name} ${name} request`, requestType, someMessage),
      messageTarget(`${service.name} ${name} response`, responseType, someMessage),
    ];
  }),
);

export const PROTOBUF_TARGETS: readonly Target[] = [...SESSIONS, ...METHODS];
