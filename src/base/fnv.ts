/** FNV-1a, 32 bits: a digest for comparing states in tests and lists in handshakes. Not for secrets, nor for hash tables. */
export class Fnv32 {
  private hash = 0x811c9dc5;

  bytes(bytes: Uint8Array): this {
    let hash = this.hash;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    this.hash = hash;
    return this;
  }

  /** Any number, as its eight bytes. */
  number(value: number): this {
    return this.bytes(new Uint8Array(Float64Array.of(value).buffer));
  }

  text(text: string): this {
    return this.bytes(new TextEncoder().encode(text)).number(text.length);
  }

  hex(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0');
  }
}
