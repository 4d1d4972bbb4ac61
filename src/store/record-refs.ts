/**
 * A reusable list of records by tag, location and size: what a command supersedes or removes. Sizes and tags travel with
 * locations because a replica that has dropped the bytes of a segment cannot read them there (DESIGN.md section 7).
 */
export class RecordRefs {
  readonly tags: number[] = [];
  readonly locations: number[] = [];
  readonly sizes: number[] = [];

  get count(): number {
    return this.tags.length;
  }

  add(tag: number, location: number, sizeBytes: number): void {
    this.tags.push(tag);
    this.locations.push(location);
    this.sizes.push(sizeBytes);
  }

  clear(): void {
    if (this.tags.length === 0) return;
    this.tags.length = 0;
    this.locations.length = 0;
    this.sizes.length = 0;
  }

  totalBytes(): number {
    let bytes = 0;
    for (const size of this.sizes) bytes += size;
    return bytes;
  }
}
