/**
 * Rows of a CSV table (RFC 4180) from pieces of text cut anywhere: fields between commas; a field in double quotes may hold commas,
 * line breaks, and quotes written twice.
 */

export interface CsvRow {
  /** Line on which the row begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** What stands where a field ends and the next begins. */
export class CsvProblem extends Error {
  override readonly name = 'CsvProblem';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

export class CsvReader {
  private fields: string[] = [];
  private field = '';
  /** `closed`: a quote has ended the field, or is the first of two. */
  private state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  private line = 1;
  private rowLine = 1;

  /** The rows that end in `text`. Throws CsvProblem. */
  *read(text: string): Generator<CsvRow, void, undefined> {
    for (const char of text) {
      if (char === '\n') this.line++;
      if (this.state === 'quoted') {
        if (char === '"') this.state = 'closed';
        else this.field += char;
      } else if (char === ',') this.endField();
      else if (char === '\n') {
        const row = this.endRow();
        if (row !== undefined) yield row;
      } else if (char === '"' && this.state === 'start') this.state = 'quoted';
      else if (char === '"' && this.state === 'closed') {
        this.field += '"';
        this.state = 'quoted';
      } else if (this.state === 'closed' && char !== '\r') {
        throw new CsvProblem(this.line, 'something follows the closing quote of a field');
      } else if (char !== '\r') {
        this.field += char;
        this.state = 'plain';
      }
    }
  }

  /** The row that the end of the file ends, if there is one. Throws CsvProblem. */
  end(): CsvRow | undefined {
    if (this.state === 'quoted') throw new CsvProblem(this.rowLine, 'a quote is opened here and never closed');
    return this.endRow();
  }

  private endField(): void {
    this.fields.push(this.field);
    this.field = '';
    this.state = 'start';
  }

  /** Undefined for an empty line. */
  private endRow(): CsvRow | undefined {
    const empty = this.fields.length === 0 && this.state === 'start';
    if (!empty) this.endField();
    const row = { line: this.rowLine, fields: this.fields };
    this.fields = [];
    this.rowLine = this.line;
    return empty ? undefined : row;
  }
}
