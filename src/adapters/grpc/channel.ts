/** Options and connection of grpc-js channels and servers, the same everywhere. */
import { connectivityState, credentials, Client, Server, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { createServer } from 'node:net';
import { parseAddress } from '../../base/address.js';
import { DcacheError } from '../../base/errors.js';

/** Times in ms. A peer that is silent for keepalive time + timeout is taken for dead. */
const KEEPALIVE_MS = 2_000;
const KEEPALIVE_TIMEOUT_MS = 2_000;

/** What the other end may send before this one has taken it. HTTP/2's own 64 KiB means a frame back for every few batches of replies. */
const WINDOW_BYTES = 1024 * 1024;

export function channelOptions(maxMessageBytes: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  };
}

export function openChannel(address: string, maxMessageBytes: number): Client {
  return new Client(address, credentials.createInsecure(), channelOptions(maxMessageBytes));
}

export function createGrpcServer(maxMessageBytes: number): Server {
  return new Server(channelOptions(maxMessageBytes));
}

/**
 * Binds `server` to `address` (host:port) and resolves with the port. Rejects with PORT_IN_USE or CONFIG_INVALID, naming the
 * address and `flag`, by which another one is chosen.
 */
export async function bindGrpcServer(server: Server, address: string, flag: string): Promise<number> {
  await probeAddress(address, flag);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(inUse(address, flag, error));
    });
  });
}

/** grpc-js only says "no address added"; the operating system says why. */
function probeAddress(address: string, flag: string): Promise<void> {
  const target = parseAddress(address);
  if (target === undefined) return Promise.reject(new DcacheError('CONFIG_INVALID', `${address} is not host:port`));
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(inUse(address, flag, error));
      else
        reject(
          new DcacheError(
            'CONFIG_INVALID',
            `cannot listen on ${address} (${error.message}); choose another with ${flag}`,
            { cause: error },
          ),
        );
    });
    probe.listen({ ...target, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function inUse(address: string, flag: string, cause: Error): DcacheError {
  return new DcacheError(
    'PORT_IN_USE',
    `another process listens on ${address}; stop it, or choose another address with ${flag}`,
    { cause },
  );
}

/**
 * Resolves when the channel is connected. Rejects with UNREACHABLE as soon as an attempt to connect has failed, or when none
 * has succeeded within `timeoutMs`.
 */
export function waitUntilReady(client: Client, address: string, timeoutMs: number): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new DcacheError('UNREACHABLE', `nobody answers at ${address}`));
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) resolve();
      else if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) fail();
      else channel.watchConnectivityState(state, deadline, (error) => (error === undefined ? look() : fail()));
    };
    look();
  });
}

/** Lets calls under way finish for at most `graceMs`, then cuts them off. */
export function closeGrpcServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      // Cuts off at once; grpc-js does not always call back tryShutdown then.
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
