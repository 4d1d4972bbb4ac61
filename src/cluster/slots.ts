/**
 * Slots: where a key belongs. Computed exactly as Redis Cluster does (cluster specification, "Key distribution model" and
 * "Hash tags"), so that keys with the same {tag} are together and people can predict where a key is.
 */
import type { PartitionName } from './cluster-map.js';

export const SLOT_COUNT = 16_384;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** CRC-16/XMODEM: polynomial 0x1021, initial value 0, nothing reflected. */
const CRC16_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc & 0xffff;
});

/** CRC-16/XMODEM of bytes `from` to `to`, exclusive. */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0;
  for (let i = from; i < to; i++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16_TABLE[(crc >>> 8) ^ (bytes[i] ?? 0)] ?? 0);
  }
  return crc;
}

/** 0..SLOT_COUNT-1. Of what is between the first `{` and the next `}` if that is not empty, else of the whole key. */
export function slotOf(key: Uint8Array): number {
  const open = key.indexOf(OPEN_BRACE);
  const close = open < 0 ? -1 : key.indexOf(CLOSE_BRACE, open + 1);
  const tagged = close > open + 1;
  return (tagged ? crc16(key, open + 1, close) : crc16(key)) % SLOT_COUNT;
}

/**
 * The partition of a slot: slots are split evenly, in order, among the `groups` × `k` partitions.
 *
 * @param slot 0..SLOT_COUNT-1
 * @param groups from 1; @param k data positions of a group, from 1
 */
export function partitionOfSlot(slot: number, groups: number, k: number): PartitionName {
  const partition = Math.floor((slot * groups * k) / SLOT_COUNT);
  return { group: Math.floor(partition / k), position: partition % k };
}

/** The slots of a partition, both ends included; the inverse of {@link partitionOfSlot}. */
export function slotRange(
  partition: PartitionName,
  groups: number,
  k: number,
): { readonly first: number; readonly last: number } {
  const number = partition.group * k + partition.position;
  const firstOf = (index: number): number => Math.ceil((index * SLOT_COUNT) / (groups * k));
  return { first: firstOf(number), last: firstOf(number + 1) - 1 };
}
