/**
 * Reads what a ByteWriter wrote, from bytes that may come from anywhere: every read is checked against the end, and
 * {@link MalformedBytes} says where it went wrong.
 */

/** The bytes are not of the expected format. Whoever knows where they come from turns it into an error of the table. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
}

export class ByteReader {
  private readonly bytes: Uint8Array;
  private position = 0;

  /** Borrows `bytes` for as long as it, or anything it returned, is used. */
  constructor(bytes: Uint8Array) {
    // A Buffer would hand out Buffers, whose slice() does not copy.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  uint8(): number {
    const value = this.bytes[this.position];
    if (value === undefined) throw new MalformedBytes(`ends at byte ${this.position}`);
    this.position++;
    return value;
  }

  /** The byte that uint8 would give; undefined at the end. */
  peek(): number | undefined {
    return this.bytes[this.position];
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.uint8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new MalformedBytes(`integer too large at byte ${this.position}`);
  }

  /** Signed. */
  int32(): number {
    const part = this.raw(4);
    return (part[0] ?? 0) | ((part[1] ?? 0) << 8) | ((part[2] ?? 0) << 16) | ((part[3] ?? 0) << 24);
  }

  int64(): bigint {
    const part = this.raw(8);
    return new DataView(part.buffer, part.byteOffset, 8).getBigInt64(0, true);
  }

  float64(): number {
    const part = this.raw(8);
    return new DataView(part.buffer, part.byteOffset, 8).getFloat64(0, true);
  }

  /** Skips the zeros that ByteWriter.align wrote. */
  align(unitBytes: number): void {
    const padding = this.raw((unitBytes - (this.position % unitBytes)) % unitBytes);
    if (padding.some((byte) => byte !== 0)) throw new MalformedBytes(`padding is not zero at byte ${this.position}`);
  }

  /** A view into the bytes read from. */
  lengthAndBytes(): Uint8Array {
    return this.raw(this.varint());
  }

  /** A view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    if (count > this.remaining)
      throw new MalformedBytes(`${count} bytes wanted at byte ${this.position}, ${this.remaining} left`);
    const part = this.bytes.subarray(this.position, this.position + count);
    this.position += count;
    return part;
  }

  /** Throws unless everything has been read. */
  end(): void {
    if (this.remaining > 0) throw new MalformedBytes(`${this.remaining} bytes too many`);
  }
}
