/** The store as plainly as it can be said: a Map, no memory, no cap. What the segment store is compared with. */
import { toHex } from '../../src/base/bytes.js';
import type { Condition, LookUp } from '../../src/store/store-options.js';

export interface ModelEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly version: number;
  readonly expiresAtMs: number;
}

export class MapModel {
  private readonly entries = new Map<string, ModelEntry>();
  private clock = 0;

  get(key: Uint8Array, nowMs: number): ModelEntry | undefined {
    const entry = this.entries.get(toHex(key));
    return entry !== undefined && !isOver(entry, Math.max(nowMs, this.clock)) ? entry : undefined;
  }

  /** What a look-up may say; an expired value may have been swept away already. */
  allowedLookUps(key: Uint8Array, nowMs: number): readonly LookUp[] {
    const entry = this.entries.get(toHex(key));
    if (entry === undefined) return ['miss'];
    return isOver(entry, Math.max(nowMs, this.clock)) ? ['expired', 'miss'] : ['hit'];
  }

  set(key: Uint8Array, value: Uint8Array, version: number, nowMs: number, expiresAtMs: number, condition?: Condition) {
    this.tick(nowMs);
    if (condition !== undefined && !this.holds(key, condition)) return false;
    this.entries.set(toHex(key), { key: key.slice(), value: value.slice(), version, expiresAtMs });
    return true;
  }

  setExpiry(key: Uint8Array, expiresAtMs: number, version: number, nowMs: number): boolean {
    this.tick(nowMs);
    const entry = this.get(key, nowMs);
    if (entry !== undefined) this.entries.set(toHex(key), { ...entry, version, expiresAtMs });
    return entry !== undefined;
  }

  delete(key: Uint8Array, nowMs: number, condition?: Condition): boolean {
    this.tick(nowMs);
    const entry = this.get(key, nowMs);
    if (entry !== undefined && condition !== undefined && !this.holds(key, condition)) return false;
    this.entries.delete(toHex(key));
    return entry !== undefined;
  }

  tick(nowMs: number): void {
    this.clock = Math.max(this.clock, nowMs);
  }

  /** The store may end any value under a memory cap; it says so through a miss. */
  forget(key: Uint8Array): void {
    this.entries.delete(toHex(key));
  }

  live(): ModelEntry[] {
    return [...this.entries.values()].filter((entry) => !isOver(entry, this.clock));
  }

  all(): ModelEntry[] {
    return [...this.entries.values()];
  }

  private holds(key: Uint8Array, condition: Condition): boolean {
    const entry = this.get(key, this.clock);
    switch (condition.type) {
      case 'absent':
        return entry === undefined;
      case 'present':
        return entry !== undefined;
      case 'version':
        return entry?.version === condition.version;
    }
  }
}

function isOver(entry: ModelEntry, nowMs: number): boolean {
  return entry.expiresAtMs > 0 && entry.expiresAtMs <= nowMs;
}
