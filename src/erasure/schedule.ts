/**
 * From sums to a list of steps: "copy packet A over packet B" and "XOR packet A into packet B".
 *
 * A sum starts as a copy of its first operand, or takes over the place of a shared sum that nobody needs any more, and
 * XORs the rest in. Shared sums that end in no output live in scratch packets. Steps on neighbouring packets of the same
 * two shards are joined into one, which is what keeps small shards fast: there a step costs more than its bytes.
 */
import { assert } from '../base/assert.js';
import { countUses, inlineSingleUses, shareCommonPairs, type XorProgram } from './xor-program.js';

/** `assign`: outputs are overwritten. `accumulate`: the sums are added to what the outputs hold (fold). */
export type OutputMode = 'assign' | 'accumulate';

/** Copy or XOR `count` neighbouring packets of one block into another. The last block is the scratch block. */
export interface Step {
  readonly copies: boolean;
  readonly sourceBlock: number;
  readonly sourcePacket: number;
  readonly targetBlock: number;
  readonly targetPacket: number;
  readonly count: number;
}

export interface Schedule {
  readonly steps: readonly Step[];
  /** Shards that it reads and writes: the inputs in order, then the outputs. The block after them is scratch. */
  readonly shardBlocks: number;
  readonly scratchPackets: number;
  /** Packets copied or XORed: the work in bytes is this times the packet size. */
  readonly packetOperations: number;
}

interface Move {
  readonly copies: boolean;
  /** Packets numbered through: inputs, outputs, scratch. */
  readonly source: number;
  readonly target: number;
}

/**
 * The schedules of a program that are best for some packet size and kernel, at least one.
 * @param width packets a shard.
 */
export function compileSchedules(program: XorProgram, width: number, mode: OutputMode): Schedule[] {
  const { ofThree, ofTwo } = shareCommonPairs(program);
  let best: Schedule[] = [];
  for (const variant of [inlineSingleUses(program), ofThree, ofTwo]) {
    const candidate = compileSchedule(variant, width, mode);
    if (best.some((schedule) => isAsGood(schedule, candidate))) continue;
    best = best.filter((schedule) => !isAsGood(candidate, schedule));
    best.push(candidate);
  }
  return best;
}

/** At least as good as another for every kernel and packet size. */
function isAsGood(a: Schedule, b: Schedule): boolean {
  return a.packetOperations <= b.packetOperations && a.steps.length <= b.steps.length;
}

/** One schedule, the sums computed as the program says. */
export function compileSchedule(program: XorProgram, width: number, mode: OutputMode): Schedule {
  const order = orderSums(program);
  const { moves, scratchPackets } = emitMoves(program, order, chooseHeirs(program, order, mode), mode);
  const shardBlocks = (program.inputs + program.outputs) / width;
  assert(Number.isInteger(shardBlocks), 'inputs and outputs are whole shards');
  return {
    steps: joinNeighbours(moves, width, shardBlocks),
    shardBlocks,
    scratchPackets,
    packetOperations: moves.length,
  };
}

/** Signals of all sums, each after those that it uses. */
function orderSums({ inputs, outputs, sums }: XorProgram): number[] {
  const order: number[] = [];
  const visited = new Set<number>();
  const visit = (signal: number): void => {
    if (signal < inputs || visited.has(signal)) return;
    visited.add(signal);
    for (const operand of sums[signal - inputs] ?? []) visit(operand);
    order.push(signal);
  };
  for (let output = 0; output < outputs; output++) visit(inputs + output);
  return order;
}

/**
 * The heir of a shared sum is the last sum to use it: it goes on in the same place, which saves its first copy. A sum
 * inherits one place at most, and an output that accumulates none, since it has its own.
 */
function chooseHeirs(program: XorProgram, order: readonly number[], mode: OutputMode): Map<number, number> {
  const { inputs, outputs, sums } = program;
  const lastUser = new Map<number, number>();
  for (const signal of order) for (const operand of sums[signal - inputs] ?? []) lastUser.set(operand, signal);
  const heirs = new Map<number, number>();
  for (const signal of order) {
    if (mode === 'accumulate' && signal < inputs + outputs) continue;
    const inherited = (sums[signal - inputs] ?? []).find(
      (operand) => operand >= inputs + outputs && lastUser.get(operand) === signal,
    );
    if (inherited !== undefined) heirs.set(inherited, signal);
  }
  return heirs;
}

function emitMoves(
  program: XorProgram,
  order: readonly number[],
  heirs: ReadonlyMap<number, number>,
  mode: OutputMode,
): { moves: Move[]; scratchPackets: number } {
  const { inputs, outputs, sums } = program;
  const usesLeft = countUses(program);
  const scratchOf = new Map<number, number>();
  const freeScratch: number[] = [];
  let scratchPackets = 0;

  const lastHeir = (signal: number): number => {
    const heir = heirs.get(signal);
    return heir === undefined ? signal : lastHeir(heir);
  };
  const placeOf = (signal: number): number => {
    if (signal < inputs) return signal;
    const end = lastHeir(signal);
    if (end < inputs + outputs) return end;
    let place = scratchOf.get(end);
    if (place === undefined) {
      place = freeScratch.pop() ?? inputs + outputs + scratchPackets++;
      scratchOf.set(end, place);
    }
    return place;
  };
  const release = (signal: number): void => {
    usesLeft[signal] = (usesLeft[signal] ?? 0) - 1;
    const place = scratchOf.get(signal);
    if (usesLeft[signal] === 0 && place !== undefined) freeScratch.push(place);
  };

  const moves: Move[] = [];
  for (const signal of order) {
    const operands = sums[signal - inputs] ?? [];
    assert(operands.length > 0, 'a sum has operands');
    const accumulates = mode === 'accumulate' && signal < inputs + outputs;
    const target = placeOf(signal);
    let holdsValue = accumulates || operands.some((operand) => heirs.get(operand) === signal);
    for (const operand of operands) {
      if (heirs.get(operand) === signal) continue;
      moves.push({ copies: !holdsValue, source: placeOf(operand), target });
      holdsValue = true;
    }
    operands.forEach(release);
  }
  return { moves, scratchPackets };
}

/**
 * Joins moves of neighbouring packets between the same two blocks into steps. A move may be drawn forward to its
 * neighbour when it commutes with all moves that it passes.
 */
function joinNeighbours(moves: readonly Move[], width: number, shardBlocks: number): Step[] {
  const blockOf = (packet: number): number => Math.min(Math.floor(packet / width), shardBlocks);
  const isJoined = new Array<boolean>(moves.length).fill(false);
  /** Index of the move that can continue a run now, or -1. */
  const findNext = (run: Move, from: number, source: number, target: number): number => {
    for (let index = from; index < moves.length; index++) {
      const move = moves[index];
      if (move === undefined || isJoined[index]) continue;
      if (move.copies === run.copies && move.source === source && move.target === target) {
        const passes = (passed: Move, i: number): boolean =>
          i < from || i >= index || isJoined[i] || commute(passed, move);
        return moves.every(passes) ? index : -1;
      }
    }
    return -1;
  };
  const steps: Step[] = [];
  moves.forEach((move, index) => {
    if (isJoined[index]) return;
    const sourceBlock = blockOf(move.source);
    const targetBlock = blockOf(move.target);
    let count = 1;
    while (sourceBlock !== targetBlock) {
      const source = move.source + count;
      const target = move.target + count;
      if (blockOf(source) !== sourceBlock || blockOf(target) !== targetBlock) break;
      const next = findNext(move, index + 1, source, target);
      if (next < 0) break;
      isJoined[next] = true;
      count++;
    }
    const sourcePacket = move.source - sourceBlock * width;
    const targetPacket = move.target - targetBlock * width;
    steps.push({ copies: move.copies, sourceBlock, sourcePacket, targetBlock, targetPacket, count });
  });
  return steps;
}

function commute(a: Move, b: Move): boolean {
  if (a.source === b.target || a.target === b.source) return false;
  return a.target !== b.target || !(a.copies || b.copies);
}
