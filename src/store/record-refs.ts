/**
 * A reusable list of records by tag, location and size: what a command supersedes or removes. Sizes and tags travel with
 * locations because a replica that has dropped the bytes of a segment cannot read them there (DESIGN.md section 7).
 */
export class RecordRefs {
  /** How many are listed; the arrays may be longer, so that clearing allocates nothing. */
  count = 0;
  private readonly tagList: number[] = [];
  private readonly locationList: number[] = [];
  private readonly sizeList: number[] = [];

  add(tag: number, location: number, sizeBytes: number): void {
    this.tagList[this.count] = tag;
    this.locationList[this.count] = location;
    this.sizeList[this.count] = sizeBytes;
    this.count++;
  }

  clear(): void {
    this.count = 0;
  }

  /** Tag of record `i`, 0..count-1. */
  tag(i: number): number {
    return this.tagList[i] ?? 0;
  }

  location(i: number): number {
    return this.locationList[i] ?? 0;
  }

  sizeBytes(i: number): number {
    return this.sizeList[i] ?? 0;
  }

  totalBytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.count; i++) bytes += this.sizeBytes(i);
    return bytes;
  }
}
