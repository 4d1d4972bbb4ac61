/**
 * The node's HTTP port, for monitoring only: /metrics, /healthz (= /readyz) and /livez. Reads nothing but the request
 * line, serves GET and HEAD, and bounds what a client can make it hold.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DcacheError } from '../base/errors.js';
import { errorFields, type LogFields, type Logger } from '../base/log.js';

/** Whether a node serves requests. `details` are shown either way. */
export type Health =
  | { readonly ready: true; readonly details?: LogFields }
  | { readonly ready: false; readonly reason: string; readonly details?: LogFields };

export interface HttpServerOptions {
  /** Loopback if left out: the port has no authentication. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: () => Health;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  readonly logger: Logger;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** Stops listening and lets requests under way end, for at most a second. */
  close(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
const REQUEST_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 5_000;
const CLOSE_GRACE_MS = 1_000;

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function json(status: number, content: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(content)}\n`, headers };
}

function healthReply(health: Health): Reply {
  const { details = {} } = health;
  if (health.ready) return json(200, { status: 'ready', ...details });
  return json(503, { status: 'not ready', reason: health.reason, ...details });
}

async function reply(request: IncomingMessage, options: HttpServerOptions): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return json(405, { error: `${request.method} is not supported here, only GET and HEAD` }, { allow: 'GET, HEAD' });
  }
  const path = (request.url ?? '/').replace(/[?#].*$/s, '');
  switch (path) {
    case '/metrics': {
      const { contentType, body } = await options.metrics();
      return { status: 200, contentType, body };
    }
    case '/healthz':
    case '/readyz':
      return healthReply(options.health());
    case '/livez':
      return json(200, { status: 'live' });
    default:
      return json(404, { error: 'no such page; there are /metrics, /healthz, /readyz and /livez' });
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, options: HttpServerOptions): Promise<void> {
  let answer: Reply;
  try {
    answer = await reply(request, options);
  } catch (error) {
    options.logger.error({ path: request.url, ...errorFields(error) }, 'an HTTP request failed');
    answer = json(500, { error: 'internal error; the log says more' });
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The error to show for one of listen(); the system's own does not say what to do. */
function listenError(error: NodeJS.ErrnoException, host: string, port: number): DcacheError {
  const where = `HTTP port ${port} on ${host}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new DcacheError(
        'PORT_IN_USE',
        `${where} is taken by another process; stop it, choose another address with --http-listen, or do without: --http-listen off`,
        { cause: error },
      );
    case 'EACCES':
      return new DcacheError(
        'CONFIG_INVALID',
        `${where} may not be used by this user; choose a port above 1023 with --http-listen`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new DcacheError('CONFIG_INVALID', `${where}: ${host} is not an address of this machine`, { cause: error });
    default:
      return new DcacheError('CONFIG_INVALID', `${where} cannot be opened: ${error.message}`, { cause: error });
  }
}

async function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  // Only a server on a pipe has a string for an address, and only a closed one none.
  if (address === null || typeof address === 'string') throw new DcacheError('INTERNAL', 'the HTTP server has no port');
  return address;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(grace);
}

/** @throws {DcacheError} PORT_IN_USE or CONFIG_INVALID when the port cannot be opened; nothing is left open then */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host = DEFAULT_HOST, logger } = options;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
    },
    (request, response) => void handle(request, response, options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const { port } = await listen(server, host, options.port);
  server.on('error', (error) => logger.error(errorFields(error), 'the HTTP server failed'));
  return { host, port, close: () => close(server) };
}
