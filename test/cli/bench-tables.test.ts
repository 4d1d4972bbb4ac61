import { expect, it } from 'vitest';
import { runTables } from '../../src/cli/bench-tables.js';
import { compareTables } from '../../src/cli/compare-table.js';
import { sampleCompare, sampleRun } from '../bench/report/sample-reports.js';

it('no table of a benchmark is wider than 80 columns', () => {
  const tables = [runTables(sampleRun()), compareTables(sampleCompare())].join('\n').split('\n');
  const lines = tables.filter((line) => /\S {2,}\S/.test(line));
  expect(lines.length).toBeGreaterThan(15);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
});
