/** ARCHITECTURE.md lists which tests prove that each failure of DESIGN.md's table is borne: they have to be there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ECC_FAULTS, RAFT_FAULTS } from '../simulator/fault-counts.js';

const TESTS = join(import.meta.dirname, '..');
const HEADING = '## Failures, and what proves that they are borne';
/** Of DESIGN.md, section 10; a row of it may have become several. */
const LEAST_ROWS = 24;

const text = readFileSync(join(TESTS, '../ARCHITECTURE.md'), 'utf8');
const section = text.slice(text.indexOf(HEADING)).split(/^## /m)[1] ?? '';
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, failure = '', simulator = '', tests = '']) => ({ failure, simulator, tests }));

/** What is between double quotes. */
const quoted = (cell: string): string[] => [...cell.matchAll(/"([^"]+)"/g)].map(([, words = '']) => words);

test('there is a row for every failure', () => {
  expect(rows.length).toBeGreaterThanOrEqual(LEAST_ROWS);
});

describe.each(rows)('$failure', ({ simulator, tests }) => {
  test('happens in the simulator under these names, and has tests of these titles', () => {
    const faults: readonly string[] = simulator.startsWith('raft: ') ? RAFT_FAULTS : ECC_FAULTS;
    for (const name of quoted(simulator)) expect(faults).toContain(name);
    const named = [...tests.matchAll(/`([^`]+)` › "([^"]+)"/g)];
    expect(named.length).toBe(quoted(tests).length);
    expect(named.length).toBeGreaterThan(0);
    for (const [, file = '', title = ''] of named) {
      const path = join(TESTS, file);
      expect(existsSync(path), path).toBe(true);
      expect(titlesIn(readFileSync(path, 'utf8')), file).toContain(title);
    }
  });
});

/** Text literals that begin after a bracket, as titles do. Those of templates are also given without what comes before the first colon. */
function titlesIn(source: string): string[] {
  const literals = [...source.matchAll(/\(\s*(?:'((?:[^'\\]|\\.)*)'|"([^"]*)"|`([^`]*)`)/g)];
  return literals.flatMap(([, single, double, template]) => {
    const title = single ?? double ?? template ?? '';
    return template === undefined ? [title] : [title, title.slice(title.indexOf(': ') + 2)];
  });
}
