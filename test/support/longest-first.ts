/** The order of test files: what takes longest begins first, so that all workers end at about the same time. */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** From the top of the project; files and folders that take longer than ten seconds, the longest first. */
const LONG = [
  'test/simulator/ecc/ecc-simulator.test.ts',
  'test/process/default-layout.test.ts',
  'test/process/ecc-survival.test.ts',
  'test/process/ecc-losses.test.ts',
  'test/process/ecc-recovery.test.ts',
  'test/process/bench.test.ts',
  'test/kv-conformance/ecc.test.ts',
  'test/process/',
  'test/kv-conformance/',
  'test/simulator/simulator.test.ts',
  'test/cli/kv-commands.test.ts',
  'test/bin/clone.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // By what is known of earlier runs, or else by size.
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => this.rank(a) - this.rank(b));
  }

  private rank({ moduleId }: TestSpecification): number {
    const path = relative(this.ctx.config.root, moduleId);
    const rank = LONG.findIndex((prefix) => path.startsWith(prefix));
    return rank === -1 ? LONG.length : rank;
  }
}
