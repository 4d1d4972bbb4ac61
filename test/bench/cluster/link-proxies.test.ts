/** A link between two nodes, both of them sockets of this process: the one that connects is n1, the one that listens n2. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePorts } from '../../../src/bench/cluster/free-ports.js';
import { LinkProxies } from '../../../src/bench/cluster/link-proxies.js';
import { until } from '../../support/until.js';

const HELD = { type: 'held' } as const;
const OPEN = { type: 'open' } as const;

class End {
  received = '';
  closed = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => (this.received += text));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  async has(text: string): Promise<void> {
    await until(`"${text}" arrives`, () => this.received.endsWith(text));
  }
}

async function cut(node: string, other: string): Promise<void> {
  await Promise.all([proxies.set(node, other, HELD), proxies.set(other, node, HELD)]);
}

let server: Server;
let port = 0;
let proxies: LinkProxies;
let one: End;
let two: End;

// Skipped elsewhere: a proxy reads in /proc whose a connection is, and Linux alone has all of 127.0.0.0/8.
describe.runIf(process.platform === 'linux')('a link', () => {
  beforeEach(async () => {
    const [clientPort = 0, controlPort = 0, dataPort = 0] = await freePorts(3);
    port = dataPort;
    const place = { nodeId: 'n2', host: '127.0.1.2', advertisedHost: '127.0.2.2', clientPort, controlPort, dataPort };
    proxies = new LinkProxies();
    await proxies.open([place], () => new Map([['n1', process.pid]]));
    server = createServer((socket) => (two = new End(socket))).listen(dataPort, '127.0.1.2');
    const accepted = once(server, 'connection');
    one = new End(connect(dataPort, '127.0.2.2'));
    await accepted;
    one.socket.write('hello');
    await two.has('hello');
  });

  afterEach(async () => {
    one.socket.destroy();
    two.socket.destroy();
    await proxies.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test('passes bytes both ways, and the end of a connection', async () => {
    two.socket.write('welcome');
    await one.has('welcome');
    one.socket.end('bye');
    await two.has('bye');
    await until('both ends are closed', () => one.closed && two.closed);
  });

  test('holds back one way and lets the other through', async () => {
    await proxies.set('n1', 'n2', HELD);
    one.socket.write(' held');
    two.socket.write('passes');
    await one.has('passes');
    expect(two.received).toBe('hello');
    await proxies.set('n1', 'n2', OPEN);
    await two.has('hello held');
  });

  test('cut, lets nothing through until it is mended, then everything in order', async () => {
    await cut('n1', 'n2');
    for (let i = 0; i < 50; i++) one.socket.write(String(i % 10));
    two.socket.write('held as well');
    await Promise.all([proxies.set('n1', 'n2', OPEN), proxies.set('n2', 'n1', OPEN)]);
    await Promise.all([two.has('0123456789'.repeat(5)), one.has('held as well')]);
  });

  test('does not touch connections of others', async () => {
    await cut('n3', 'n2');
    one.socket.write('!');
    await two.has('!');
  });

  test('slow, takes its time and keeps the order', async () => {
    const latencies = [60, 0, 30];
    await proxies.set('n1', 'n2', { type: 'slow', latencyMs: () => latencies.shift() ?? 0, bytesPerMs: 1_000 });
    const sentAtMs = performance.now();
    for (const text of ['a', 'b', 'c']) {
      one.socket.write(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await two.has('abc');
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(59);
  });

  test('slow, lets no more through than its bandwidth', async () => {
    await proxies.set('n1', 'n2', { type: 'slow', latencyMs: () => 0, bytesPerMs: 10_000 });
    const sentAtMs = performance.now();
    one.socket.write('x'.repeat(1_500_000));
    await until('all has arrived', () => two.received.length === 1_500_005);
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(149);
  });

  test('reset, ends its connections, and may be opened anew', async () => {
    expect(proxies.reset('n1', 'n3')).toBe(0);
    expect(proxies.reset('n2', 'n1')).toBe(1);
    await until('both ends are closed', () => one.closed && two.closed);
    const accepted = once(server, 'connection');
    one = new End(connect(port, '127.0.2.2'));
    await accepted;
    one.socket.write('again');
    await two.has('again');
  });
});
