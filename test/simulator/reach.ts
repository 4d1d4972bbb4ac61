/** Situations that clients are to come to in many runs together, counted as they do. */
export const SITUATIONS = [
  'values of several fragments written',
  'keys seen to expire',
  'writes refused for want of memory',
  'conditions that failed',
  'increments of what is no number',
] as const;

export class Reach {
  private readonly times = new Map<string, number>(SITUATIONS.map((name) => [name, 0]));

  count(situation: (typeof SITUATIONS)[number]): void {
    this.times.set(situation, (this.times.get(situation) ?? 0) + 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.times);
  }
}
