/** Flags and arguments that several kv commands share, and what they mean to the client. */
import { Args, Flags } from '@oclif/core';
import { DcacheError } from '../base/errors.js';
import { parseDuration } from './base-command.js';

export const keyArg = { key: Args.string({ description: 'the key', required: true }) };

export const ttlFlag = {
  ttl: Flags.string({
    description: 'how long the key lives, like 500ms, 30s, 12h or 7d; left out: for ever',
    env: 'DCACHE_TTL',
    helpValue: 'TIME',
  }),
};

export const fileFlag = {
  file: Flags.file({ char: 'f', description: 'take the value from this file', env: 'DCACHE_FILE' }),
};

/** `--ttl` in ms. Throws INVALID_ARGUMENT. */
export function ttlOf(flags: { readonly ttl?: string | undefined }): number | undefined {
  return flags.ttl === undefined ? undefined : parseDuration('ttl', flags.ttl);
}

/** The whole number that a person typed. Throws INVALID_ARGUMENT naming `what`. */
export function parseInteger(what: string, text: string): bigint {
  if (/^[+-]?\d+$/.test(text)) return BigInt(text);
  throw new DcacheError('INVALID_ARGUMENT', `${what} is "${text}"; it must be a whole number, like 1 or -20`);
}

/** KEY=VALUE; the first = ends the key. Throws INVALID_ARGUMENT. */
export function parseEntry(text: string): [string, Buffer] {
  const at = text.indexOf('=');
  if (at < 1) throw new DcacheError('INVALID_ARGUMENT', `"${text}" is not KEY=VALUE, like fruit=cherry`);
  return [text.slice(0, at), Buffer.from(text.slice(at + 1))];
}
