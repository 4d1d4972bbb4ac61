/**
 * Which sums of the shards at hand give the shards that are wanted (DESIGN.md, I10).
 *
 * Parity shards of one stripe need not have folded the same segments, so each is an equation of its own: its bytes are
 * the sum of exactly the contributions that it records. Known contributions are subtracted; what remains of a parity
 * shard is its syndrome, a sum of unknown packets. Gaussian elimination over GF(2) then expresses each wanted packet by
 * syndromes, whatever the sets of contributions are, and finds out when that is impossible. More unknowns than equations
 * are no obstacle as long as the wanted ones are determined.
 */
import { BitMatrix } from './bit-matrix.js';
import type { ErasureCode } from './erasure-code.js';
import { hasPosition, positionsOf, type PositionSet } from './position-set.js';
import { addUp, type XorProgram } from './xor-program.js';

/** A parity shard: its index 0..m-1 (position k + index) and the data positions that are folded into it. */
export interface ParityContents {
  readonly index: number;
  readonly contributions: PositionSet;
}

/** A data shard, or a parity shard with the given contributions. */
export type WantedShard =
  | { readonly type: 'data'; readonly position: number }
  | { readonly type: 'parity'; readonly index: number; readonly contributions: PositionSet };

/** What is at hand and what is wanted, without bytes. */
export interface RebuildPattern {
  /** Data positions whose segment is at hand. */
  readonly known: PositionSet;
  /** Parity shards at hand, none twice. */
  readonly parities: readonly ParityContents[];
  readonly wanted: readonly WantedShard[];
}

export type RebuildSolution =
  | {
      readonly type: 'determined';
      /**
       * Inputs are the packets of data shards 0..k-1 (those not known are not used), then of the parity shards in the
       * order of the pattern; outputs are the packets of the wanted shards.
       */
      readonly program: XorProgram;
    }
  | {
      readonly type: 'undetermined';
      /** Those wanted that the shards at hand do not determine. */
      readonly shards: readonly WantedShard[];
    };

/** @param pattern positions and indexes are in the range of the code; contributions are data positions. */
export function solveRebuild(code: ErasureCode, pattern: RebuildPattern): RebuildSolution {
  const w = code.packetsPerShard;
  const equations = new Equations(code, pattern);
  const wantedSums: WantedSum[] = [];
  const undetermined: WantedShard[] = [];
  for (const shard of pattern.wanted) {
    const sums = Array.from({ length: w }, (_, bit) => equations.solve(packetOf(code, shard, bit)));
    if (sums.includes(null)) undetermined.push(shard);
    else wantedSums.push(...sums.filter((sum) => sum !== null));
  }
  if (undetermined.length > 0) return { type: 'undetermined', shards: undetermined };
  return { type: 'determined', program: throughSyndromes(code, pattern, wantedSums) };
}

/** One wanted packet: the sum of these data packets, all known, and of these syndromes (equation numbers). */
interface WantedSum {
  readonly knownPackets: readonly number[];
  readonly syndromes: readonly number[];
}

/** Data packets, known or not, that packet `bit` of a shard is the sum of. */
function packetOf(code: ErasureCode, shard: WantedShard, bit: number): number[] {
  if (shard.type === 'data') return [shard.position * code.packetsPerShard + bit];
  return parityPacket(code, shard, bit);
}

function parityPacket(code: ErasureCode, { index, contributions }: ParityContents, bit: number): number[] {
  const w = code.packetsPerShard;
  return code.matrix.ones(index * w + bit).filter((packet) => hasPosition(contributions, Math.floor(packet / w)));
}

/** Equation e w + b: packet b of parity shard e of the pattern, as a sum of unknown packets and of itself. */
class Equations {
  private readonly width: number;
  private readonly known: PositionSet;
  private readonly unknownBase = new Map<number, number>();
  private readonly unknownColumns: number;
  /** Row echelon form of the unknown columns; the columns after them say which equations a row is the sum of. */
  private readonly matrix: BitMatrix;
  private readonly pivotRow = new Map<number, number>();

  constructor(code: ErasureCode, { known, parities }: RebuildPattern) {
    const w = code.packetsPerShard;
    this.width = w;
    this.known = known;
    const mentioned = parities.reduce((set, parity) => set | parity.contributions, 0);
    for (const position of positionsOf(mentioned & ~known)) this.unknownBase.set(position, this.unknownBase.size * w);
    this.unknownColumns = this.unknownBase.size * w;
    this.matrix = new BitMatrix(parities.length * w, this.unknownColumns + parities.length * w);
    parities.forEach((parity, e) => {
      for (let bit = 0; bit < w; bit++) {
        const row = e * w + bit;
        for (const packet of parityPacket(code, parity, bit)) {
          const column = this.unknownColumn(packet);
          if (column !== undefined) this.matrix.flip(row, column);
        }
        this.matrix.flip(row, this.unknownColumns + row);
      }
    });
    this.eliminate();
  }

  /** The sum of these data packets out of what is at hand, or null when it is not determined. */
  solve(packets: readonly number[]): WantedSum | null {
    const sum = new BitMatrix(1, this.matrix.columns);
    const knownPackets: number[] = [];
    for (const packet of packets) {
      const column = this.unknownColumn(packet);
      if (hasPosition(this.known, Math.floor(packet / this.width))) knownPackets.push(packet);
      else if (column === undefined) return null;
      else sum.flip(0, column);
    }
    for (let column = 0; column < this.unknownColumns; column++) {
      if (!sum.get(0, column)) continue;
      const pivot = this.pivotRow.get(column);
      if (pivot === undefined) return null;
      sum.addRow(0, this.matrix, pivot);
    }
    return { knownPackets, syndromes: sum.ones(0).map((column) => column - this.unknownColumns) };
  }

  private eliminate(): void {
    let rank = 0;
    for (let column = 0; column < this.unknownColumns && rank < this.matrix.rows; column++) {
      let pivot = rank;
      while (pivot < this.matrix.rows && !this.matrix.get(pivot, column)) pivot++;
      if (pivot === this.matrix.rows) continue;
      this.matrix.swapRows(rank, pivot);
      for (let row = rank + 1; row < this.matrix.rows; row++) {
        if (this.matrix.get(row, column)) this.matrix.addRow(row, this.matrix, rank);
      }
      this.pivotRow.set(column, rank++);
    }
  }

  private unknownColumn(packet: number): number | undefined {
    const base = this.unknownBase.get(Math.floor(packet / this.width));
    return base === undefined ? undefined : base + (packet % this.width);
  }
}

/** Known input packets of the syndrome of equation e w + b, and the parity packet itself. */
function syndromeInputs(code: ErasureCode, pattern: RebuildPattern, equation: number): number[] {
  const w = code.packetsPerShard;
  const parity = pattern.parities[Math.floor(equation / w)];
  if (parity === undefined) return [];
  const contributed = { index: parity.index, contributions: parity.contributions & pattern.known };
  return [...parityPacket(code, contributed, equation % w), code.k * w + equation];
}

/**
 * First the syndromes, each a sparse sum, then the wanted packets as sums of few syndromes. Writing the wanted packets as
 * one sum of inputs each, measured over random patterns, takes as many XORs or up to a tenth more.
 */
function throughSyndromes(code: ErasureCode, pattern: RebuildPattern, wanted: readonly WantedSum[]): XorProgram {
  const inputs = (code.k + pattern.parities.length) * code.packetsPerShard;
  const used = [...new Set(wanted.flatMap((sum) => sum.syndromes))];
  const signalOf = new Map(used.map((equation, index) => [equation, inputs + wanted.length + index]));
  return {
    inputs,
    outputs: wanted.length,
    sums: [
      ...wanted.map((sum) => addUp([...sum.knownPackets, ...sum.syndromes.flatMap((e) => signalOf.get(e) ?? [])])),
      ...used.map((equation) => syndromeInputs(code, pattern, equation)),
    ],
  };
}
