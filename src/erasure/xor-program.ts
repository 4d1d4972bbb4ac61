/**
 * What is to be computed, before it is decided in which order and where: sums (XOR) of packets.
 *
 * Computing the sums one by one costs a XOR for nearly every one of the matrix. Sums that share a part can share its
 * computation: name the pair of packets that most sums contain, replace it in all of them, and repeat (Paar, "Optimized
 * arithmetic for Reed-Solomon encoders", 1997). How far that is worth it depends on the kernel and on the packet size,
 * so schedule.ts compiles several variants and picks.
 */

/** Signals 0..inputs-1 are input packets; signal inputs + i is sum i. Sums may use sums, without cycles. */
export interface XorProgram {
  readonly inputs: number;
  /** The first `outputs` sums are wanted, the others are only used by them. A sum lists each signal at most once. */
  readonly outputs: number;
  readonly sums: readonly (readonly number[])[];
}

/** Signals stay below this, so that a pair of them is one integer key. A code has at most 30 shards of 8 packets. */
const PAIR_BASE = 2 ** 16;

/**
 * Names found before sharing stops. The first ones save most; the bound keeps the compilation of the widest codes, whose
 * matrices have thousands of ones, well below a second. No code with w = 4 reaches it.
 */
const MAX_NAMES = 128;

/** The program with pairs named that three and more sums contain, and with those of two as well. Outputs are the same. */
export function shareCommonPairs(program: XorProgram): { readonly ofThree: XorProgram; readonly ofTwo: XorProgram } {
  const sums = program.sums.map((operands) => new Set(operands));
  const uses = new PairUses();
  for (const sum of sums) uses.countSum(sum);
  const namePairs = (minUses: number): XorProgram => {
    while (sums.length < program.sums.length + MAX_NAMES) {
      const pair = uses.mostFrequent(minUses);
      if (pair === null) break;
      const name = program.inputs + sums.length;
      for (const sum of sums) if (sum.has(pair.first) && sum.has(pair.second)) uses.replace(sum, pair, name);
      sums.push(new Set([pair.first, pair.second]));
    }
    return inlineSingleUses({ ...program, sums: sums.map((sum) => [...sum]) });
  };
  // The most frequent pair never becomes more frequent, so the second variant goes on where the first one ends.
  return { ofThree: namePairs(3), ofTwo: namePairs(2) };
}

/** Puts every unwanted sum that is used once in the place of its use: naming it saves nothing. */
export function inlineSingleUses(program: XorProgram): XorProgram {
  const { inputs, outputs, sums } = program;
  const uses = countUses(program);
  const isKept = (signal: number): boolean =>
    signal < inputs + outputs || ((uses[signal] ?? 0) > 1 && (sums[signal - inputs]?.length ?? 0) > 1);
  const expand = (signal: number): readonly number[] =>
    isKept(signal) ? [signal] : (sums[signal - inputs] ?? []).flatMap(expand);
  const kept = sums.flatMap((_, index) => (isKept(inputs + index) ? [index] : []));
  const renamed = new Map(kept.map((index, position) => [inputs + index, inputs + position]));
  return {
    inputs,
    outputs,
    sums: kept.map((index) => addUp((sums[index] ?? []).flatMap(expand)).map((s) => renamed.get(s) ?? s)),
  };
}

/** The signals that occur an odd number of times, ascending: over GF(2), twice the same is nothing. */
export function addUp(signals: readonly number[]): number[] {
  const odd = new Set<number>();
  for (const signal of signals) if (!odd.delete(signal)) odd.add(signal);
  return [...odd].sort((a, b) => a - b);
}

/** How many sums use each signal. */
export function countUses(program: XorProgram): Int32Array {
  const uses = new Int32Array(program.inputs + program.sums.length);
  for (const sum of program.sums) for (const signal of sum) uses[signal] = (uses[signal] ?? 0) + 1;
  return uses;
}

interface Pair {
  readonly first: number;
  readonly second: number;
}

/** In how many sums each pair of signals occurs together, kept up to date while sums change. */
class PairUses {
  private readonly counts = new Map<number, number>();

  countSum(sum: ReadonlySet<number>): void {
    const seen: number[] = [];
    for (const signal of sum) {
      for (const other of seen) this.add(signal, other, 1);
      seen.push(signal);
    }
  }

  /** Replaces the pair, which `sum` contains, by its name. */
  replace(sum: Set<number>, pair: Pair, name: number): void {
    this.add(pair.first, pair.second, -1);
    sum.delete(pair.first);
    sum.delete(pair.second);
    for (const other of sum) {
      this.add(pair.first, other, -1);
      this.add(pair.second, other, -1);
      this.add(name, other, 1);
    }
    sum.add(name);
  }

  /** The pair that most sums contain, the lowest of equals, or null when none is in `minUses` sums. */
  mostFrequent(minUses: number): Pair | null {
    let bestKey = -1;
    let bestCount = minUses - 1;
    for (const [key, count] of this.counts) {
      if (count > bestCount || (count === bestCount && key < bestKey)) {
        bestKey = key;
        bestCount = count;
      }
    }
    return bestKey < 0 ? null : { first: Math.floor(bestKey / PAIR_BASE), second: bestKey % PAIR_BASE };
  }

  private add(a: number, b: number, change: number): void {
    const key = a < b ? a * PAIR_BASE + b : b * PAIR_BASE + a;
    const count = (this.counts.get(key) ?? 0) + change;
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }
}
