/**
 * The bytes of a store's snapshot. A frame is a run of little-endian 32-bit words: kind, fields, then bits and bytes padded
 * to whole words, and the xxHash32 of all before it.
 *
 *   header   kind, version, probe tag, segments, fragments, opened 8, decisions 4 + 8 each, (tag, location, size, version 8) each
 *   segment  kind, number, state, length, live, stripe, checksum, live bits 4, touched bits 4, serial 8, soonest expiry 8, bits, bytes
 *
 * The probe is the tag of fixed bytes: a snapshot under another hash seed belongs to another cluster.
 */
import { DcacheError } from '../base/errors.js';
import { hashBytes } from './byte-hash.js';
import type { HeadlessFragment } from './headless-fragments.js';
import type { KeyHash } from './key-hash.js';
import type { SegmentImage } from './segment-table.js';

const FORMAT_VERSION = 1;
const KIND_HEADER = 0x48534344;
const KIND_SEGMENT = 0x53534344;
const PROBE = Uint8Array.of(0x64, 0x63, 0x61, 0x63, 0x68, 0x65);

export interface SnapshotHeader {
  readonly segmentCount: number;
  /** Segments ever opened. */
  readonly opened: number;
  readonly decisionState: readonly number[];
  readonly headless: readonly HeadlessFragment[];
}

export type StoreFrame =
  | { readonly type: 'header'; readonly header: SnapshotHeader }
  | { readonly type: 'segment'; readonly image: SegmentImage };

const HEADER_FIXED_BYTES = 5 * 4 + 8 + 4;
const DECISION_BYTES = 8;
const FRAGMENT_BYTES = 3 * 4 + 8;
const SEGMENT_FIXED_BYTES = 9 * 4 + 2 * 8;
const CHECKSUM_BYTES = 4;

export function encodeHeader(header: SnapshotHeader, hash: KeyHash): Uint8Array {
  const { headless, decisionState } = header;
  const writer = new Writer(
    HEADER_FIXED_BYTES + decisionState.length * DECISION_BYTES + headless.length * FRAGMENT_BYTES,
  );
  writer.word(KIND_HEADER);
  writer.word(FORMAT_VERSION);
  writer.word(hash.keyTag(PROBE, 0, PROBE.length));
  writer.word(header.segmentCount);
  writer.word(headless.length);
  writer.double(header.opened);
  writer.word(decisionState.length);
  for (const value of decisionState) writer.double(value);
  for (const fragment of headless) {
    writer.word(fragment.tag);
    writer.word(fragment.location);
    writer.word(fragment.sizeBytes);
    writer.double(fragment.version);
  }
  return writer.finish();
}

export function encodeSegment(image: SegmentImage): Uint8Array {
  const { live, touched, bytes } = image;
  const writer = new Writer(SEGMENT_FIXED_BYTES + live.length + touched.length + bytes.length);
  writer.word(KIND_SEGMENT);
  writer.word(image.number);
  writer.word(image.state === 'sealed' ? 1 : 0);
  writer.word(bytes.length);
  writer.word(image.liveBytes);
  writer.word(image.stripe);
  writer.word(image.checksum);
  writer.word(live.length);
  writer.word(touched.length);
  writer.double(image.serial);
  writer.double(image.soonestExpiryMs);
  writer.bytes(live);
  writer.bytes(touched);
  writer.bytes(bytes);
  return writer.finish();
}

/**
 * Reads one frame. Bits and bytes of the result are views into `bytes`, borrowed as long as it is.
 * @throws DcacheError DATA_CORRUPT, WRONG_CLUSTER
 */
export function decodeFrame(bytes: Uint8Array, hash: KeyHash): StoreFrame {
  const reader = new Reader(bytes);
  const kind = reader.word();
  if (kind === KIND_HEADER) return { type: 'header', header: decodeHeader(reader, hash) };
  if (kind === KIND_SEGMENT) return { type: 'segment', image: decodeSegment(reader) };
  throw corrupt('a frame is of no known kind');
}

function decodeHeader(reader: Reader, hash: KeyHash): SnapshotHeader {
  const version = reader.word();
  if (version !== FORMAT_VERSION) throw corrupt(`it has format ${version}, this version reads ${FORMAT_VERSION}`);
  if (reader.word() !== hash.keyTag(PROBE, 0, PROBE.length)) {
    throw new DcacheError('WRONG_CLUSTER', 'the snapshot was made under the hash seed of another cluster');
  }
  const segmentCount = reader.word();
  const fragmentCount = reader.word();
  const opened = reader.double();
  const decisionState = Array.from({ length: reader.count(reader.word(), DECISION_BYTES) }, () => reader.double());
  const headless = Array.from({ length: reader.count(fragmentCount, FRAGMENT_BYTES) }, () => ({
    tag: reader.word(),
    location: reader.word(),
    sizeBytes: reader.word(),
    version: reader.double(),
  }));
  return { segmentCount, opened, decisionState, headless };
}

function decodeSegment(reader: Reader): SegmentImage {
  const number = reader.word();
  const state = reader.word() === 1 ? 'sealed' : 'open';
  const length = reader.word();
  const liveBytes = reader.word();
  const stripe = reader.word();
  const checksum = reader.word();
  const liveLength = reader.word();
  const touchedLength = reader.word();
  const serial = reader.double();
  const soonestExpiryMs = reader.double();
  const live = reader.bytes(liveLength);
  const touched = reader.bytes(touchedLength);
  const bytes = reader.bytes(length);
  return { number, serial, state, liveBytes, stripe, checksum, soonestExpiryMs, bytes, live, touched };
}

/** All parts are whole words, so that every frame can be hashed as it lies. */
class Writer {
  private readonly frame: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bodyBytes: number) {
    this.frame = new Uint8Array(bodyBytes + CHECKSUM_BYTES);
    this.view = new DataView(this.frame.buffer);
  }

  word(value: number): void {
    this.view.setInt32(this.at, value, true);
    this.at += 4;
  }

  double(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.frame.set(bytes, this.at);
    this.at += bytes.length;
  }

  finish(): Uint8Array {
    this.word(hashBytes(this.frame, this.at, FORMAT_VERSION));
    return this.frame;
  }
}

class Reader {
  private readonly frame: Uint8Array;
  private readonly view: DataView;
  private readonly end: number;
  private at = 0;

  constructor(frame: Uint8Array) {
    if (frame.length < 8 || (frame.length & 3) !== 0) throw corrupt('a frame is cut short');
    // A frame may lie anywhere in a network buffer; hashing wants whole words.
    this.frame = (frame.byteOffset & 3) === 0 ? frame : frame.slice();
    this.view = new DataView(this.frame.buffer, this.frame.byteOffset, this.frame.length);
    this.end = frame.length - CHECKSUM_BYTES;
    const checksum = this.view.getInt32(this.end, true);
    if (hashBytes(this.frame, this.end, FORMAT_VERSION) !== checksum) throw corrupt('a checksum is wrong');
  }

  word(): number {
    return this.view.getInt32(this.take(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  /** `items` of at least so many bytes each, if there is room for them: found before memory is taken. */
  count(items: number, itemBytes: number): number {
    if (items < 0 || items * itemBytes > this.end - this.at) throw corrupt('a frame is cut short');
    return items;
  }

  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return this.frame.subarray(at, at + length);
  }

  private take(length: number): number {
    const at = this.at;
    if (length < 0 || at + length > this.end) throw corrupt('a frame is cut short');
    this.at = at + length;
    return at;
  }
}

function corrupt(what: string): DcacheError {
  return new DcacheError('DATA_CORRUPT', `the snapshot cannot be loaded: ${what}`);
}
