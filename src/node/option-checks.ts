/** Checks of single options, and what is said of one that is wrong: its name, what it is, and what it may be. */
import { parseAddress } from '../base/address.js';
import { durationMs } from '../base/duration.js';
import { DcacheError } from '../base/errors.js';

const DAY_MS = 86_400_000;

export function address(option: string, text: string, allowed = 'host:port, like 127.0.0.1:7101'): string {
  if (parseAddress(text) === undefined) throw invalid(option, text, allowed);
  return text;
}

export function whole(option: string, value: number, low: number, high: number): number {
  if (!Number.isSafeInteger(value) || value < low || value > high)
    throw invalid(option, String(value), `a whole number from ${low} to ${high}`);
  return value;
}

/** A duration in ms, 0 for `off`. @param text like 500ms, 30s or 24h. */
export function durationOrOff(option: string, text: string, lowMs: number, highMs: number): number {
  if (text === 'off') return 0;
  const ms = durationMs(text);
  if (ms === undefined || ms < lowMs || ms > highMs) {
    throw invalid(option, text, `a time from ${lowMs}ms to ${highMs / DAY_MS}d, like 500ms, 30s or 24h, or off`);
  }
  return ms;
}

export function invalid(option: string, value: string, allowed: string): InvalidOption {
  return new InvalidOption(option, `is "${value}"; it must be ${allowed}`);
}

export class InvalidOption extends DcacheError {
  private readonly option: string;
  private readonly problem: string;

  /** @param option name of the flag */
  constructor(option: string, problem: string) {
    super('CONFIG_INVALID', `--${option} ${problem}`);
    this.option = option;
    this.problem = problem;
  }

  /** The same, calling the option by where it was given. */
  named(origins: Readonly<Partial<Record<string, string>>>): DcacheError {
    const field = this.option.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const origin = new Map(Object.entries(origins)).get(field);
    return origin === undefined ? this : new DcacheError(this.code, `${origin} ${this.problem}`, { cause: this });
  }
}

const UNIT_BYTES = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
]);

/** A whole number of bytes, or a number with a unit, in which a kb has 1024 bytes as it has for Redis. Undefined beyond the safe integers. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const unitBytes = UNIT_BYTES.get(unit.toLowerCase());
  if (amount === undefined || unitBytes === undefined) return undefined;
  const bytes = Math.floor(Number(amount) * unitBytes);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
