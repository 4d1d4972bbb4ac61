/** A history file that cannot be read: where, and what is expected there. */
export class HistoryFormatError extends Error {
  override readonly name = 'HistoryFormatError';

  /** Counted from 1. */
  readonly line: number;
  readonly expected: string;

  constructor(line: number, expected: string) {
    super(`line ${line}: expected ${expected}`);
    this.line = line;
    this.expected = expected;
  }
}
