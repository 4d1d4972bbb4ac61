/**
 * Lowe's memory of configurations, extended to optional operations: of the configurations that linearized the same answered
 * operations, only those are kept that no other one covers with fewer optional operations used.
 */
export interface SeenConfiguration<State> {
  /** Bit set of the optional operations used. */
  readonly used: bigint;
  readonly state: State;
}

export class SeenConfigurations<State> {
  private readonly seen = new Map<string, readonly SeenConfiguration<State>[]>();
  private readonly covers: (a: State, b: State) => boolean;

  /** @param covers for two states that are kept under one key: whether the first allows all that the second allows */
  constructor(covers: (a: State, b: State) => boolean) {
    this.covers = covers;
  }

  /** How many configurations `add` compares with. */
  countUnder(key: string): number {
    return this.seen.get(key)?.length ?? 0;
  }

  /** Remembers the configuration and returns true, unless one that allows at least as much is remembered. */
  add(key: string, configuration: SeenConfiguration<State>): boolean {
    const entries = this.seen.get(key) ?? [];
    if (entries.some((entry) => this.allowsAll(entry, configuration))) return false;
    this.seen.set(key, [...entries.filter((entry) => !this.allowsAll(configuration, entry)), configuration]);
    return true;
  }

  private allowsAll(a: SeenConfiguration<State>, b: SeenConfiguration<State>): boolean {
    return (a.used & b.used) === a.used && this.covers(a.state, b.state);
  }
}
