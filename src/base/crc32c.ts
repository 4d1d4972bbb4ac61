/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) of bytes on disk and on the wire. Finds accidents, not attacks.
 * Eight tables are looked up per step ("slicing by 8", Kounavis and Berry 2005), about three times as fast as bytewise.
 */

const POLYNOMIAL_REFLECTED = 0x82f63b78;
const SLICES = 8;

/** Table s holds the CRC of each byte value followed by s zero bytes. */
const TABLES = buildTables();

function buildTables(): Uint32Array {
  const tables = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL_REFLECTED : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256] ?? 0;
    tables[i] = (shorter >>> 8) ^ (tables[shorter & 0xff] ?? 0);
  }
  return tables;
}

/**
 * CRC-32C of `bytes`, borrowed during the call, as an unsigned 32-bit integer.
 * @param previous CRC of the bytes before these, to compute one checksum over several pieces
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  let at = 0;
  for (const end = bytes.length - (bytes.length % SLICES); at < end; at += SLICES) {
    crc ^=
      byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    crc =
      slice(7, crc & 0xff) ^
      slice(6, (crc >>> 8) & 0xff) ^
      slice(5, (crc >>> 16) & 0xff) ^
      slice(4, crc >>> 24) ^
      slice(3, byteAt(bytes, at + 4)) ^
      slice(2, byteAt(bytes, at + 5)) ^
      slice(1, byteAt(bytes, at + 6)) ^
      slice(0, byteAt(bytes, at + 7));
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ slice(0, (crc ^ byteAt(bytes, at)) & 0xff);
  return ~crc >>> 0;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function slice(table: number, byte: number): number {
  return TABLES[table * 256 + byte] ?? 0;
}
