/**
 * Fragments whose head is not written yet: pieces of a large value under way, few and short-lived, so an object each. They
 * are in the index but belong to no visible value. The head's Put adopts them; the owner of an abandoned upload, or a
 * new primary, drops them.
 */
import { assert } from '../base/assert.js';

export interface HeadlessFragment {
  readonly tag: number;
  readonly location: number;
  readonly sizeBytes: number;
  /** Version of the value that the fragment belongs to. */
  readonly version: number;
}

export class HeadlessFragments {
  private readonly byLocation = new Map<number, HeadlessFragment>();
  private totalBytes = 0;

  get count(): number {
    return this.byLocation.size;
  }

  get bytes(): number {
    return this.totalBytes;
  }

  add(fragment: HeadlessFragment): void {
    assert(!this.byLocation.has(fragment.location), 'a fragment is added once');
    this.byLocation.set(fragment.location, fragment);
    this.totalBytes += fragment.sizeBytes;
  }

  has(location: number): boolean {
    return this.byLocation.has(location);
  }

  get(location: number): HeadlessFragment | undefined {
    return this.byLocation.get(location);
  }

  clear(): void {
    this.byLocation.clear();
    this.totalBytes = 0;
  }

  /** The fragments of the value written at `version` under these tags have their head: they are headless no more. */
  adopt(version: number, tags: ReadonlySet<number>): void {
    for (const fragment of this.byLocation.values()) {
      if (fragment.version === version && tags.has(fragment.tag)) this.forget(fragment.location);
    }
  }

  /** Forgets a fragment that got its head or was removed; nothing happens for others. */
  forget(location: number): void {
    const fragment = this.byLocation.get(location);
    if (fragment === undefined) return;
    this.byLocation.delete(location);
    this.totalBytes -= fragment.sizeBytes;
  }

  moved(from: number, to: number): void {
    const fragment = this.byLocation.get(from);
    if (fragment === undefined) return;
    this.byLocation.delete(from);
    this.byLocation.set(to, { ...fragment, location: to });
  }

  /** In order of location. */
  list(): HeadlessFragment[] {
    return [...this.byLocation.values()].sort((a, b) => (a.location >>> 0) - (b.location >>> 0));
  }
}
