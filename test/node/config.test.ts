import { describe, expect, test } from 'vitest';
import { DEFAULT_MODE } from '../../src/cluster/default-layout.js';
import { isExposed, resolveConfig } from '../../src/node/config.js';
import type { NodeOptions } from '../../src/node/node-options.js';

const resolve = (options: NodeOptions = {}, place = 1): ReturnType<typeof resolveConfig> =>
  resolveConfig({ mode: 'raft', ...options }, place);

describe('without options', () => {
  test('a node has everything from its place of the default layout', () => {
    expect(resolve({}, 2)).toMatchObject({
      mode: 'raft',
      nodeId: 'n2',
      clientListen: '127.0.0.1:7102',
      controlListen: '127.0.0.1:7202',
      httpListen: '127.0.0.1:7402',
      advertiseHost: '127.0.0.1',
      dataFolder: '.dcache/raft/n2',
      timings: { tickMs: 50, heartbeatTicks: 2, electionTicks: 6 },
    });
  });

  test('the first members are n1, n2 and n3', () => {
    expect(resolve().founders).toEqual([
      { nodeId: 'n1', controlAddress: '127.0.0.1:7201' },
      { nodeId: 'n2', controlAddress: '127.0.0.1:7202' },
      { nodeId: 'n3', controlAddress: '127.0.0.1:7203' },
    ]);
  });
});

test('without a mode it is the default one', () => {
  expect(resolveConfig({}, 1).mode).toBe(DEFAULT_MODE);
});

test('a node that listens elsewhere is found there by itself', () => {
  const { founders } = resolve({ controlListen: '127.0.0.1:9999', nodes: 2 });
  expect(founders.map(({ controlAddress }) => controlAddress)).toEqual(['127.0.0.1:9999', '127.0.0.1:7202']);
});

test('a layout of its own is taken as it is given', () => {
  const config = resolve({
    id: 'left',
    listen: '10.0.0.1:1',
    controlListen: '10.0.0.1:2',
    httpListen: 'off',
    peers: ['left=10.0.0.1:2', 'right=[fd00::1]:2'],
    dataDir: '/data',
  });
  expect(config).toMatchObject({
    nodeId: 'left',
    httpListen: undefined,
    advertiseHost: '10.0.0.1',
    dataFolder: '/data',
  });
  expect(config.founders).toEqual([
    { nodeId: 'left', controlAddress: '10.0.0.1:2' },
    { nodeId: 'right', controlAddress: '[fd00::1]:2' },
  ]);
});

test('an advertised IPv6 address is put into brackets once', () => {
  expect(resolve({ advertiseHost: 'fd00::1' }).advertiseHost).toBe('[fd00::1]');
  expect(resolve({ advertiseHost: '[fd00::1]' }).advertiseHost).toBe('[fd00::1]');
});

test('a node that can be reached from elsewhere knows', () => {
  expect(isExposed(resolve())).toBe(false);
  expect(isExposed(resolve({ listen: '10.0.0.1:7101' }))).toBe(true);
  expect(isExposed(resolve({ controlListen: '10.0.0.1:7201' }))).toBe(true);
});

test.each<[NodeOptions, RegExp]>([
  [{ mode: 'mirror' }, /^--mode is "mirror"; it must be raft or ecc$/],
  [{ id: 'N 1' }, /^--id is "N 1"; it must be lower-case letters, digits and dashes/],
  [{ listen: 'here' }, /^--listen is "here"; it must be host:port/],
  [{ controlListen: '127.0.0.1:70000' }, /^--control-listen is "127.0.0.1:70000"/],
  [{ httpListen: 'no' }, /^--http-listen is "no"; it must be host:port, or off$/],
  [{ nodes: 0 }, /^--nodes is "0"; it must be a whole number from 1 to 63$/],
  [{ nodes: 64 }, /^--nodes is "64"/],
  [{ nodes: 3, peers: ['n1=127.0.0.1:1'] }, /^--nodes and --peers exclude each other/],
  [{ peers: ['n1'] }, /^--peers is "n1"; it must be id=host:port/],
  [{ peers: ['n1=a:1', 'n1=b:1'] }, /^--peers names a node twice$/],
  [{ peers: Array.from({ length: 64 }, (_, i) => `n${i}=a:1`) }, /^--peers names 64 nodes, at most 63/],
  [{ listen: '0.0.0.0:7101' }, /^listening on 0.0.0.0 needs --advertise-host/],
  [{ logLevel: 'loud' }, /^--log-level is "loud"; it must be debug, info, warn, error or fatal$/],
  [{ logFormat: 'xml' }, /^--log-format is "xml"; it must be /],
  [{ tickMs: 1 }, /^--tick-ms is "1"; it must be a whole number from 5 to 10000$/],
  [{ electionTicks: 3, heartbeatTicks: 2 }, /^election-ticks \(3\) must be at least twice heartbeat-ticks \(2\)$/],
])('%j is refused', (options, message) => {
  expect(() => resolve(options)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string }),
  );
});

test('a wrong option from a file is called by file, line and field', () => {
  const options = { tickMs: 1, origins: { tickMs: 'dcache.yaml, line 3: tickMs' } };
  expect(() => resolve(options)).toThrow(
    'dcache.yaml, line 3: tickMs is "1"; it must be a whole number from 5 to 10000',
  );
});
