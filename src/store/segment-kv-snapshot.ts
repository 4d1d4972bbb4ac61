/**
 * A SegmentKvStore's state as a stream of bytes: frames with their lengths before them, first one of the store's own, then those
 * of the segments (snapshot-frames.ts).
 *
 *   snapshot := frame*          frame := length(4 bytes, little-endian) bytes
 *   first    := format(1 byte) founded(1 byte) seedLow(varint) seedHigh(varint) lastVersion(varint) count(varint) upload*
 *   upload   := number(varint) refused(1 byte, 0: no) (key version(varint) fragments(varint) bytes(varint) taken(varint) | message)
 */
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import { type HashSeed, SipKeyHash } from './key-hash.js';
import type { Rejection } from './requests.js';
import type { SegmentStore } from './segment-store.js';
import { SnapshotLoader, type StoreSnapshot as SegmentSnapshot } from './snapshot.js';
import type { StoreRestore, StoreSnapshot } from './store.js';
import type { UploadState } from './uploads.js';

const FORMAT = 2;
const LENGTH_BYTES = 4;
/** On disk by their places: only to be added to. */
const REFUSALS: readonly Rejection['code'][] = [
  'STORE_FULL',
  'KEY_TOO_LARGE',
  'VALUE_TOO_LARGE',
  'INVALID_ARGUMENT',
  'OVERLOADED',
];
/** Far above a segment with its bits, or a header with every fragment of the largest value. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** What a SegmentKvStore knows beside its segments. */
export interface KvState {
  readonly seed: HashSeed;
  readonly founded: boolean;
  readonly lastVersion: number;
  /** Large values on their way. */
  readonly uploads: readonly UploadState[];
}

export class SegmentKvSnapshot implements StoreSnapshot {
  private readonly first: Uint8Array;
  private readonly segments: SegmentSnapshot;

  /** Takes `segments` over, to be released here. */
  constructor(state: KvState, segments: SegmentSnapshot) {
    this.first = encodeState(state);
    this.segments = segments;
  }

  *pieces(): Iterable<Uint8Array> {
    yield withLength(this.first);
    for (const frame of this.segments.frames()) yield withLength(frame);
  }

  release(): void {
    this.segments.release();
  }
}

export interface RestoreParts {
  /** An empty store under this seed. */
  newStore(seed: HashSeed): SegmentStore;
  /** The restored store takes the place of the one before. */
  replace(state: KvState, store: SegmentStore): void;
}

export class SegmentKvRestore implements StoreRestore {
  private readonly parts: RestoreParts;
  private readonly frames = new FrameReader((frame) => this.onFrame(frame));
  private begun: { readonly state: KvState; readonly store: SegmentStore; readonly loader: SnapshotLoader } | undefined;

  constructor(parts: RestoreParts) {
    this.parts = parts;
  }

  write(piece: Uint8Array): void {
    this.orGiveUp(() => this.frames.take(piece));
  }

  finish(): void {
    this.orGiveUp(() => {
      if (this.begun === undefined || !this.frames.isWhole) throw new MalformedBytes('the snapshot ends too early');
      const { loader, state, store } = this.begun;
      loader.finish();
      this.begun = undefined;
      this.parts.replace(state, store);
    });
  }

  private onFrame(frame: Uint8Array): void {
    if (this.begun !== undefined) {
      this.begun.loader.accept(frame);
      return;
    }
    const state = decodeState(frame);
    const store = this.parts.newStore(state.seed);
    this.begun = { state, store, loader: new SnapshotLoader(store) };
  }

  /** What has been loaded of a snapshot that turns out to be unusable is of no use either. */
  private orGiveUp(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.begun?.store.dispose();
      this.begun = undefined;
      throw error;
    }
  }
}

/** Puts frames together from pieces that are cut anywhere. */
class FrameReader {
  private readonly onFrame: (frame: Uint8Array) => void;
  private readonly length = new Uint8Array(LENGTH_BYTES);
  private part: Uint8Array = this.length;
  private used = 0;

  /** @param onFrame takes each frame over. */
  constructor(onFrame: (frame: Uint8Array) => void) {
    this.onFrame = onFrame;
  }

  /** Whether the pieces so far end with a frame. */
  get isWhole(): boolean {
    return this.part === this.length && this.used === 0;
  }

  /** Copies `piece`. */
  take(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const count = Math.min(piece.length - at, this.part.length - this.used);
      this.part.set(piece.subarray(at, at + count), this.used);
      this.used += count;
      at += count;
      if (this.used === this.part.length) this.onPart(this.part);
    }
  }

  private onPart(part: Uint8Array): void {
    this.used = 0;
    if (part === this.length) {
      const frameBytes = new DataView(part.buffer).getUint32(0, true);
      if (frameBytes === 0 || frameBytes > MAX_FRAME_BYTES) throw new MalformedBytes(`a frame of ${frameBytes} bytes`);
      this.part = new Uint8Array(frameBytes);
      return;
    }
    this.part = this.length;
    this.onFrame(part);
  }
}

function withLength(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length, true);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}

function encodeState({ seed, founded, lastVersion, uploads }: KvState): Uint8Array {
  const writer = new ByteWriter().uint8(FORMAT).uint8(founded ? 1 : 0);
  writer.varint(seed.low >>> 0).varint(seed.high >>> 0).varint(lastVersion).varint(uploads.length); // prettier-ignore
  for (const state of uploads) {
    writer.varint(state.upload);
    if ('refusal' in state) {
      writer
        .uint8(1 + REFUSALS.indexOf(state.refusal.code))
        .lengthAndBytes(new TextEncoder().encode(state.refusal.message));
    } else {
      const { key, version, count, valueBytes, fragmentBytes } = state.run;
      writer.uint8(0).lengthAndBytes(key).varint(version).varint(count).varint(valueBytes).varint(fragmentBytes);
    }
  }
  return writer.finish();
}

function decodeUploads(reader: ByteReader, seed: HashSeed): UploadState[] {
  const hash = new SipKeyHash(seed);
  const count = reader.varint();
  const uploads: UploadState[] = [];
  for (let i = 0; i < count; i++) {
    const upload = reader.varint();
    const refused = reader.uint8();
    if (refused > 0) {
      const code = REFUSALS[refused - 1];
      if (code === undefined) throw new MalformedBytes(`an upload refused for unknown reason ${refused}`);
      uploads.push({
        upload,
        refusal: { type: 'rejected', code, message: new TextDecoder().decode(reader.lengthAndBytes()) },
      });
      continue;
    }
    const key = reader.lengthAndBytes().slice();
    const tag = hash.keyTag(key, 0, key.length);
    const version = reader.varint();
    const fragments = reader.varint();
    const valueBytes = reader.varint();
    const fragmentBytes = reader.varint();
    uploads.push({ upload, run: { key, tag, version, count: fragments, valueBytes, fragmentBytes } });
  }
  return uploads;
}

function decodeState(frame: Uint8Array): KvState {
  const reader = new ByteReader(frame);
  const format = reader.uint8();
  if (format !== FORMAT) throw new MalformedBytes(`store snapshot of format ${format}, this version reads ${FORMAT}`);
  const founded = reader.uint8() === 1;
  const seed = { low: reader.varint() | 0, high: reader.varint() | 0 };
  const lastVersion = reader.varint();
  const uploads = decodeUploads(reader, seed);
  reader.end();
  return { seed, founded, lastVersion, uploads };
}
