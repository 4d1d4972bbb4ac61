/**
 * Reads fields of JSON that came from anywhere: each has to be there and of its kind, or the error names it. What is returned holds
 * nothing that was not asked for.
 */
import { DcacheError } from '../../base/errors.js';

/** Nobody reads longer names and messages; a page of them would be unusable. */
const MAX_TEXT_LENGTH = 2_000;
/** Windows, samples, points: a day of seconds. */
export const MAX_LIST_LENGTH = 100_000;

/** An object of the file; `path` is how errors name it. */
export class JsonFields {
  private readonly fields: ReadonlyMap<string, unknown>;
  private readonly path: string;

  private constructor(fields: ReadonlyMap<string, unknown>, path: string) {
    this.fields = fields;
    this.path = path;
  }

  /** Throws INVALID_ARGUMENT when `value` is no object. */
  static of(value: unknown, path: string): JsonFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object');
    return new JsonFields(new Map(Object.entries(value)), path);
  }

  get names(): string[] {
    return [...this.fields.keys()];
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  isNull(name: string): boolean {
    return this.fields.get(name) === null;
  }

  /** Finite and not negative, as all figures of a report are. */
  number(name: string): number {
    const value = this.fields.get(name);
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw wrong(this.pathOf(name), 'a number, 0 or more');
    return value;
  }

  numberOrNull(name: string): number | null {
    return this.isNull(name) ? null : this.number(name);
  }

  /** A number that may be below 0. */
  signedNumber(name: string): number {
    const value = this.fields.get(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(this.pathOf(name), 'a number');
    return value;
  }

  boolean(name: string): boolean {
    const value = this.fields.get(name);
    if (typeof value !== 'boolean') throw wrong(this.pathOf(name), 'true or false');
    return value;
  }

  text(name: string): string {
    return textOf(this.fields.get(name), this.pathOf(name));
  }

  texts(name: string): string[] {
    return this.items(name).map((item, i) => textOf(item, `${this.pathOf(name)}[${i}]`));
  }

  /** One of these words. */
  word<const T extends string>(name: string, words: readonly T[]): T {
    const value = this.fields.get(name);
    const known = words.find((word) => word === value);
    if (known === undefined) throw wrong(this.pathOf(name), `one of ${words.join(', ')}`);
    return known;
  }

  object(name: string): JsonFields {
    return JsonFields.of(this.fields.get(name), this.pathOf(name));
  }

  list<T>(name: string, read: (item: JsonFields) => T): T[] {
    return this.items(name).map((item, i) => read(JsonFields.of(item, `${this.pathOf(name)}[${i}]`)));
  }

  pairs(name: string): [number, number][] {
    return this.items(name).map((item, i) => {
      const [first, second] = Array.isArray(item) ? item.map(Number) : [];
      if (first === undefined || second === undefined || !(first >= 0 && second >= 0 && first + second < Infinity))
        throw wrong(`${this.pathOf(name)}[${i}]`, 'two numbers, 0 or more');
      return [first, second];
    });
  }

  /** An object of numbers by name. */
  numbers(name: string): Record<string, number> {
    return this.record(name, (fields, key) => fields.signedNumber(key));
  }

  /** An object of whatever `read` reads, by name. Its names are own properties, `__proto__` included. */
  record<T>(name: string, read: (fields: JsonFields, key: string) => T): Record<string, T> {
    const fields = this.object(name);
    return Object.fromEntries(fields.names.map((key) => [textOf(key, fields.path), read(fields, key)] as [string, T]));
  }

  private items(name: string): readonly unknown[] {
    const value = this.fields.get(name);
    if (!Array.isArray(value) || value.length > MAX_LIST_LENGTH)
      throw wrong(this.pathOf(name), `a list of at most ${MAX_LIST_LENGTH}`);
    return value;
  }

  private pathOf(name: string): string {
    return `${this.path}.${name}`;
  }
}

function textOf(value: unknown, path: string): string {
  if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH)
    throw wrong(path, `text of at most ${MAX_TEXT_LENGTH} characters`);
  return value;
}

function wrong(path: string, wanted: string): DcacheError {
  return new DcacheError('INVALID_ARGUMENT', `${path} is not ${wanted}`);
}
