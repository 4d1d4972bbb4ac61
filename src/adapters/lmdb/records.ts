/**
 * Names and bytes of everything in the log's database, in one place. All integers are big-endian, so that keys sort by index.
 *
 *   key                          value, after the CRC-32C (4 bytes) of key and value
 *   'e' index:u64                entry: type:u8 term:u64 data
 *   'm' 'format'                 u32, FORMAT_VERSION
 *   'm' 'base'                   index:u64 term:u64
 *   'm' 'hard-state'             term:u64 vote:u64 commit:u64
 *   'm' 'snapshot'               index:u64 term:u64 membership-length:u32 membership:JSON description
 *   'm' 'journal'                id:u64 of the present round of the journal (journal.ts), length of its file:u64
 *   'm' 'identity' | 'owner'     JSON
 *
 * The checksum covers the key, so that a record found under the wrong index is as wrong as one with a flipped bit. A change of
 * any of this raises FORMAT_VERSION; there is one database per node, so nothing is ever read by two versions at a time.
 */
import { crc32c } from '../../base/crc32c.js';
import { isClusterId, isNodeId, isRaftId } from '../../base/ids.js';
import type { LogIdentity } from '../../raft/log-store.js';
import type { ConfState, Entry, EntryType, HardState, Snapshot } from '../../raft/types.js';

export const FORMAT_VERSION = 2;

const CHECKSUM_BYTES = 4;
const ENTRY_PREFIX = 0x65; // 'e'
const ENTRY_HEADER_BYTES = CHECKSUM_BYTES + 1 + 8;
const ENTRY_TYPES = ['normal', 'conf-change', 'conf-change-v2'] as const satisfies readonly EntryType[];
const U32 = 2 ** 32;

const metaKey = (name: string): Buffer => Buffer.from(`m${name}`, 'latin1');

export const KEYS = {
  format: metaKey('format'),
  base: metaKey('base'),
  hardState: metaKey('hard-state'),
  snapshot: metaKey('snapshot'),
  identity: metaKey('identity'),
  owner: metaKey('owner'),
  journal: metaKey('journal'),
  /** Every entry's key is at least this and below `entriesEnd`. */
  entriesStart: Buffer.from([ENTRY_PREFIX]),
  entriesEnd: Buffer.from([ENTRY_PREFIX + 1]),
} as const;

/** What the database says of the journal. */
export interface JournalRound {
  readonly id: number;
  readonly fileBytes: number;
}

/** A record that is not what was written. The message follows "the record of X". */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord';
}

export function entryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = ENTRY_PREFIX;
  writeU64(key, 1, index);
  return key;
}

export function indexOfEntryKey(key: Uint8Array): number {
  if (key.length !== 9) throw new DamagedRecord('has a key of the wrong length');
  return readU64(asBuffer(key), 1);
}

/** Whether `value` is what was once written under `key`. */
export function isSealed(key: Uint8Array, value: Buffer): boolean {
  return value.length >= CHECKSUM_BYTES && value.readUInt32BE(0) === checksum(key, value);
}

/** A new buffer; `entry.data` is copied. */
export function encodeEntry(key: Uint8Array, entry: Entry): Buffer {
  const value = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + entry.data.length);
  value[CHECKSUM_BYTES] = ENTRY_TYPES.indexOf(entry.type);
  writeU64(value, CHECKSUM_BYTES + 1, entry.term);
  value.set(entry.data, ENTRY_HEADER_BYTES);
  return seal(key, value);
}

/** Shares the memory of `value`, which must be the caller's own. @throws DamagedRecord */
export function decodeEntry(key: Uint8Array, value: Buffer): Entry {
  checkSeal(key, value, ENTRY_HEADER_BYTES);
  const type = ENTRY_TYPES[value[CHECKSUM_BYTES] ?? ENTRY_TYPES.length];
  if (type === undefined) throw new DamagedRecord('has an unknown entry type');
  return {
    index: indexOfEntryKey(key),
    term: readU64(value, CHECKSUM_BYTES + 1),
    type,
    data: value.subarray(ENTRY_HEADER_BYTES),
  };
}

export function encodeFormat(version: number): Buffer {
  const value = Buffer.alloc(CHECKSUM_BYTES + 4);
  value.writeUInt32BE(version, CHECKSUM_BYTES);
  return seal(KEYS.format, value);
}

/** @throws DamagedRecord */
export function decodeFormat(value: Buffer): number {
  checkSeal(KEYS.format, value, CHECKSUM_BYTES + 4);
  return value.readUInt32BE(CHECKSUM_BYTES);
}

export function encodeBase(base: { readonly index: number; readonly term: number }): Buffer {
  return encodeIntegers(KEYS.base, [base.index, base.term]);
}

/** @throws DamagedRecord */
export function decodeBase(value: Buffer): { readonly index: number; readonly term: number } {
  const [index = 0, term = 0] = decodeIntegers(KEYS.base, value, 2);
  return { index, term };
}

export function encodeRound({ id, fileBytes }: JournalRound): Buffer {
  return encodeIntegers(KEYS.journal, [id, fileBytes]);
}

/** @throws DamagedRecord */
export function decodeRound(value: Buffer): JournalRound {
  const [id = 0, fileBytes = 0] = decodeIntegers(KEYS.journal, value, 2);
  return { id, fileBytes };
}

export function encodeHardState(state: HardState): Buffer {
  return encodeIntegers(KEYS.hardState, [state.term, state.vote, state.commit]);
}

/** @throws DamagedRecord */
export function decodeHardState(value: Buffer): HardState {
  const [term = 0, vote = 0, commit = 0] = decodeIntegers(KEYS.hardState, value, 3);
  return { term, vote, commit };
}

export function encodeSnapshot({ metadata, data }: Snapshot): Buffer {
  const membership = Buffer.from(JSON.stringify(metadata.confState));
  const head = Buffer.alloc(CHECKSUM_BYTES + 8 + 8 + 4);
  writeU64(head, CHECKSUM_BYTES, metadata.index);
  writeU64(head, CHECKSUM_BYTES + 8, metadata.term);
  head.writeUInt32BE(membership.length, CHECKSUM_BYTES + 16);
  return seal(KEYS.snapshot, Buffer.concat([head, membership, data]));
}

/** Shares the memory of `value`. @throws DamagedRecord */
export function decodeSnapshot(value: Buffer): Snapshot {
  const headBytes = CHECKSUM_BYTES + 8 + 8 + 4;
  checkSeal(KEYS.snapshot, value, headBytes);
  const membershipEnd = headBytes + value.readUInt32BE(CHECKSUM_BYTES + 16);
  const confState = parseJson(value.subarray(headBytes, membershipEnd));
  if (!isConfState(confState)) throw new DamagedRecord('has no membership');
  return {
    metadata: { index: readU64(value, CHECKSUM_BYTES), term: readU64(value, CHECKSUM_BYTES + 8), confState },
    data: value.subarray(membershipEnd),
  };
}

export function encodeIdentity(identity: LogIdentity): Buffer {
  return encodeJson(KEYS.identity, identity);
}

/** @throws DamagedRecord */
export function decodeIdentity(value: Buffer): LogIdentity {
  const parsed = decodeJson(KEYS.identity, value);
  if (!isRecord(parsed)) throw new DamagedRecord('is not an identity');
  const { nodeId, raftId, mode, clusterId } = parsed;
  if (typeof nodeId !== 'string' || !isNodeId(nodeId)) throw new DamagedRecord('has no node id');
  if (typeof raftId !== 'number' || !isRaftId(raftId)) throw new DamagedRecord('has no raft id');
  if (mode !== 'raft' && mode !== 'ecc') throw new DamagedRecord('has no mode');
  if (clusterId === undefined) return { nodeId, raftId, mode, clusterId: undefined };
  if (typeof clusterId !== 'string' || !isClusterId(clusterId)) throw new DamagedRecord('has no cluster id');
  return { nodeId, raftId, mode, clusterId };
}

/** A value of plain JSON under `key`. */
export function encodeJson(key: Uint8Array, value: unknown): Buffer {
  return seal(key, Buffer.concat([Buffer.alloc(CHECKSUM_BYTES), Buffer.from(JSON.stringify(value))]));
}

/** @throws DamagedRecord */
export function decodeJson(key: Uint8Array, value: Buffer): unknown {
  checkSeal(key, value, CHECKSUM_BYTES);
  return parseJson(value.subarray(CHECKSUM_BYTES));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function encodeIntegers(key: Uint8Array, integers: readonly number[]): Buffer {
  const value = Buffer.alloc(CHECKSUM_BYTES + 8 * integers.length);
  for (const [i, integer] of integers.entries()) writeU64(value, CHECKSUM_BYTES + 8 * i, integer);
  return seal(key, value);
}

function decodeIntegers(key: Uint8Array, value: Buffer, count: number): number[] {
  checkSeal(key, value, CHECKSUM_BYTES + 8 * count);
  return Array.from({ length: count }, (_, i) => readU64(value, CHECKSUM_BYTES + 8 * i));
}

/** Fills in the first four bytes. */
function seal(key: Uint8Array, value: Buffer): Buffer {
  value.writeUInt32BE(checksum(key, value), 0);
  return value;
}

function checkSeal(key: Uint8Array, value: Buffer, minimumBytes: number): void {
  if (value.length < minimumBytes) throw new DamagedRecord(`is cut off after ${value.length} bytes`);
  if (value.readUInt32BE(0) !== checksum(key, value)) throw new DamagedRecord('has a wrong checksum');
}

function checksum(key: Uint8Array, value: Buffer): number {
  return crc32c(value.subarray(CHECKSUM_BYTES), crc32c(key));
}

function writeU64(target: Buffer, at: number, integer: number): void {
  target.writeUInt32BE(Math.floor(integer / U32), at);
  target.writeUInt32BE(integer % U32, at + 4);
}

function readU64(source: Buffer, at: number): number {
  const integer = source.readUInt32BE(at) * U32 + source.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(integer)) throw new DamagedRecord('has an integer beyond 2^53');
  return integer;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new DamagedRecord('is not JSON', { cause: error });
  }
}

function isConfState(value: unknown): value is ConfState {
  if (!isRecord(value)) return false;
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = value;
  return [voters, votersOutgoing, learners, learnersNext].every(isIdList) && typeof autoLeave === 'boolean';
}

function isIdList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((id) => typeof id === 'number' && isRaftId(id));
}
