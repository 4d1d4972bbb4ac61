import { describe, expect, test } from 'vitest';
import { isExposed, resolveConfig, type NodeConfig } from '../../src/node/config.js';
import type { NodeOptions } from '../../src/node/node-options.js';

const resolve = (options: NodeOptions = {}, place = 1): NodeConfig => resolveConfig({ mode: 'ecc', ...options }, place);

describe('without options', () => {
  test('there are five nodes with RS(3, 2), and a data port at each place', () => {
    const { founders, dataFolder, ecc } = resolve({}, 2);
    expect(founders.map(({ nodeId }) => nodeId)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
    expect(dataFolder).toBe('.dcache/ecc/n2');
    expect(ecc).toMatchObject({ k: 3, m: 2, dataListen: '127.0.0.1:7302' });
  });

  test('the lease is shorter than what a silent node is given, and the election is that of Raft', () => {
    expect(resolve({ tickMs: 100, electionTicks: 8 }).ecc?.timings).toEqual({
      heartbeatMs: 100,
      leaseMs: 500,
      driftPercent: 10,
      heartbeatTimeoutMs: 700,
      linkTimeoutMs: 1_500,
      minElectionTimeoutMs: 800,
    });
  });
});

test.each([
  [1, 1, 0],
  [2, 2, 0],
  [3, 2, 1],
  [4, 3, 1],
  [7, 5, 2],
])('%d nodes have RS(%d, %d)', (nodes, k, m) => {
  expect(resolve({ nodes }).ecc).toMatchObject({ k, m });
});

test('a code that is named decides how many nodes there are, unless that is named as well', () => {
  expect(resolve({ k: 4, m: 2 }).founders).toHaveLength(6);
  expect(resolve({ k: 2, m: 1, nodes: 5 })).toMatchObject({ ecc: { k: 2, m: 1 } });
  expect(resolve({ k: 2, m: 1, nodes: 5 }).founders).toHaveLength(5);
});

test('what is sent to learners has no limit unless one is given', () => {
  expect(resolve({}).ecc?.recoveryRate).toBe(Infinity);
  expect(resolve({ recoveryRate: '50mb' }).ecc?.recoveryRate).toBe(50 * 1024 * 1024);
});

test('nodes of a layout of their own are counted for the code', () => {
  const peers = ['a=h:1', 'b=h:2', 'c=h:3'];
  expect(resolve({ id: 'a', peers }).ecc).toMatchObject({ k: 2, m: 1 });
});

test('a node whose data port can be reached from elsewhere knows', () => {
  expect(isExposed(resolve())).toBe(false);
  expect(isExposed(resolve({ dataListen: '10.0.0.1:7301' }))).toBe(true);
});

test.each<[NodeOptions, RegExp]>([
  [{ k: 3 }, /^--k is "3"; it must be given together with --m/],
  [{ m: 2 }, /^--m is "2"; it must be given together with --k/],
  [{ k: 0, m: 0 }, /^RS\(0, 0\): k must be a whole number from 1$/],
  [{ k: 2, m: 2 }, /^RS\(2, 2\): k must be a majority of the 4 nodes: choose m below k$/],
  [{ k: 3, m: 2, nodes: 4 }, /^RS\(3, 2\): needs 5 nodes, there are 4/],
  [{ k: 25, m: 2 }, /^RS\(25, 2\): k is at most 24$/],
  [{ k: 7, m: 7, nodes: 14 }, /^RS\(7, 7\): m is at most 6$/],
  [{ dataListen: 'there' }, /^--data-listen is "there"; it must be host:port/],
  [{ leaseMs: 200 }, /^leaseMs \(200\) must be at least three heartbeats \(300 ms\)$/],
  [{ heartbeatTimeoutMs: 550 }, /^heartbeatTimeoutMs \(550\) must be above leaseMs with drift \(550 ms\)$/],
  [{ linkTimeoutMs: 700 }, /^linkTimeoutMs \(700\) must be above heartbeatTimeoutMs \(700\)$/],
  [{ driftPercent: 51 }, /^--drift-percent is "51"; it must be a whole number from 0 to 50$/],
  [{ tickMs: 10, hangMs: 1_000 }, /^the minimum election timeout \(60 ms\) must be at least two heartbeats/],
  [
    { maxMemory: '14mb' },
    /^--max-memory is "14680064"; it must be 15mb at least for RS\(3, 2\), whose nodes hold 9 partitions each/,
  ],
  [{ maxMemory: '5mb' }, /^--max-memory is "5242880"; it must be 15mb at least for RS\(3, 2\)/],
  [{ k: 20, m: 4, maxMemory: '100mb' }, /^--max-memory is "104857600"; it must be 108mb at least for RS\(20, 4\)/],
  [{ maxMemory: 'off', eviction: 'lru' }, /^--eviction is "lru"; it must be noeviction as long as/],
  [
    { recoveryRate: 'fast' },
    /^--recovery-rate is "fast"; it must be off, or bytes a second of at least 64kb, like 50mb$/,
  ],
  [{ recoveryRate: 1_000 }, /^--recovery-rate is "1000"/],
])('%j is refused', (options, message) => {
  expect(() => resolve(options)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string }),
  );
});

test('more memory is never refused where less is allowed', () => {
  const isAllowed = (mib: number): boolean => {
    try {
      resolve({ maxMemory: `${mib}mb` });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      return false;
    }
  };
  const allowed = Array.from({ length: 40 }, (_, i) => i + 1).filter(isAllowed);
  expect(allowed).toEqual(Array.from({ length: 26 }, (_, i) => i + 15));
});

test.each<[NodeOptions, RegExp]>([
  [{ k: 3, m: 2 }, /^--k is "3"; it must be left out in raft mode: it is for --mode ecc$/],
  [{ dataListen: '127.0.0.1:1' }, /^--data-listen is/],
  [{ leaseMs: 500 }, /^--lease-ms is "500"/],
])('%j is refused in raft mode, where it is without effect', (options, message) => {
  expect(() => resolveConfig({ mode: 'raft', ...options }, 1)).toThrow(message);
});
