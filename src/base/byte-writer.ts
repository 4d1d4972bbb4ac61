/**
 * Appends integers and byte strings to a buffer that grows by doubling. For the formats of our own that have to be
 * fast (log entries, Raft messages); everything that a client sees is protobuf.
 *
 * Integers are varints (LEB128: seven bits a byte, lowest first) of non-negative safe integers.
 */
export class ByteWriter {
  private bytes: Uint8Array<ArrayBuffer>;
  private used = 0;

  constructor(initialBytes = 256) {
    this.bytes = new Uint8Array(Math.max(16, initialBytes));
  }

  get length(): number {
    return this.used;
  }

  uint8(value: number): this {
    this.reserve(1);
    this.bytes[this.used++] = value;
    return this;
  }

  /** A non-negative safe integer, in 1 to 8 bytes. */
  varint(value: number): this {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`not a non-negative integer: ${value}`);
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.used++] = rest;
    return this;
  }

  /** The lowest 32 bits, 4 bytes, little-endian. */
  int32(value: number): this {
    this.reserve(4);
    this.bytes[this.used++] = value;
    this.bytes[this.used++] = value >>> 8;
    this.bytes[this.used++] = value >>> 16;
    this.bytes[this.used++] = value >>> 24;
    return this;
  }

  /** A signed 64-bit integer, 8 bytes, little-endian. */
  int64(value: bigint): this {
    this.reserve(8);
    new DataView(this.bytes.buffer).setBigInt64(this.used, value, true);
    this.used += 8;
    return this;
  }

  /** 8 bytes, little-endian. For what may be above the safe integers, infinite or negative. */
  float64(value: number): this {
    this.reserve(8);
    new DataView(this.bytes.buffer).setFloat64(this.used, value, true);
    this.used += 8;
    return this;
  }

  /** Zeros up to the next multiple of `unitBytes`, counted from the first byte that was written. */
  align(unitBytes: number): this {
    const padding = (unitBytes - (this.used % unitBytes)) % unitBytes;
    this.reserve(padding);
    this.bytes.fill(0, this.used, this.used + padding);
    this.used += padding;
    return this;
  }

  /** Length, then the bytes, copied. */
  lengthAndBytes(value: Uint8Array): this {
    this.varint(value.length);
    return this.raw(value);
  }

  /** The bytes alone, copied. */
  raw(value: Uint8Array): this {
    this.reserve(value.length);
    this.bytes.set(value, this.used);
    this.used += value.length;
    return this;
  }

  /** What has been written, in a buffer of exactly that size which the caller owns. The writer is empty afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    const exact = this.used === this.bytes.length ? this.bytes : this.bytes.slice(0, this.used);
    this.bytes = new Uint8Array(16);
    this.used = 0;
    return exact;
  }

  /** What has been written so far, borrowed until the next call. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.used);
  }

  /** Starts anew in the memory that it has. */
  clear(): void {
    this.used = 0;
  }

  /**
   * What has been written, as a view that begins at the first byte of a buffer which may be larger; the caller owns both. Saves
   * the copy where the size could be told beforehand, nearly. The writer is empty afterwards.
   */
  finishView(): Uint8Array<ArrayBuffer> {
    const written = this.bytes.subarray(0, this.used);
    this.bytes = new Uint8Array(16);
    this.used = 0;
    return written;
  }

  private reserve(count: number): void {
    const needed = this.used + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.used));
    this.bytes = grown;
  }
}
