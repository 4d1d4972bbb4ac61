/**
 * The only two things that coding does to bytes, behind an interface: this room runs them in plain TypeScript, the codec
 * pool puts the native addon there. All kernels give the same bytes.
 */

/** A shard or scratch memory as a kernel sees it. Borrows the bytes; make it per call, it costs some 30 ns. */
export interface Block {
  readonly bytes: Uint8Array;
  /** The same memory in 32-bit words (a rest of 1 to 3 bytes left out), or null when it does not start on a word. */
  readonly words: Int32Array | null;
}

export interface XorKernel {
  readonly name: 'addon' | 'loop';
  /** What one call costs beyond its bytes, in bytes. Schedules weigh fewer calls against fewer bytes with it. */
  readonly callOverheadBytes: number;
  /** About how fast it XORs long packets, for estimates of time. */
  readonly bytesPerMicrosecond: number;
  /** target ^= source over `sizeBytes` bytes. The two ranges are within their blocks and do not overlap. */
  xor(source: Block, sourceOffset: number, target: Block, targetOffset: number, sizeBytes: number): void;
  /** target = source over `sizeBytes` bytes, under the same conditions. */
  copy(source: Block, sourceOffset: number, target: Block, targetOffset: number, sizeBytes: number): void;
}

export function blockOf(bytes: Uint8Array): Block {
  const isAligned = bytes.byteOffset % 4 === 0;
  return { bytes, words: isAligned ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2) : null };
}

/** Below this, copying word by word beats the fixed cost of TypedArray.set on a new subarray (measured, Node 20). */
const LOOP_COPY_BYTES = 64;

/** XOR by a loop over words, 2 to 4 GB/s; byte by byte, at a quarter of that, where packets do not start on words. */
export const loopKernel: XorKernel = {
  name: 'loop',
  callOverheadBytes: 32,
  bytesPerMicrosecond: 3_000,

  xor(source, sourceOffset, target, targetOffset, sizeBytes) {
    if (source.words !== null && target.words !== null && ((sourceOffset | targetOffset | sizeBytes) & 3) === 0) {
      xorWords(source.words, sourceOffset >>> 2, target.words, targetOffset >>> 2, sizeBytes >>> 2);
    } else {
      xorBytes(source.bytes, sourceOffset, target.bytes, targetOffset, sizeBytes);
    }
  },

  copy(source, sourceOffset, target, targetOffset, sizeBytes) {
    if (sizeBytes > LOOP_COPY_BYTES) {
      target.bytes.set(source.bytes.subarray(sourceOffset, sourceOffset + sizeBytes), targetOffset);
    } else {
      for (let i = 0; i < sizeBytes; i++) target.bytes[targetOffset + i] = source.bytes[sourceOffset + i] ?? 0;
    }
  },
};

/** Four words a turn: twice as fast as one. */
function xorWords(source: Int32Array, sourceIndex: number, target: Int32Array, targetIndex: number, count: number) {
  let s = sourceIndex;
  let t = targetIndex;
  const end = sourceIndex + count;
  for (; s + 3 < end; s += 4, t += 4) {
    target[t] = (target[t] ?? 0) ^ (source[s] ?? 0);
    target[t + 1] = (target[t + 1] ?? 0) ^ (source[s + 1] ?? 0);
    target[t + 2] = (target[t + 2] ?? 0) ^ (source[s + 2] ?? 0);
    target[t + 3] = (target[t + 3] ?? 0) ^ (source[s + 3] ?? 0);
  }
  for (; s < end; s++, t++) target[t] = (target[t] ?? 0) ^ (source[s] ?? 0);
}

function xorBytes(source: Uint8Array, sourceIndex: number, target: Uint8Array, targetIndex: number, count: number) {
  for (let i = 0; i < count; i++) {
    target[targetIndex + i] = (target[targetIndex + i] ?? 0) ^ (source[sourceIndex + i] ?? 0);
  }
}
