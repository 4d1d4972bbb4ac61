import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erasureCode } from '../../src/erasure/erasure-code.js';
import { ScheduleCache } from '../../src/erasure/schedule-cache.js';
import { compileSchedules, type OutputMode, type Schedule } from '../../src/erasure/schedule.js';
import { addUp, type XorProgram } from '../../src/erasure/xor-program.js';
import { at } from './shards.js';

/** Runs a schedule on symbols instead of bytes: every packet holds the set of the names that were added up in it. */
function runOnSymbols(schedule: Schedule, width: number, mode: OutputMode, inputShards: number): string[][][] {
  const isInput = (block: number) => block < inputShards;
  const blocks = Array.from({ length: schedule.shardBlocks }, (_, block) =>
    Array.from({ length: width }, (__, packet) => {
      if (isInput(block)) return [`in${block * width + packet}`];
      return mode === 'accumulate' ? [`old${(block - inputShards) * width + packet}`] : ['unset'];
    }),
  );
  blocks.push(Array.from({ length: schedule.scratchPackets }, () => ['unset']));
  for (const step of schedule.steps) {
    expect(isInput(step.targetBlock)).toBe(false);
    for (let i = 0; i < step.count; i++) {
      const source = at(at(blocks, step.sourceBlock), step.sourcePacket + i);
      const target = at(blocks, step.targetBlock);
      const old = at(target, step.targetPacket + i);
      const both = [...old, ...source];
      target[step.targetPacket + i] = step.copies
        ? source
        : both.filter((name) => !(old.includes(name) && source.includes(name)));
    }
  }
  return blocks.slice(inputShards, schedule.shardBlocks);
}

function expectOutputs(schedule: Schedule, program: XorProgram, width: number, mode: OutputMode): void {
  const outputs = runOnSymbols(schedule, width, mode, program.inputs / width).flat();
  outputs.forEach((names, output) => {
    const added = at(program.sums, output).map((input) => `in${input}`);
    const expected = mode === 'accumulate' ? [`old${output}`, ...added] : added;
    expect([...names].sort()).toEqual(expected.sort());
  });
}

const wholeShardPrograms = fc
  .record({
    width: fc.constantFrom(2, 4, 8),
    inputShards: fc.integer({ min: 1, max: 5 }),
    outputShards: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ width, inputShards, outputShards }) => {
    const outputs = outputShards * width;
    const sum = fc.uniqueArray(fc.nat(inputShards * width - 1), { minLength: 1 }).map(addUp);
    return fc.record({
      width: fc.constant(width),
      program: fc.record({
        inputs: fc.constant(inputShards * width),
        outputs: fc.constant(outputs),
        sums: fc.array(sum, { minLength: outputs, maxLength: outputs }),
      }),
    });
  });

describe('a schedule', () => {
  it.each(['assign', 'accumulate'] as const)('computes every output and no more (%s)', (mode) => {
    fc.assert(
      fc.property(wholeShardPrograms, ({ program, width }) => {
        const schedules = compileSchedules(program, width, mode);
        expect(schedules.length).toBeGreaterThan(0);
        for (const schedule of schedules) expectOutputs(schedule, program, width, mode);
      }),
    );
  });

  it('joins the packets of an identity block into one step', () => {
    const program = {
      inputs: 8,
      outputs: 4,
      sums: [
        [0, 4],
        [1, 5],
        [2, 6],
        [3, 7],
      ],
    };
    const [schedule] = compileSchedules(program, 4, 'assign');
    expect(schedule?.steps).toEqual([
      { copies: true, sourceBlock: 0, sourcePacket: 0, targetBlock: 2, targetPacket: 0, count: 4 },
      { copies: false, sourceBlock: 1, sourcePacket: 0, targetBlock: 2, targetPacket: 0, count: 4 },
    ]);
  });

  it('needs no more XORs than stated here', () => {
    const best = (k: number, m: number) =>
      Math.min(...new ScheduleCache(erasureCode(k, m)).encode().map((schedule) => schedule.packetOperations));
    // Copies count as XORs; without sharing it is the ones of the matrix: 4, 26, 36, 102, 142, 268.
    expect([best(2, 1), best(3, 2), best(4, 2), best(6, 3), best(8, 3), best(10, 4)]).toEqual([
      4, 25, 33, 80, 107, 179,
    ]);
  });
});
