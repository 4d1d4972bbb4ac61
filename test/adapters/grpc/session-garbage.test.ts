/** Bytes on a Session stream that are no batch of requests. */
import { Client, credentials, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionRequest, SessionResponse } from '../../../src/adapters/grpc/generated/dcache/v1/kv.js';
import { FakeNode, mapAnswers } from '../../support/fake-node.js';
import { waitFor } from '../../support/wait-for.js';

type Stream = ClientDuplexStream<Buffer, SessionResponse>;

let node: FakeNode;
let client: Client;

beforeEach(async () => {
  node = await FakeNode.start(mapAnswers());
  client = new Client(node.address, credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  await node.kill();
});

function openSession(): { stream: Stream; failed: Promise<ServiceError>; replies: SessionResponse['replies'] } {
  const same = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest('/dcache.v1.Kv/Session', same, (bytes) => SessionResponse.decode(bytes));
  const replies: SessionResponse['replies'] = [];
  stream.on('data', (batch: SessionResponse) => replies.push(...batch.replies));
  const failed = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)));
  return { stream, failed, replies };
}

const count = (id: number): Buffer => {
  const request = { id, timeoutMs: 0, forwarded: false, request: { $case: 'count', value: {} } } as const;
  return Buffer.from(SessionRequest.encode({ requests: [request] }).finish());
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
