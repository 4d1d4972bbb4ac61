/**
 * Reading fields of parsed JSON, for the codecs of histories. Every function throws `FieldError` with what it expected, to
 * which the reader of the file adds the line.
 */

export class FieldError extends Error {
  override readonly name = 'FieldError';

  /** Such as `"value": a text or null`. */
  readonly expected: string;

  constructor(expected: string) {
    super(`expected ${expected}`);
    this.expected = expected;
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new FieldError(`${what}: an object`);
  return value;
}

export function textField(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new FieldError(`"${name}": a text`);
  return value;
}

export function textOrNullField(object: JsonObject, name: string): string | null {
  const value = object[name];
  if (typeof value !== 'string' && value !== null) throw new FieldError(`"${name}": a text or null`);
  return value;
}

export function booleanField(object: JsonObject, name: string): boolean {
  const value = object[name];
  if (typeof value !== 'boolean') throw new FieldError(`"${name}": true or false`);
  return value;
}

/** A finite number, such as a time in milliseconds. */
export function numberField(object: JsonObject, name: string): number {
  const value = object[name];
  if (typeof value !== 'number') throw new FieldError(`"${name}": a number`);
  return value;
}

export function integerField(object: JsonObject, name: string): number {
  const value = object[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new FieldError(`"${name}": an integer`);
  return value;
}

export function integerOrNullField(object: JsonObject, name: string): number | null {
  return object[name] === null ? null : integerField(object, name);
}

/** The field read by `read`; undefined when it is left out. */
export function optional<Value>(
  object: JsonObject,
  name: string,
  read: (object: JsonObject, name: string) => Value,
): Value | undefined {
  return object[name] === undefined ? undefined : read(object, name);
}
