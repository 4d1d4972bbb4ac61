/**
 * A MapStore's state as a stream of bytes.
 *
 *   snapshot := format(1 byte) lastVersion timeMs uploadCount upload* count record*
 *   upload   := number isGone(1 byte) length value                    (what has come of a large value)
 *   record   := keyLength key valueLength value version expiry    (expiry: 0 for ever, else time in ms)
 *
 * Numbers are varints. Pieces hold whole records, but a reader must take any cut.
 */
import { ByteReader, MalformedBytes } from '../base/byte-reader.js';
import { ByteWriter } from '../base/byte-writer.js';
import { concatBytes, copyBytes, EMPTY_BYTES } from '../base/bytes.js';
import { fromLatin1, toLatin1 } from '../base/latin1.js';
import type { StoreRestore, StoreSnapshot } from './store.js';

const FORMAT = 2;
const PIECE_BYTES = 256 * 1024;

export interface MapRecord {
  readonly value: Uint8Array;
  readonly version: number;
  /** Infinity when the key lives for ever. */
  readonly expiresAtMs: number;
}

export interface MapStoreState {
  readonly records: ReadonlyMap<string, MapRecord>;
  readonly lastVersion: number;
  readonly timeMs: number;
  /** Large values on their way, by the numbers of their uploads. */
  readonly uploads: ReadonlyMap<number, Uint8Array | 'gone'>;
}

export class MapStoreSnapshot implements StoreSnapshot {
  private readonly state: MapStoreState;

  /** `state` must not change any more. */
  constructor(state: MapStoreState) {
    this.state = state;
  }

  *pieces(): Iterable<Uint8Array> {
    const writer = new ByteWriter(PIECE_BYTES);
    writer.uint8(FORMAT).varint(this.state.lastVersion).varint(this.state.timeMs).varint(this.state.uploads.size);
    for (const [upload, value] of this.state.uploads) {
      const isGone = value === 'gone';
      writer.varint(upload).uint8(isGone ? 1 : 0);
      writer.lengthAndBytes(isGone ? EMPTY_BYTES : value);
    }
    writer.varint(this.state.records.size);
    for (const [key, record] of this.state.records) {
      writer.lengthAndBytes(fromLatin1(key)).lengthAndBytes(record.value).varint(record.version);
      writer.varint(record.expiresAtMs === Infinity ? 0 : record.expiresAtMs);
      if (writer.length >= PIECE_BYTES) yield writer.finish();
    }
    if (writer.length > 0) yield writer.finish();
  }

  release(): void {
    // The garbage collector's business.
  }
}

export class MapStoreRestore implements StoreRestore {
  private readonly pieces: Uint8Array[] = [];
  private readonly replaceState: (state: MapStoreState) => void;

  constructor(replaceState: (state: MapStoreState) => void) {
    this.replaceState = replaceState;
  }

  write(piece: Uint8Array): void {
    this.pieces.push(copyBytes(piece));
  }

  finish(): void {
    const reader = new ByteReader(concatBytes(this.pieces));
    const format = reader.uint8();
    if (format !== FORMAT) throw new MalformedBytes(`store snapshot of format ${format}, this version reads ${FORMAT}`);
    const lastVersion = reader.varint();
    const timeMs = reader.varint();
    const uploadCount = reader.varint();
    const uploads = new Map<number, Uint8Array | 'gone'>();
    for (let i = 0; i < uploadCount; i++) {
      const upload = reader.varint();
      const isGone = reader.uint8() === 1;
      const value = copyBytes(reader.lengthAndBytes());
      uploads.set(upload, isGone ? 'gone' : value);
    }
    const count = reader.varint();
    const records = new Map<string, MapRecord>();
    for (let i = 0; i < count; i++) {
      const key = toLatin1(reader.lengthAndBytes());
      const value = copyBytes(reader.lengthAndBytes());
      const version = reader.varint();
      const expiresAtMs = reader.varint();
      records.set(key, { value, version, expiresAtMs: expiresAtMs === 0 ? Infinity : expiresAtMs });
    }
    reader.end();
    this.replaceState({ records, lastVersion, timeMs, uploads });
  }
}
