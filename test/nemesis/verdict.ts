/** How a run ended. */

export type Verdict =
  | { readonly type: 'passed' }
  /** A history that is not linearizable, an acknowledged value that is gone, a loss that was announced. */
  | { readonly type: 'violation'; readonly details: string }
  /** What must happen within a bound has not. */
  | { readonly type: 'stuck'; readonly details: string }
  /** A node has ended by itself, or this program failed. */
  | { readonly type: 'defect'; readonly details: string };

/** Ends a run; what was found is in the verdict. */
export class Finding extends Error {
  override readonly name = 'Finding';
  readonly verdict: Verdict;

  constructor(type: 'violation' | 'stuck' | 'defect', details: string) {
    super(details);
    this.verdict = { type, details };
  }
}

/** What an error at the end of a run means. */
export function verdictOf(error: unknown): Verdict {
  if (error instanceof Finding) return error.verdict;
  return { type: 'defect', details: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
