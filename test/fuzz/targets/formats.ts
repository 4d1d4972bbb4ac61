/** Helpers for targets: a binary format with its two directions, and a parser of text. */
import assert from 'node:assert/strict';
import type fc from 'fast-check';
import { MalformedBytes } from '../../../src/base/byte-reader.js';
import { DcacheError, type ErrorCode } from '../../../src/base/errors.js';
import type { Group, Target } from '../target.js';

export interface Format<T> {
  readonly name: string;
  readonly group: Group;
  readonly some: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  /** Undefined is a refusal too. */
  readonly decode: (bytes: Uint8Array) => T | undefined;
  readonly reseal?: (input: Uint8Array) => void;
  /** MalformedBytes if left out. */
  readonly refusal?: (error: unknown) => boolean;
}

/** What a parser says no with that has undefined for it. */
class Refused extends Error {}

export const isMalformed = (error: unknown): boolean => error instanceof MalformedBytes;

export const isError =
  (...codes: readonly ErrorCode[]) =>
  (error: unknown): boolean =>
    error instanceof DcacheError && codes.includes(error.code);

/** What is decoded can be encoded, and is then decoded as the same. */
export function formatTarget<T>(format: Format<T>): Target {
  const { name, group, some, encode, decode, reseal, refusal = isMalformed } = format;
  return {
    name,
    group,
    specimens: some.map(encode),
    ...(reseal === undefined ? {} : { reseal }),
    read: (input) => {
      const value = accepted(decode(input));
      assert.deepEqual(decode(encode(value)), value);
    },
    isRefusal: (error) => error instanceof Refused || refusal(error),
  };
}

export interface TextParser<T> {
  readonly name: string;
  readonly group: Group;
  readonly specimens: fc.Arbitrary<string>;
  readonly words?: readonly string[];
  /** Undefined is a refusal too. */
  readonly parse: (text: string) => T | undefined | Promise<T | undefined>;
  /** Throws unless the value is one that the rest of the program may be given. */
  readonly check?: (value: T) => void;
  readonly refusal?: (error: unknown) => boolean;
}

export function textTarget<T>(parser: TextParser<T>): Target {
  const { name, group, specimens, words, parse, check, refusal } = parser;
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  return {
    name,
    group,
    specimens: specimens.map((text) => encoder.encode(text)),
    ...(words === undefined ? {} : { words }),
    read: async (input) => {
      const value = accepted(await parse(decoder.decode(input)));
      check?.(value);
    },
    isRefusal: (error) => error instanceof Refused || refusal?.(error) === true,
  };
}

function accepted<T>(value: T | undefined): T {
  if (value === undefined) throw new Refused();
  return value;
}
