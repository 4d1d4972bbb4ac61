/**
 * A plain store on a Map: the first state machine, and the oracle that cleverer stores are tested against. Every rule is
 * written in the most obvious way; memory and speed are not its subject.
 *
 * State: key -> record; a heap of (expiry, key, version) from which overwritten records are dropped when they surface;
 * `timeMs`, the log's time; `lastVersion`, the number of writes that took effect, from which versions are drawn. Invariants:
 * versions never repeat; no record's expiry is at or before `timeMs`.
 */
import { assertNever } from '../base/assert.js';
import { concatBytes, copyBytes, EMPTY_BYTES } from '../base/bytes.js';
import { Fnv32 } from '../base/fnv.js';
import { Heap } from '../base/heap.js';
import { fromLatin1, toLatin1 } from '../base/latin1.js';
import { LIMITS } from '../base/limits.js';
import { encodeInteger } from './integer-value.js';
import { MapStoreRestore, MapStoreSnapshot, type MapRecord, type MapStoreState } from './map-store-snapshot.js';
import { NO_CAP, type MemoryRules } from './memory-cap.js';
import { UPLOAD_GONE, type LoggedWrite } from './logged-writes.js';
import type { ReadReply, ReadRequest, ScanEntry, WriteReply, WriteRequest } from './requests.js';
import type { KvStore, StoreRestore, StoreSnapshot, StoreStats } from './store.js';
import { appendRefusal, conditionHolds, expiryOf, incremented, timeLeftMs } from './write-rules.js';

interface Expiry {
  readonly atMs: number;
  readonly key: string;
  readonly version: number;
}

type Write<Type extends WriteRequest['type']> = Extract<WriteRequest, { type: Type }>;

export class MapStore implements KvStore {
  memoryRules = NO_CAP;
  private records = new Map<string, MapRecord>();
  private readonly expiries = new Heap<Expiry>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.key < b.key));
  private heldBytes = 0;
  private lastVersion = 0;
  /** Large values on their way in pieces, by the numbers of their uploads. */
  private uploads = new Map<number, Uint8Array | 'gone'>();
  private logTimeMs = 0;

  get timeMs(): number {
    return this.logTimeMs;
  }

  get upkeepDueMs(): number {
    this.dropStaleExpiries();
    return this.expiries.peek()?.atMs ?? Infinity;
  }

  advanceTime(timeMs: number): void {
    if (timeMs <= this.logTimeMs) return;
    this.logTimeMs = timeMs;
    for (;;) {
      this.dropStaleExpiries();
      const next = this.expiries.peek();
      if (next === undefined || next.atMs > timeMs) return;
      this.remove(next.key);
    }
  }

  /** There is no cap here: what is set is remembered and has no effect. */
  setMemoryRules(rules: MemoryRules): void {
    this.memoryRules = rules;
  }

  applyReadMarks(): void {
    // Nothing is ever evicted.
  }

  takeReadMarks(): readonly number[] {
    return [];
  }

  onFounded(): void {
    // Nothing here depends on the cluster.
  }

  apply(write: WriteRequest): WriteReply;
  apply(write: LoggedWrite): WriteReply | undefined;
  apply(write: LoggedWrite): WriteReply | undefined {
    switch (write.type) {
      case 'piece':
        return this.addPiece(write);
      case 'finish':
        return this.finish(write);
      case 'drop':
        this.uploads.delete(write.upload);
        return undefined;
      case 'set':
        return this.set(write);
      case 'delete':
        return this.delete(write);
      case 'expire':
        return this.expire(write);
      case 'increment':
        return this.increment(write);
      case 'append':
        return this.append(write);
      case 'flush':
        return this.flush();
      default:
        return assertNever(write, 'write');
    }
  }

  dropUploads(): void {
    this.uploads.clear();
  }

  read(request: ReadRequest, nowMs: number): ReadReply {
    switch (request.type) {
      case 'get': {
        const record = this.records.get(toLatin1(request.key));
        return { type: 'get', value: record?.value ?? null, version: record?.version ?? 0 };
      }
      case 'inspect': {
        const record = this.records.get(toLatin1(request.key));
        return {
          type: 'inspect',
          found: record !== undefined,
          version: record?.version ?? 0,
          valueBytes: record?.value.length ?? 0,
          ttlMs: record === undefined ? null : timeLeftMs(record.expiresAtMs, nowMs),
        };
      }
      case 'scan':
        return this.scan(request, nowMs);
      case 'count':
        return { type: 'count', keys: this.records.size };
      default:
        return assertNever(request, 'read');
    }
  }

  stats(): StoreStats {
    const bytesFor = { live: this.heldBytes, dead: 0, unused: 0, table: 0, index: 0, lingering: 0, idle: 0 };
    return { keys: this.records.size, bytes: this.heldBytes, bytesFor };
  }

  stateHash(): string {
    const hash = new Fnv32().number(this.lastVersion).number(this.logTimeMs);
    for (const key of [...this.records.keys()].sort()) {
      const record = this.records.get(key);
      if (record === undefined) continue;
      hash.text(key).number(record.value.length).bytes(record.value).number(record.version).number(record.expiresAtMs);
    }
    for (const [upload, value] of this.uploads) {
      hash.number(upload);
      if (value !== 'gone') hash.number(value.length).bytes(value);
    }
    return hash.hex();
  }

  snapshot(): StoreSnapshot {
    return new MapStoreSnapshot({
      records: new Map(this.records),
      lastVersion: this.lastVersion,
      timeMs: this.logTimeMs,
      uploads: new Map(this.uploads),
    });
  }

  startRestore(): StoreRestore {
    return new MapStoreRestore((state) => this.replaceState(state));
  }

  private replaceState(state: MapStoreState): void {
    this.records = new Map();
    this.expiries.clear();
    this.heldBytes = 0;
    this.lastVersion = state.lastVersion;
    this.logTimeMs = state.timeMs;
    this.uploads = new Map(state.uploads);
    for (const [key, record] of state.records) this.put(key, record);
  }

  private addPiece({ upload, at, bytes }: Extract<LoggedWrite, { type: 'piece' }>): WriteReply | undefined {
    const before = this.uploads.get(upload);
    if (before === 'gone') return UPLOAD_GONE;
    if (at !== (before?.length ?? 0)) return undefined;
    this.uploads.set(upload, concatBytes([before ?? EMPTY_BYTES, bytes]));
    return undefined;
  }

  private finish({ upload, totalBytes, write }: Extract<LoggedWrite, { type: 'finish' }>): WriteReply {
    const value = this.uploads.get(upload);
    this.uploads.delete(upload);
    if (value === undefined || value === 'gone' || value.length !== totalBytes) return UPLOAD_GONE;
    return write.type === 'set' ? this.set({ ...write, value }) : this.append({ ...write, value });
  }

  private set(write: Write<'set'>): WriteReply {
    const key = toLatin1(write.key);
    const before = this.records.get(key);
    const old = write.returnOld ? (before?.value ?? null) : null;
    if (!conditionHolds(write.condition, before))
      return { type: 'set', applied: false, version: before?.version ?? 0, old };
    const version = ++this.lastVersion;
    const expiresAtMs = expiryOf(write.lifetime, before, this.logTimeMs);
    this.put(key, { value: copyBytes(write.value), version, expiresAtMs });
    return { type: 'set', applied: true, version, old };
  }

  private delete(write: Write<'delete'>): WriteReply {
    const key = toLatin1(write.key);
    const before = this.records.get(key);
    if (before === undefined || !conditionHolds(write.condition, before)) return { type: 'delete', deleted: false };
    this.remove(key);
    return { type: 'delete', deleted: true };
  }

  /** A change of the lifetime alone keeps the version: the value has not changed. */
  private expire(write: Write<'expire'>): WriteReply {
    const key = toLatin1(write.key);
    const before = this.records.get(key);
    if (before === undefined) return { type: 'expire', changed: false };
    const expiresAtMs = expiryOf(write.lifetime, before, this.logTimeMs);
    if (expiresAtMs === before.expiresAtMs) return { type: 'expire', changed: false };
    this.put(key, { ...before, expiresAtMs });
    return { type: 'expire', changed: true };
  }

  private increment(write: Write<'increment'>): WriteReply {
    const key = toLatin1(write.key);
    const before = this.records.get(key);
    const value = incremented(before?.value, write.delta);
    if (typeof value !== 'bigint') return value;
    const version = ++this.lastVersion;
    this.put(key, { value: encodeInteger(value), version, expiresAtMs: before?.expiresAtMs ?? Infinity });
    return { type: 'increment', value, version };
  }

  private append(write: Write<'append'>): WriteReply {
    const key = toLatin1(write.key);
    const before = this.records.get(key);
    const valueBytes = (before?.value.length ?? 0) + write.value.length;
    const refusal = appendRefusal(valueBytes);
    if (refusal !== undefined) return refusal;
    const version = ++this.lastVersion;
    const value = concatBytes([before?.value ?? EMPTY_BYTES, write.value]);
    this.put(key, { value, version, expiresAtMs: before?.expiresAtMs ?? Infinity });
    return { type: 'append', valueBytes, version };
  }

  private flush(): WriteReply {
    const removed = this.records.size;
    this.records = new Map();
    this.expiries.clear();
    this.heldBytes = 0;
    for (const upload of this.uploads.keys()) this.uploads.set(upload, 'gone');
    return { type: 'flush', removed };
  }

  /** In byte order of the keys; the cursor is the last key returned, behind a byte that makes it never empty. */
  private scan(request: Extract<ReadRequest, { type: 'scan' }>, nowMs: number): ReadReply {
    const prefix = toLatin1(request.prefix);
    const after = request.cursor.length > 0 ? toLatin1(request.cursor.subarray(1)) : undefined;
    const matching: string[] = [];
    for (const key of this.records.keys()) {
      if (key.startsWith(prefix) && (after === undefined || key > after)) matching.push(key);
    }
    matching.sort();
    const entries: ScanEntry[] = [];
    let bytes = 0;
    for (const key of matching) {
      const record = this.records.get(key) as MapRecord;
      const value = request.withValues ? record.value : EMPTY_BYTES;
      bytes += key.length + value.length;
      if (entries.length === request.limit || (entries.length > 0 && bytes > LIMITS.maxScanPageBytes)) break;
      entries.push({
        key: fromLatin1(key),
        value,
        version: record.version,
        ttlMs: timeLeftMs(record.expiresAtMs, nowMs),
      });
    }
    const last = matching[entries.length - 1];
    const more = last !== undefined && matching.length > entries.length;
    return { type: 'scan', entries, cursor: more ? concatBytes([CURSOR_MARK, fromLatin1(last)]) : EMPTY_BYTES };
  }

  private put(key: string, record: MapRecord): void {
    this.remove(key);
    this.records.set(key, record);
    this.heldBytes += key.length + record.value.length;
    if (record.expiresAtMs < Infinity) {
      this.expiries.push({ atMs: record.expiresAtMs, key, version: record.version });
    }
  }

  private remove(key: string): void {
    const record = this.records.get(key);
    if (record === undefined) return;
    this.records.delete(key);
    this.heldBytes -= key.length + record.value.length;
  }

  private dropStaleExpiries(): void {
    for (let next = this.expiries.peek(); next !== undefined; next = this.expiries.peek()) {
      const record = this.records.get(next.key);
      if (record !== undefined && record.version === next.version && record.expiresAtMs === next.atMs) return;
      this.expiries.pop();
    }
  }
}

const CURSOR_MARK = Uint8Array.of(1);
