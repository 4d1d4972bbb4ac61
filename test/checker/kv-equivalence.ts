/**
 * Which states and inputs of a key nobody can tell apart, given the answers that are to be explained. A value that no
 * client saw, and that cannot become one by appending, is as good as any other such value; without this, some ten
 * lost appends and sets make an exponential number of states.
 */
import { bytesOf, type KvInput, type KvResult, type KvState } from './kv-model.js';
import type { Equivalence } from './model.js';
import type { Operation } from './operation.js';

const INTEGER = /^-?\d+$/;

/** Longer values that nobody saw are kept as their length: appends without an answer make megabytes of them. */
const MAX_UNSEEN_CHARACTERS = 64;

/** More lengths than these are not listed: then every length is taken for one that tells something. */
const MAX_LENGTHS = 20_000;

/**
 * The lengths that a value which nobody saw may have for an append to answer with the length that it told: those just before an
 * answered append, and those that appends without an answer can bring there. Values of any other length are as good as each other.
 */
class TellingLengths {
  /** Whether an answer tells a length at all. */
  readonly matter: boolean;
  /** Undefined: too many to list. */
  private lengths: Set<number> | undefined = new Set<number>();

  constructor(operations: readonly Operation<KvInput, KvResult>[]) {
    for (const { input, outcome } of operations) {
      if (input.type !== 'append' || outcome.type !== 'done' || outcome.result.type !== 'append') continue;
      const { length } = outcome.result;
      if (length !== undefined) this.lengths?.add(length - Buffer.byteLength(input.value));
    }
    this.matter = this.lengths?.size !== 0;
    for (const { input, outcome } of operations) {
      const tells = outcome.type === 'done' && outcome.result.type === 'append' && outcome.result.length !== undefined;
      if (input.type === 'append' && outcome.type !== 'not-done' && !tells)
        this.addShorterBy(Buffer.byteLength(input.value));
    }
  }

  private addShorterBy(bytes: number): void {
    if (this.lengths === undefined) return;
    for (const length of [...this.lengths]) if (length >= bytes) this.lengths.add(length - bytes);
    if (this.lengths.size > MAX_LENGTHS) this.lengths = undefined;
  }

  has(bytes: number): boolean {
    return this.lengths?.has(bytes) ?? true;
  }
}

/** Sorts values into classes: one for each value that an answer may show, and one (a length) for all the others. */
class ValueClasses {
  /** Values that somebody saw, in the order of their code units, so that those with a common beginning are neighbours. */
  private readonly seen: readonly string[];
  private readonly integersMatter: boolean;
  private readonly lengths: TellingLengths;
  /** A short name for each value that is told apart, so that a key is not as long as its value. */
  private readonly names = new Map<string, string>();

  constructor(operations: readonly Operation<KvInput, KvResult>[]) {
    const results = operations.flatMap(({ outcome }) => (outcome.type === 'done' ? [outcome.result] : []));
    this.seen = [...new Set(results.flatMap(valuesIn))].sort();
    this.integersMatter = operations.some(({ input }) => input.type === 'incr');
    this.lengths = new TellingLengths(operations);
  }

  of(value: KvState['value']): string {
    if (value === null) return 'missing';
    if (!this.isToldApart(value))
      return this.lengths.has(bytesOf(value)) ? `unseen, ${bytesOf(value)} bytes` : 'unseen';
    let name = this.names.get(value);
    if (name === undefined) {
      name = `value ${this.names.size}`;
      this.names.set(value, name);
    }
    return name;
  }

  /** The same value, or what is left of one that is long and that nobody can tell from others of its length. */
  shorten(value: KvState['value']): KvState['value'] {
    if (typeof value !== 'string' || value.length <= MAX_UNSEEN_CHARACTERS || this.isToldApart(value)) return value;
    return { bytes: Buffer.byteLength(value) };
  }

  private isToldApart(value: Exclude<KvState['value'], null>): value is string {
    if (typeof value !== 'string') return false;
    return this.isPrefixOfSeen(value) || (this.integersMatter && INTEGER.test(value));
  }

  /** Of what is appended: with a text that no seen value contains, the result is unseen, whatever was before it. */
  ofAppended(text: string): string {
    if (this.integersMatter || this.seen.some((value) => value.includes(text))) return `text ${text}`;
    return this.lengths.matter ? `unseen, ${Buffer.byteLength(text)} bytes` : 'unseen';
  }

  private isPrefixOfSeen(value: string): boolean {
    let low = 0;
    let high = this.seen.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.seen[middle] ?? '') < value) low = middle + 1;
      else high = middle;
    }
    return this.seen[low]?.startsWith(value) ?? false;
  }
}

/** The values that a client can read off an answer. */
function valuesIn(result: KvResult): readonly string[] {
  const value =
    result.type === 'get' || result.type === 'incr' ? result.value : result.type === 'set' ? result.old : null;
  return value === null || value === undefined ? [] : [value];
}

/** For states whose values are of one class: whether `a` allows every version that `b` allows. */
function coversVersions(a: KvState, b: KvState): boolean {
  if (a.value === null) return a.version <= b.version;
  if (a.known) return b.known && a.version === b.version;
  if (a.version > b.version) return false;
  return b.known
    ? !a.excluded.includes(b.version)
    : a.excluded.every((version) => version < b.version || b.excluded.includes(version));
}

export function kvEquivalence(operations: readonly Operation<KvInput, KvResult>[]): Equivalence<KvState, KvInput> {
  const classes = new ValueClasses(operations);
  return {
    stateKey: ({ value }) => classes.of(value),
    shorten: (state) => {
      const value = classes.shorten(state.value);
      return value === state.value ? state : { ...state, value };
    },
    covers: coversVersions,
    inputKey: (input) => {
      if (input.type === 'set') return JSON.stringify({ ...input, value: classes.of(input.value) });
      if (input.type === 'append') return JSON.stringify({ ...input, value: classes.ofAppended(input.value) });
      return JSON.stringify(input);
    },
  };
}
