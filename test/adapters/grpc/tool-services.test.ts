/** What probes and gRPC tools find on the client port. */
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HealthCheckRequest, HealthCheckResponse } from '../../../src/adapters/grpc/generated/grpc/health/v1/health.js';
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../../src/adapters/grpc/generated/grpc/reflection/v1/reflection.js';
import { FakeNode } from '../../support/fake-node.js';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

let node: FakeNode;
let client: Client;

beforeEach(async () => {
  node = await FakeNode.start(() => ({ type: 'count', keys: 0 }));
  client = new Client(node.address, credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  await node.kill();
});

const asked = (service: string): Buffer => Buffer.from(HealthCheckRequest.encode({ service }).finish());
const same = (bytes: Buffer): Buffer => bytes;

describe('a health check', () => {
  const check = (service: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const path = '/grpc.health.v1.Health/Check';
      client.makeUnaryRequest(path, same, same, asked(service), new Metadata(), (error, reply) => {
        if (reply === undefined || error !== null) reject(error ?? new Error('no reply'));
        else resolve(HealthCheckResponse.decode(reply).status);
      });
    });

  test.each(['', 'dcache.v1.Kv'])('of "%s" says whether the node serves', async (service) => {
    expect(await check(service)).toBe(SERVING);
    node.obstacle = '1 of 3 nodes up, 2 needed';
    expect(await check(service)).toBe(NOT_SERVING);
  });

  test('of the Cluster service says that it answers, whether the cache serves or not', async () => {
    node.obstacle = '1 of 3 nodes up, 2 needed';
    expect(await check('dcache.v1.Cluster')).toBe(SERVING);
  });

  test('of another service is an error', async () => {
    await expect(check('mail.v1.Smtp')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test.each([
    ['', [SERVING, NOT_SERVING]],
    ['mail.v1.Smtp', [SERVICE_UNKNOWN]],
  ])('watched for "%s" tells %j', async (service, expected) => {
    const call = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, asked(service));
    call.on('error', () => undefined); // it is cancelled below
    const told: number[] = [];
    await new Promise<void>((resolve) => {
      call.on('data', (bytes: Buffer) => {
        told.push(HealthCheckResponse.decode(bytes).status);
        node.obstacle = 'no leader elected yet';
        if (told.length === expected.length) resolve();
      });
    });
    call.cancel();
    expect(told).toEqual(expected);
  });
});

describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
  async function ask(question: ServerReflectionRequest['messageRequest']): Promise<ServerReflectionResponse> {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const call = client.makeBidiStreamRequest(path, same, same);
    const reply = new Promise<ServerReflectionResponse>((resolve, reject) => {
      call.on('data', (bytes: Buffer) => resolve(ServerReflectionResponse.decode(bytes)));
      call.on('error', reject);
    });
    call.write(Buffer.from(ServerReflectionRequest.encode({ host: 'h', messageRequest: question }).finish()));
    call.end();
    return reply;
  }

  test('lists the services of the client port, and not those between nodes', async () => {
    const { messageResponse } = await ask({ $case: 'listServices', value: '' });
    const names = messageResponse?.$case === 'listServicesResponse' ? messageResponse.value.service : [];
    expect(names.map(({ name }) => name)).toEqual([
      'dcache.v1.Kv',
      'dcache.v1.Cluster',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
    ]);
  });

  test.each([
    ['dcache.v1.Kv', 'dcache/v1/kv.proto'],
    ['dcache.v1.Kv.Get', 'dcache/v1/kv.proto'],
    ['dcache.v1.SetRequest', 'dcache/v1/kv.proto'],
    ['dcache.v1.Cluster', 'dcache/v1/cluster.proto'],
    ['grpc.health.v1.HealthCheckResponse.ServingStatus', 'grpc/health/v1/health.proto'],
  ])('finds the schema of %s', async (symbol, file) => {
    const { messageResponse } = await ask({ $case: 'fileContainingSymbol', value: symbol });
    const found = messageResponse?.$case === 'fileDescriptorResponse' ? messageResponse.value.fileDescriptorProto : [];
    expect(found.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)).toEqual([file]);
  });

  test('finds a schema by its name', async () => {
    const { messageResponse } = await ask({ $case: 'fileByFilename', value: 'dcache/v1/kv.proto' });
    expect(messageResponse?.$case).toBe('fileDescriptorResponse');
  });

  test.each(['dcache.v1.Nothing', ''])('says that it does not know "%s"', async (symbol) => {
    const { messageResponse } = await ask({ $case: 'fileContainingSymbol', value: symbol });
    expect(messageResponse).toMatchObject({ $case: 'errorResponse', value: { errorCode: status.NOT_FOUND } });
  });
});
