import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts, isFree } from '../../../src/bench/cluster/free-ports.js';

test('ports are free, and no two are the same', async () => {
  const ports = await freePorts(50);
  expect(new Set(ports).size).toBe(50);
  expect(await Promise.all(ports.map(isFree))).not.toContain(false);
});

// Elsewhere there are no abstract sockets, and ports are only unlikely to meet.
test.skipIf(process.platform !== 'linux')('a port is claimed: another process cannot claim it as well', async () => {
  const [port = 0] = await freePorts(1);
  const program = `require('node:net').createServer().once('error', (error) => console.log(error.code)).listen('\\0dcache-port-${port}', () => process.exit())`;
  expect(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })).toBe('EADDRINUSE\n');
});

test('a port where somebody listens is not free', async () => {
  const [port = 0] = await freePorts(1);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await isFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});
