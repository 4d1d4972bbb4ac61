/** How often each kind of fault happened: a simulation that never does what it claims to do proves nothing. */

export const FAULTS = [
  'message lost',
  'message doubled',
  'message delayed past others',
  'request or answer lost',
  'connection broken',
  'network split in two',
  'link cut one way',
  'node cut off',
  'node crashed',
  'crashed before a write',
  'crashed after a write',
  'all nodes crashed',
  'node stopped cleanly',
  'disk lost',
  'node removed and admitted again',
  'disk slow',
  'node paused',
  'main thread paused',
  'control thread paused',
  'clock jumped',
  'leader moved on request',
] as const;

export type FaultKind = (typeof FAULTS)[number];

export class FaultCounts {
  private readonly counts = new Map<FaultKind, number>();

  add(kind: FaultKind, times = 1): void {
    this.counts.set(kind, this.of(kind) + times);
  }

  of(kind: FaultKind): number {
    return this.counts.get(kind) ?? 0;
  }

  addAll(other: FaultCounts): void {
    for (const kind of FAULTS) this.add(kind, other.of(kind));
  }

  /** Kinds that never happened. */
  missing(): FaultKind[] {
    return FAULTS.filter((kind) => this.of(kind) === 0);
  }
}
