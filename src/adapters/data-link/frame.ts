/**
 * The unit of a data link: what it says beside its payload, and what may be wrong with it.
 *
 *   frame := mark(1) version(1) type(1) 0(1) payloadBytes(4) payloadCrc(4) headerCrc(4) payload      (little-endian)
 *
 * The header has a checksum of its own, so that a flipped length is noticed before anything waits for that many bytes. Payloads
 * are multiples of 8 long, so that those of a run of frames lie at multiples of 8 where the first does. CRC-32 as zlib
 * computes it, natively: these are the most bytes that a node sees.
 */
import { crc32 } from 'node:zlib';
import { assert } from '../../base/assert.js';

/**
 * Raised when nodes of the older version could misunderstand what this one says. The header, and the payload of a refusal, stay
 * as they are in all versions: by them nodes of different versions tell each other.
 */
export const DATA_LINK_VERSION = 1;
export const FRAME_HEADER_BYTES = 16;
export const PAYLOAD_UNIT_BYTES = 8;

const MARK = 0xdc;
/** Position is the number on the wire. */
const TYPES = ['refusal', 'greeting', 'ping', 'pong', 'messages'] as const;
export type FrameType = (typeof TYPES)[number];

export interface Frame {
  readonly type: FrameType;
  /** A multiple of 8 long, and at such an address. Belongs to the receiver. */
  readonly payload: Uint8Array;
}

export interface FrameHeader {
  readonly type: FrameType;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

/** Why a connection is given up. They label metrics. */
export type FaultReason = 'garbage' | 'version' | 'checksum' | 'oversize' | 'malformed' | 'silent' | 'backlog';

export class LinkFault extends Error {
  override readonly name = 'LinkFault';
  readonly reason: FaultReason;

  constructor(reason: FaultReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Fills in the header in front of a payload: `frame` is room for a header, then the payload, padded. */
export function sealFrame(type: FrameType, frame: Uint8Array): void {
  const payload = frame.subarray(FRAME_HEADER_BYTES);
  assert(payload.length % PAYLOAD_UNIT_BYTES === 0, 'payloads are padded');
  frame[0] = MARK;
  frame[1] = DATA_LINK_VERSION;
  frame[2] = TYPES.indexOf(type);
  frame[3] = 0;
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, crc32(payload), true);
  view.setUint32(12, crc32(frame.subarray(0, 12)), true);
}

/** A frame without a payload. */
export function emptyFrame(type: FrameType): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES);
  sealFrame(type, frame);
  return frame;
}

/** @throws LinkFault when these are not the first bytes of a frame, or of one with a payload above the bound */
export function readHeader(header: Uint8Array, maxPayloadBytes: number): FrameHeader {
  const view = new DataView(header.buffer, header.byteOffset, FRAME_HEADER_BYTES);
  if (view.getUint8(0) !== MARK) throw new LinkFault('garbage', 'what came is not a frame of a data link');
  if (view.getUint32(12, true) !== crc32(header.subarray(0, 12))) {
    throw new LinkFault('checksum', 'the checksum of a header is wrong');
  }
  const version = view.getUint8(1);
  const type = TYPES[view.getUint8(2)];
  if (version !== DATA_LINK_VERSION && type !== 'refusal') {
    throw new LinkFault('version', `version ${version} of the data link is spoken there, ${DATA_LINK_VERSION} here`);
  }
  if (type === undefined) throw new LinkFault('malformed', `a frame of unknown type ${view.getUint8(2)}`);
  const payloadBytes = view.getUint32(4, true);
  if (payloadBytes > maxPayloadBytes) {
    throw new LinkFault('oversize', `a frame of ${payloadBytes} bytes, where ${maxPayloadBytes} are allowed`);
  }
  if (payloadBytes % PAYLOAD_UNIT_BYTES !== 0) throw new LinkFault('malformed', `a payload of ${payloadBytes} bytes`);
  return { type, payloadBytes, payloadCrc: view.getUint32(8, true) };
}

/** @throws LinkFault when the payload is not what was sent */
export function checkPayload({ payloadCrc }: FrameHeader, payload: Uint8Array): void {
  if (crc32(payload) !== payloadCrc) throw new LinkFault('checksum', 'the checksum of a frame is wrong');
}
