/** Requests that no client library sends: nodes refuse them by themselves, with the status and the code of the table. */
import { credentials, Client, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, expect, test } from 'vitest';
import { channelOptions } from '../../src/adapters/grpc/channel.js';
import { KvDefinition } from '../../src/adapters/grpc/generated/dcache/v1/kv.js';
import { serviceDefinition } from '../../src/adapters/grpc/service-definition.js';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { ERRORS, type ErrorCode } from '../../src/base/errors.js';
import { LIMITS } from '../../src/base/limits.js';
import { sealCursor } from '../../src/node/scan-cursor.js';
import { freshKey, type KvContext } from './context.js';

const METHODS = serviceDefinition(KvDefinition);
type Methods = typeof METHODS;
type Method = Exclude<keyof typeof KvDefinition.methods, 'session'>;
type RequestOf<M extends Method> = Parameters<Methods[M]['requestSerialize']>[0];

const NO_TTL = { ttlMs: 0, keepTtl: false, condition: undefined, returnOld: false };

export function wire({ client, endpoints, largeValueBytes }: KvContext): void {
  let channel: Client | undefined;

  afterAll(() => channel?.close());

  /** Sends bytes as they are. Resolves with the reply's bytes. */
  function send(path: string, message: Buffer): Promise<Buffer> {
    const options = channelOptions(2 * LIMITS.maxClientMessageBytes);
    channel ??= new Client(endpoints()[0] ?? '', credentials.createInsecure(), options);
    return new Promise((resolve, reject) => {
      const same = (bytes: Buffer): Buffer => bytes;
      const deadline = { deadline: Date.now() + 30_000 };
      channel?.makeUnaryRequest(path, same, same, message, new Metadata(), deadline, (error, reply) => {
        if (reply !== undefined && error === null) resolve(reply);
        else reject(error ?? new Error('neither reply nor error'));
      });
    });
  }

  const ask = <M extends Method>(method: M, request: RequestOf<M>): Promise<Buffer> => {
    const serialize = METHODS[method].requestSerialize as (request: RequestOf<M>) => Buffer;
    return send(METHODS[method].path, serialize(request));
  };

  async function refused(work: Promise<Buffer>, code: ErrorCode): Promise<void> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason as ServiceError,
    );
    expect(error?.metadata.get('dcache-code')).toEqual([code]);
    expect(error?.code).toBe(status[ERRORS[code].grpcStatus]);
  }

  const skip = largeValueBytes < LIMITS.maxValueBytes;
  const tooLong = Buffer.alloc(LIMITS.maxKeyBytes + 1, 0x6b);
  const key = Buffer.from(freshKey('wire'));

  test.each([
    ['an empty key', EMPTY_BYTES],
    ['a key that is too long', tooLong],
  ])('%s is refused by every request that has a key', async (_name, bad) => {
    const code = 'KEY_TOO_LARGE';
    await refused(ask('get', { key: bad }), code);
    await refused(ask('set', { key: bad, value: EMPTY_BYTES, ...NO_TTL }), code);
    await refused(ask('delete', { key: bad, condition: undefined }), code);
    await refused(ask('inspect', { key: bad }), code);
    await refused(ask('expire', { key: bad, ttlMs: 1 }), code);
    await refused(ask('increment', { key: bad, delta: '1' }), code);
    await refused(ask('append', { key: bad, value: EMPTY_BYTES }), code);
  });

  test('a value that is too long is refused', { skip }, async () => {
    const value = Buffer.alloc(LIMITS.maxValueBytes + 1);
    await refused(ask('set', { key, value, ...NO_TTL }), 'VALUE_TOO_LARGE');
    await refused(ask('append', { key, value }), 'VALUE_TOO_LARGE');
    expect(await client().exists(key)).toBe(false);
  });

  test('a message that is too long is refused', { skip }, async () => {
    const value = Buffer.alloc(LIMITS.maxClientMessageBytes);
    await expect(ask('set', { key, value, ...NO_TTL })).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await client().exists(key)).toBe(false);
  });

  test('a time to live beyond the calendar is refused', async () => {
    const set = { key, value: EMPTY_BYTES, ...NO_TTL };
    await refused(ask('set', { ...set, ttlMs: LIMITS.maxTtlMs + 1 }), 'INVALID_ARGUMENT');
    await refused(ask('expire', { key, ttlMs: LIMITS.maxTtlMs + 1 }), 'INVALID_ARGUMENT');
    await refused(ask('set', { ...set, ttlMs: 1, keepTtl: true }), 'INVALID_ARGUMENT');
    expect(await client().exists(key)).toBe(false);
  });

  test('a number of the whole 64 bits is refused', async () => {
    const beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const set = Buffer.from([0x0a, 1, 0x6b, 0x18, ...beyond]); // key "k", ttl_ms 2^64 - 1
    await refused(send(METHODS.set.path, set), 'INVALID_ARGUMENT');
  });

  test('bytes that are no message are refused', async () => {
    await refused(send(METHODS.get.path, Buffer.from([0x0a, 0x7f, 0x01])), 'INVALID_ARGUMENT');
  });

  test('a condition on version 0 is refused', async () => {
    const condition = { condition: { $case: 'version', value: 0 } } as const;
    await refused(ask('delete', { key, condition }), 'INVALID_ARGUMENT');
    await refused(ask('set', { key, value: EMPTY_BYTES, ...NO_TTL, condition }), 'INVALID_ARGUMENT');
  });

  test('a page of a scan that is too large is refused', async () => {
    const scan = { prefix: EMPTY_BYTES, cursor: EMPTY_BYTES, limit: 0, withValues: false };
    await refused(ask('scan', { ...scan, limit: LIMITS.maxScanPage + 1 }), 'INVALID_ARGUMENT');
    await refused(ask('scan', { ...scan, prefix: tooLong }), 'INVALID_ARGUMENT');
  });

  test('a cursor that this scan did not give is refused', async () => {
    const prefix = Buffer.from(freshKey('cursor'));
    await client().mset(['a', 'b', 'c'].map((name) => [`${prefix.toString()}/${name}`, 'v']));
    const scan = { prefix, limit: 1, withValues: false };
    const first = METHODS.scan.responseDeserialize(await ask('scan', { ...scan, cursor: EMPTY_BYTES }));
    const { cursor } = first;
    expect(cursor.length).toBeGreaterThan(0);
    const second = METHODS.scan.responseDeserialize(await ask('scan', { ...scan, cursor }));
    expect(second.entries).not.toEqual(first.entries);

    const changed = Buffer.from(cursor);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await refused(ask('scan', { ...scan, cursor: changed }), 'INVALID_ARGUMENT');
    await refused(ask('scan', { ...scan, cursor: cursor.subarray(0, 3) }), 'INVALID_ARGUMENT');
    await refused(ask('scan', { ...scan, prefix: prefix.subarray(1), cursor }), 'INVALID_ARGUMENT');
    await refused(ask('scan', { ...scan, cursor: Buffer.alloc(LIMITS.maxCursorBytes + 1, 1) }), 'INVALID_ARGUMENT');
    const ofAnotherCluster = sealCursor(cursor.subarray(5), 'another cluster', prefix);
    await refused(ask('scan', { ...scan, cursor: ofAnotherCluster }), 'INVALID_ARGUMENT');
  });
}
