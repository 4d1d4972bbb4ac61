/**
 * I2: what has expired does not come back. Clocks jump in a simulation, so how long a key lives says nothing; but once somebody has
 * been told that it is gone, no later read gives a version that was there before. Watches the keys with a time to live.
 */
export class ExpiryWatch {
  private readonly fail: (invariant: string, details: string) => void;
  /** By key, the newest version that somebody has seen. */
  private readonly newest = new Map<string, number>();
  /** By key, the newest version of which it is known that it is gone. */
  private readonly gone = new Map<string, number>();
  private misses = 0;

  constructor(fail: (invariant: string, details: string) => void) {
    this.fail = fail;
  }

  /** Reads that found a key gone that had been there. */
  get expired(): number {
    return this.misses;
  }

  /** A read begins. Returns what takes its answer: 0 when the key was missing, or the version of its value. */
  startRead(key: string): (version: number) => void {
    const newest = this.newest.get(key) ?? 0;
    const gone = this.gone.get(key) ?? 0;
    return (version) => {
      if (version > 0) {
        this.onSeen(key, version);
        if (version <= gone)
          this.fail('I2: what has expired stays so', `${key}: version ${version} after ${gone} was gone`);
        return;
      }
      if (newest > gone) this.misses++;
      this.gone.set(key, Math.max(newest, this.gone.get(key) ?? 0));
    };
  }

  /** A write is done, or a read has found this. */
  onSeen(key: string, version: number): void {
    this.newest.set(key, Math.max(version, this.newest.get(key) ?? 0));
  }
}
