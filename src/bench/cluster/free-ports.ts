/** Ports that nobody listens on, for nodes that benchmarks and tests start. */
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, so that a port stays free while its node is down. */
const FIRST = 20_000;
const LAST = 32_000;

const handedOut = new Set<number>();

/** Ports of 127.0.0.1 that nobody listens on, drawn at random, and on Linux claimed: no other process that draws ports gets them. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (handedOut.has(port) || !(await isFree(port)) || !(await claim(port))) continue;
    handedOut.add(port);
    ports.push(port);
  }
  return ports;
}

/**
 * Until this process ends: a port is free as well while its node has not been started yet, or is down. Names of Linux's abstract sockets
 * leave nothing behind.
 */
function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true);
  const holder = createServer();
  return new Promise((resolve) => {
    holder.once('error', () => resolve(false));
    holder.listen({ path: `\0dcache-port-${port}` }, () => {
      holder.unref();
      resolve(true);
    });
  });
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
