import { expect, test } from 'vitest';
import { EXIT_CODES } from './arguments.js';
import { simulate } from './cli.js';

async function said(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const code = await simulate(args, (line) => lines.push(line));
  return { code, text: lines.join('\n') };
}

test('--help names every exit code', async () => {
  const { code, text } = await said('--help');
  expect(code).toBe(0);
  for (const number of Object.values(EXIT_CODES)) expect(text).toContain(`\n  ${number}  `);
});

test.each([
  [['--mode', 'both'], '--mode is raft or ecc'],
  [['--seed', '1.5'], '--seed is a whole number'],
  [['--seeds', '0'], '--seeds is a whole number from 1'],
  [['--cut', '{'], 'JSON'],
  [['--minimize', '--seeds', '2'], 'for one seed'],
  [['--sed', '1'], "'--sed'"],
])('%j cannot be used, and it says why', async (args, why) => {
  const { code, text } = await said(...args);
  expect(code).toBe(EXIT_CODES.usage);
  expect(text).toContain(why);
});

test('one seed tells its trace, the same each time', async () => {
  const [first, second] = [await said('--seed', '3', '--mode', 'raft'), await said('--seed', '3', '--mode', 'raft')];
  expect(first.code).toBe(0);
  expect(first.text).toMatch(/^seed 3 passed, trace [0-9a-f]{16}/);
  expect(second.text).toBe(first.text);
});
