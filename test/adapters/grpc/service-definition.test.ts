/** What happens to the bytes of a message between gRPC and this code: nothing is copied that need not be. */
import { expect, test } from 'vitest';
import { DcacheError } from '../../../src/base/errors.js';
import { KvDefinition, SetRequest } from '../../../src/adapters/grpc/generated/dcache/v1/kv.js';
import { RaftDefinition } from '../../../src/adapters/grpc/generated/dcache/v1/raft.js';
import { EMPTY_RESPONSE } from '../../../src/adapters/grpc/session-replies.js';
import { decodeRequest, serviceDefinition } from '../../../src/adapters/grpc/service-definition.js';

const VALUE = new Uint8Array(1_000).fill(7);
const KV = serviceDefinition(KvDefinition);

const setRequest = (value: Uint8Array): SetRequest => {
  const request = { key: Uint8Array.of(1), value, ttlMs: 0, keepTtl: false, condition: undefined, returnOld: false };
  return request;
};

test('methods have the paths and kinds of the proto file', () => {
  expect(KV.get).toMatchObject({ path: '/dcache.v1.Kv/Get', requestStream: false, responseStream: false });
  expect(KV.session).toMatchObject({ path: '/dcache.v1.Kv/Session', requestStream: true, responseStream: true });
  expect(serviceDefinition(RaftDefinition).messages).toMatchObject({ requestStream: true, responseStream: false });
});

test('the serializer lays a Buffer over the encoded array', () => {
  const encoded = new Uint8Array(64).subarray(16, 48);
  const codec = { encode: () => ({ finish: () => encoded }), decode: () => ({}) };
  const method = { name: 'M', requestType: codec, requestStream: false, responseType: codec, responseStream: false };
  const { m } = serviceDefinition({ fullName: 'dcache.v1.S', methods: { m: method } });
  for (const serialized of [m.requestSerialize({}), m.responseSerialize({})]) {
    expect(serialized).toBeInstanceOf(Buffer);
    expect(serialized.buffer).toBe(encoded.buffer);
    expect([serialized.byteOffset, serialized.length]).toEqual([16, 32]);
  }
});

test('an encoded message is an array of exactly its size, so that nothing else is kept alive by it', () => {
  const serialized = KV.set.requestSerialize(setRequest(VALUE));
  expect(serialized.buffer.byteLength).toBe(serialized.length);
  expect(serialized.length).toBeLessThan(VALUE.length + 20);
});

test('decoded bytes are views of the message', () => {
  const message = KV.set.requestSerialize(setRequest(VALUE));
  const { key, value } = KV.set.requestDeserialize(message);
  expect(value).toEqual(Buffer.from(VALUE));
  expect([key.buffer, value.buffer]).toEqual([message.buffer, message.buffer]);
  expect(value.buffer).toBe(message.buffer);
});

test('bytes deep inside a batch are views of it too, requests and replies alike', () => {
  const request = { $case: 'set' as const, value: setRequest(VALUE) };
  const requests = [{ id: 1, timeoutMs: 0, forwarded: false, request, valueBytes: 0 }];
  const batch = KV.session.requestSerialize({ requests, pieces: [], grants: [], takesPieces: false });
  const inside = KV.session.requestDeserialize(batch).requests[0]?.request;
  expect(inside?.$case === 'set' && inside.value.value.buffer === batch.buffer).toBe(true);

  const reply = { $case: 'get' as const, value: { found: true, value: VALUE, version: 1 } };
  const replies = KV.session.responseSerialize({ ...EMPTY_RESPONSE, replies: [{ id: 1, reply, valueBytes: 0 }] });
  const answer = KV.session.responseDeserialize(replies).replies[0]?.reply;
  expect(answer?.$case === 'get' && answer.value.value.buffer === replies.buffer).toBe(true);
});

test('what is no message is refused with a code of the table', () => {
  const attempt = (): unknown => decodeRequest(SetRequest, Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  expect(attempt).toThrow(DcacheError);
  expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
