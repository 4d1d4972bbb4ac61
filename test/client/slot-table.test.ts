import { beforeEach, expect, test } from 'vitest';
import { SlotTable } from '../../src/client/slot-table.js';
import type { KvRequest } from '../../src/store/requests.js';
import { eccTopology, raftTopology } from '../support/topology.js';

const get = (key: string): KvRequest => ({ type: 'get', key: new TextEncoder().encode(key) });
/** Slots 0..4095 are the first partition's, and so on. 'foo' has slot 12182, 'bar' 5061, as in Redis Cluster. */
const PRIMARIES = ['n1:1', 'n2:1', 'n2:2', 'n3:1'];

let table: SlotTable;

beforeEach(() => {
  table = new SlotTable();
  table.learn(eccTopology([], 2, PRIMARIES, 5));
});

test('a key has the primary of its slot, keys with one tag have one', () => {
  expect(table.primaryFor(get('bar'))).toBe('n2:1');
  expect(table.primaryFor(get('foo'))).toBe('n2:2');
  expect(table.primaryFor(get('{foo}.1'))).toBe('n2:2');
});

test('nothing is known of what is not about one key, nor in raft mode', () => {
  expect(table.primaryFor({ type: 'count' })).toBeUndefined();
  const empty = new SlotTable();
  expect(empty.learn(raftTopology(['n1:1'], 'n1:1'))).toBe(false);
  expect(empty.primaryFor(get('foo'))).toBeUndefined();
});

test('an older map is not believed, one as new is', () => {
  expect(table.learn(eccTopology([], 2, ['a:1', 'a:1', 'a:1', 'a:1'], 4))).toBe(false);
  expect(table.primaryFor(get('foo'))).toBe('n2:2');
  expect(table.learn(eccTopology([], 2, ['a:1', 'a:1', 'a:1', 'a:1'], 5))).toBe(true);
  expect(table.primaryFor(get('foo'))).toBe('a:1');
});

test('what is forgotten is learned from whoever knows it next', () => {
  table.forget('n2:2');
  expect(table.primaryFor(get('foo'))).toBeUndefined();
  expect(table.primaryFor(get('bar'))).toBe('n2:1');
  expect(table.names('n2:2')).toBe(false);
  table.learn(eccTopology([], 2, PRIMARIES, 1));
  expect(table.primaryFor(get('foo'))).toBe('n2:2');
});

test('what makes no sense is not taken, an address that is none counts as unknown', () => {
  expect(table.learn(eccTopology([], 3, PRIMARIES, 9))).toBe(false);
  table.learn(eccTopology([], 2, ['n1:1', 'n2:1', 'nowhere', ''], 9));
  expect(table.primaryFor(get('foo'))).toBeUndefined();
});
