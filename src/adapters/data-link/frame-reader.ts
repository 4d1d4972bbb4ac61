/**
 * Puts frames together from what a socket reads, cut anywhere. A frame that lies whole in one piece, at a multiple of 8, is handed
 * on where it lies; others are copied once into memory of their own size.
 */
import {
  checkPayload,
  FRAME_HEADER_BYTES,
  PAYLOAD_UNIT_BYTES,
  readHeader,
  type Frame,
  type FrameHeader,
} from './frame.js';

export class FrameReader {
  /** Larger payloads are refused. May be changed between two pieces. */
  maxPayloadBytes: number;
  private readonly headerBytes = new Uint8Array(FRAME_HEADER_BYTES);
  /** Of headerBytes while `header` is undefined, of payload afterwards. */
  private used = 0;
  /** Of the frame that has begun. */
  private header: FrameHeader | undefined;
  private payload: Uint8Array | undefined;

  constructor(maxPayloadBytes: number) {
    this.maxPayloadBytes = maxPayloadBytes;
  }

  /**
   * The frames that `piece` completes. It is handed over: payloads may be views of it.
   * @throws LinkFault, after which the reader is of no use
   */
  take(piece: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      if (this.header === undefined) {
        at += this.fill(this.headerBytes, piece, at);
        if (this.used < FRAME_HEADER_BYTES) return frames;
        this.header = readHeader(this.headerBytes, this.maxPayloadBytes);
        this.used = 0;
      }
      const { header } = this;
      let payload = this.payload ?? viewOf(piece, at, header.payloadBytes);
      if (this.payload === undefined && payload !== undefined) {
        at += header.payloadBytes;
      } else {
        this.payload = payload ??= Buffer.allocUnsafeSlow(header.payloadBytes);
        at += this.fill(payload, piece, at);
        if (this.used < payload.length) return frames;
      }
      checkPayload(header, payload);
      frames.push({ type: header.type, payload });
      this.header = undefined;
      this.payload = undefined;
      this.used = 0;
    }
  }

  /** Moves on in `target` by what `piece` has from `at` on; returns how far that is. */
  private fill(target: Uint8Array, piece: Uint8Array, at: number): number {
    const count = Math.min(target.length - this.used, piece.length - at);
    target.set(piece.subarray(at, at + count), this.used);
    this.used += count;
    return count;
  }
}

function viewOf(piece: Uint8Array, at: number, length: number): Uint8Array | undefined {
  if (at + length > piece.length || (piece.byteOffset + at) % PAYLOAD_UNIT_BYTES !== 0) return undefined;
  return piece.subarray(at, at + length);
}
