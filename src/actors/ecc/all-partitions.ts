/**
 * Requests that concern all partitions, as requests for one partition each: count and flush ask all of them at a time, a page of
 * a scan one after the other, in order.
 *
 *   cursor of a scan := partition number(2 bytes, big-endian) cursor of its store      empty: from the beginning
 */
import { concatBytes, EMPTY_BYTES } from '../../base/bytes.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import type { KvReply, KvRequest, ScanEntry } from '../../store/requests.js';
import type { ScanReply, ScanRequest } from '../../store/scan-page.js';

const NUMBER_BYTES = 2;

/** Sends a request that names a partition on its way. */
export type Ask = (request: KvRequest) => Promise<KvReply>;

export async function countAll(partitions: number, ask: Ask): Promise<KvReply> {
  const replies = await Promise.all(eachPartition(partitions, (partition) => ask({ type: 'count', partition })));
  return { type: 'count', keys: replies.reduce((sum, reply) => sum + ('keys' in reply ? reply.keys : 0), 0) };
}

/** Rejects with OUTCOME_UNKNOWN when some partitions are empty now and others may not be. */
export async function flushAll(partitions: number, ask: Ask): Promise<KvReply> {
  const results = await Promise.allSettled(eachPartition(partitions, (partition) => ask({ type: 'flush', partition })));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [asDcacheError(result.reason)] : []));
  const [failure] = failures;
  if (failure !== undefined) {
    if (failures.length === partitions && failures.every(({ outcome }) => outcome === 'not-done')) throw failure;
    const told = `${failures.length} of ${partitions} partitions may not be flushed (${failure.message}); flush again`;
    throw new DcacheError('OUTCOME_UNKNOWN', told, { cause: failure });
  }
  const removed = results.reduce((sum, result) => {
    return sum + (result.status === 'fulfilled' && 'removed' in result.value ? result.value.removed : 0);
  }, 0);
  return { type: 'flush', removed };
}

/**
 * One page. Goes on to the next partition while there is room; with values only while nothing was found, since values make a
 * page of their own large enough.
 * @throws DcacheError INVALID_ARGUMENT for a cursor of another cluster.
 */
export async function scanAll(partitions: number, request: ScanRequest, ask: Ask): Promise<ScanReply> {
  const entries: ScanEntry[] = [];
  let { partition, cursor } = openPosition(request.cursor, partitions);
  for (;;) {
    const limit = request.limit - entries.length;
    const reply = await ask({ ...request, partition, cursor, limit });
    if (reply.type !== 'scan') throw new DcacheError('INTERNAL', `a scan was answered by ${reply.type}`);
    for (const entry of reply.entries) entries.push(entry);
    cursor = reply.cursor;
    if (cursor.length === 0) partition++;
    if (partition >= partitions) return { type: 'scan', entries, cursor: EMPTY_BYTES };
    const isFull = entries.length >= request.limit || (cursor.length > 0 && entries.length > 0);
    if (isFull || (request.withValues && entries.length > 0)) {
      return { type: 'scan', entries, cursor: concatBytes([numberBytes(partition), cursor]) };
    }
  }
}

function openPosition(position: Uint8Array, partitions: number): { partition: number; cursor: Uint8Array } {
  if (position.length === 0) return { partition: 0, cursor: EMPTY_BYTES };
  const [high = 0, low = 0] = position;
  const partition = high * 256 + low;
  if (position.length < NUMBER_BYTES || partition >= partitions) {
    throw new DcacheError('INVALID_ARGUMENT', 'the cursor is not one of this cluster; begin again with an empty one');
  }
  return { partition, cursor: position.subarray(NUMBER_BYTES) };
}

function numberBytes(partition: number): Uint8Array {
  return Uint8Array.of(partition >> 8, partition & 0xff);
}

function eachPartition<T>(partitions: number, act: (partition: number) => T): T[] {
  return Array.from({ length: partitions }, (_, partition) => act(partition));
}
