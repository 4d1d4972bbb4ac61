import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  startHttpServer,
  type Health,
  type HttpServer,
  type HttpServerOptions,
} from '../../src/adapters/http-server.js';
import { recordingLogger } from '../support/recording-logger.js';

const servers: HttpServer[] = [];
const logger = recordingLogger();

async function start(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await startHttpServer({
    port: 0,
    health: () => ({ ready: true }),
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'dcache_raft_term 3\n' }),
    logger,
    ...options,
  });
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  logger.records.length = 0;
});

const get = (server: HttpServer, path: string, method = 'GET'): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers: { connection: 'close' } });

test('/metrics answers what the node has to show, with its content type', async () => {
  const response = await get(await start(), '/metrics');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await response.text()).toBe('dcache_raft_term 3\n');
});

describe.each(['/healthz', '/readyz'])('%s', (path) => {
  test('is 200 while the node serves', async () => {
    const response = await get(await start({ health: () => ({ ready: true, details: { role: 'leader' } }) }), path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ready', role: 'leader' });
  });

  test('is 503 with the reason while it does not, and follows the node', async () => {
    let health: Health = { ready: false, reason: '1 of 3 nodes up, 2 needed' };
    const server = await start({ health: () => health });
    const before = await get(server, path);
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({ status: 'not ready', reason: '1 of 3 nodes up, 2 needed' });
    health = { ready: true };
    expect((await get(server, path)).status).toBe(200);
  });
});

test('/livez is 200 also while the node does not serve', async () => {
  const response = await get(await start({ health: () => ({ ready: false, reason: 'no leader' }) }), '/livez');
  expect(response.status).toBe(200);
});

test('a query string does not matter', async () => {
  expect((await get(await start(), '/livez?verbose=1')).status).toBe(200);
});

test('HEAD is GET without the body', async () => {
  const response = await get(await start(), '/metrics', 'HEAD');
  expect(response.headers.get('content-length')).toBe('19');
  expect(await response.text()).toBe('');
});

test('an unknown page is 404 and names the known ones', async () => {
  const response = await get(await start(), '/');
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('/metrics, /healthz');
});

test('other methods are 405', async () => {
  const response = await get(await start(), '/metrics', 'POST');
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD');
});

test('a failing collector is 500, and the log has the reason that the reply does not tell', async () => {
  const server = await start({ metrics: () => Promise.reject(new Error('inner detail')) });
  const response = await get(server, '/metrics');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('inner detail');
  expect(logger.records).toMatchObject([{ level: 'error', fields: { path: '/metrics', error: 'inner detail' } }]);
});

describe('a port that cannot be had', () => {
  test('is PORT_IN_USE, naming port and flag, when somebody listens there', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`HTTP port ${port} on 127.0.0.1.*--http-listen`)) as string,
    });
  });

  test('is CONFIG_INVALID when the host is not of this machine', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

test('listens on loopback unless told otherwise', async () => {
  expect((await start()).host).toBe('127.0.0.1');
});

test('refuses headers beyond 8 KiB', async () => {
  const { port } = await start();
  const status = await new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path: '/livez', headers: { x: 'y'.repeat(9_000) } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
  expect(status).toBe(431);
});

describe('close', () => {
  test('lets a request under way end', async () => {
    let finish = (): void => undefined;
    const asked = new Promise<void>((resolveAsked) => {
      void start({
        metrics: () =>
          new Promise((resolve) => {
            finish = () => resolve({ contentType: 'text/plain', body: 'late' });
            resolveAsked();
          }),
      });
    });
    await expect.poll(() => servers.length).toBe(1);
    const [server] = servers.splice(0);
    if (server === undefined) throw new Error('the server has not started');
    const response = get(server, '/metrics');
    await asked;
    const closed = server.close();
    finish();
    expect(await (await response).text()).toBe('late');
    await closed;
    await expect(get(server, '/livez')).rejects.toThrow('fetch failed');
  });

  test('does not wait for a client that never finishes its request', async () => {
    const [server] = [await start()];
    const socket = connect(server.port, '127.0.0.1');
    const ended = new Promise((resolve) => socket.on('close', resolve));
    await new Promise<void>((resolve) => socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n', () => resolve()));
    servers.splice(0);
    await server.close();
    await ended;
  });
});
