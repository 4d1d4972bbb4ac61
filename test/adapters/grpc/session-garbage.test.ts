/** Bytes on a Session stream that are no batch of requests. */
import { Client, credentials, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SessionRequest, SessionResponse, SetRequest } from '../../../src/adapters/grpc/generated/dcache/v1/kv.js';
import { LIMITS } from '../../../src/base/limits.js';
import { FakeNode, mapAnswers } from '../../support/fake-node.js';
import { waitFor } from '../../support/wait-for.js';

const GET = { $case: 'get', value: { key: Buffer.from('k') } } as const;

type Stream = ClientDuplexStream<Buffer, SessionResponse>;

let node: FakeNode;
let client: Client;

beforeEach(async () => {
  node = await FakeNode.start(mapAnswers());
  client = new Client(node.address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
});

afterEach(async () => {
  client.close();
  await node.kill();
});

interface Session {
  readonly stream: Stream;
  readonly failed: Promise<ServiceError>;
  readonly replies: SessionResponse['replies'];
  readonly grants: number[];
}

function openSession(): Session {
  const same = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest('/dcache.v1.Kv/Session', same, (bytes) => SessionResponse.decode(bytes));
  const replies: SessionResponse['replies'] = [];
  const grants: number[] = [];
  stream.on('data', (batch: SessionResponse) => {
    replies.push(...batch.replies);
    grants.push(...batch.grants);
  });
  const failed = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)));
  return { stream, failed, replies, grants };
}

const batch = (parts: Partial<SessionRequest>): Buffer =>
  Buffer.from(SessionRequest.encode({ requests: [], pieces: [], grants: [], takesPieces: false, ...parts }).finish());

const count = (id: number): Buffer => {
  const request = {
    id,
    timeoutMs: 0,
    forwarded: false,
    valueBytes: 0,
    request: { $case: 'count', value: {} },
  } as const;
  return batch({ requests: [request] });
};

test('ends that session with INVALID_ARGUMENT, and no other', async () => {
  const healthy = openSession();
  const broken = openSession();
  healthy.stream.write(count(1));
  broken.stream.write(Buffer.from([0x0a, 0x7f, 0x01]));
  const error = await broken.failed;
  expect(error.code).toBe(status.INVALID_ARGUMENT);
  expect(error.metadata.get('dcache-code')).toEqual(['INVALID_ARGUMENT']);
  healthy.stream.write(count(2));
  await waitFor('both counts are answered', () => healthy.replies.length === 2);
  expect(healthy.replies.map(({ id }) => id)).toEqual([1, 2]);
  healthy.stream.cancel();
});

test('a request of a kind that this version does not know is answered, and its neighbours too', async () => {
  const { stream, replies } = openSession();
  const unknown = Buffer.from([0x0a, 5, 0x08, 9, 0xfa, 0x01, 0]); // id 9, and field 31 that nobody knows
  stream.write(Buffer.concat([unknown, count(10)]));
  await waitFor('both are answered', () => replies.length === 2);
  expect(replies.find(({ id }) => id === 9)?.reply).toMatchObject({
    $case: 'error',
    value: { code: 'INVALID_ARGUMENT' },
  });
  expect(replies.find(({ id }) => id === 10)?.reply).toMatchObject({ $case: 'count' });
  stream.cancel();
});

describe('a large value', () => {
  const announce = (id: number, valueBytes: number, request = setOf('k')): Buffer =>
    batch({ requests: [{ id, timeoutMs: 0, forwarded: false, valueBytes, request }] });
  const setOf = (key: string): { $case: 'set'; value: SetRequest } => ({
    $case: 'set',
    value: { ...SetRequest.decode(new Uint8Array()), key: Buffer.from(key) },
  });
  const piece = (id: number, bytes: number): Buffer =>
    batch({ pieces: [{ id, data: Buffer.alloc(bytes), givenUp: false }] });

  test('that is sent before it is granted, or is longer than announced, ends its session and is not stored', async () => {
    const early = openSession();
    // The first takes all that a session may have under way.
    early.stream.write(Buffer.concat([announce(1, LIMITS.maxLargeBytesPerSession), announce(2, 10), piece(2, 10)]));
    expect((await early.failed).code).toBe(status.INVALID_ARGUMENT);
    const long = openSession();
    long.stream.write(announce(1, 100));
    await waitFor('it is granted', () => long.grants.includes(1));
    long.stream.write(piece(1, 101));
    expect((await long.failed).details).toContain('does not fit');
    expect(node.received).toEqual([]);
  });

  test('above the limit, of another kind of request, or beside one that is there, is refused at once', async () => {
    const { stream, replies } = openSession();
    stream.write(announce(1, LIMITS.maxValueBytes + 1));
    stream.write(batch({ requests: [{ id: 2, timeoutMs: 0, forwarded: false, valueBytes: 9, request: GET }] }));
    const both = { ...setOf('k'), value: { ...setOf('k').value, value: Buffer.from('here') } };
    stream.write(announce(3, 9, both));
    await waitFor('all are answered', () => replies.length === 3);
    expect(replies.map(({ id, reply }) => [id, reply?.$case === 'error' && reply.value.code])).toEqual([
      [1, 'VALUE_TOO_LARGE'],
      [2, 'INVALID_ARGUMENT'],
      [3, 'INVALID_ARGUMENT'],
    ]);
    stream.cancel();
  });

  test('comes whole to a client that has not said that it takes pieces', async () => {
    const value = Buffer.alloc(LIMITS.largeValueBytes + 1, 7);
    node.answer = () => ({ type: 'get', value, version: 3 });
    const { stream, replies } = openSession();
    stream.write(batch({ requests: [{ id: 1, timeoutMs: 0, forwarded: false, valueBytes: 0, request: GET }] }));
    await waitFor('it is answered', () => replies.length === 1);
    const [{ reply, valueBytes } = { reply: undefined, valueBytes: -1 }] = replies;
    expect(valueBytes).toBe(0);
    expect(reply?.$case === 'get' && Buffer.compare(reply.value.value, value)).toBe(0);
    stream.cancel();
  });
});
