import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLinearizability } from './check.js';
import { readJepsenLog } from './jepsen-log.js';
import { registerModel } from './register-model.js';

const log = (...lines: readonly string[]): string => lines.map((line) => `INFO  jepsen.util - ${line}\n`).join('');

const outcomes = (text: string): readonly unknown[] => readJepsenLog(text).map((operation) => operation.outcome);

describe('a Jepsen log', () => {
  it('is read with tabs as well as spaces between its columns', () => {
    const spaced = log('12  :invoke :cas    [1 4]', '12  :ok     :cas    [1 4]');
    const tabbed = log('12\t:invoke\t:cas\t[1 4]', '12\t:ok\t:cas\t[1 4]');
    expect(readJepsenLog(tabbed)).toEqual(readJepsenLog(spaced));
    expect(readJepsenLog(spaced)).toMatchObject([
      { client: '12', input: { type: 'cas', from: 1, to: 4 }, outcome: { type: 'done', result: { matched: true } } },
    ]);
  });

  it('says nil for a register that was never written', () => {
    expect(outcomes(log('0 :invoke :read nil', '0 :ok :read nil'))).toEqual([
      { type: 'done', result: { type: 'read', value: null } },
    ]);
  });

  it('takes a failed cas as done, without a match', () => {
    expect(outcomes(log('0 :invoke :cas [1 2]', '0 :fail :cas [1 2]'))).toEqual([
      { type: 'done', result: { type: 'cas', matched: false } },
    ]);
  });

  it.each([
    ['an :info', log('0 :invoke :write 1', '0 :info :write :timed-out')],
    ['a read that timed out', log('0 :invoke :read nil', '0 :fail :read :timed-out')],
    ['a cas that timed out', log('0 :invoke :cas [1 2]', '0 :fail :cas :timed-out')],
    ['a missing return', log('0 :invoke :write 1')],
  ])('takes %s as unknown', (_what, text) => {
    expect(outcomes(text)).toEqual([{ type: 'unknown' }]);
  });

  it('takes any other failure as definitely not done', () => {
    expect(outcomes(log('0 :invoke :write 1', '0 :fail :write 1'))).toEqual([{ type: 'not-done' }]);
  });

  it('leaves the operation of a process open when the process goes on without a return', () => {
    const text = log('0 :invoke :write 1', '0 :invoke :read nil', '0 :ok :read 1');
    expect(outcomes(text)).toEqual([{ type: 'unknown' }, { type: 'done', result: { type: 'read', value: 1 } }]);
  });

  it('passes over the nemesis and other loggers', () => {
    const text = `INFO  jepsen.core - Worker 0 starting\n${log(':nemesis :info :start nil', '0 :invoke :write 1')}`;
    expect(readJepsenLog(text)).toHaveLength(1);
  });

  it.each([
    ['an unknown operation', log('0 :invoke :write 1', '1 :invoke :swap 3'), 'line 2: expected :read nil, :write N'],
    ['a return of nothing', log('0 :ok :write 1'), 'line 1: expected a return of an operation that process 0'],
    ['a read of no value', log('0 :invoke :read nil', '0 :ok :read x'), 'line 2: expected the return of a :read'],
    ['no operation at all', 'hello\n', 'line 1: expected lines such as'],
  ])('with %s is refused by line', (_what, text, message) => {
    expect(() => readJepsenLog(text)).toThrow(message);
  });
});

const folder = join(
  process.env['DCACHE_CONFORMANCE'] ?? resolve(import.meta.dirname, '../../../shared/conformance'),
  'linearizability',
);
const absent = !existsSync(folder);

// The histories are outside test data, used from where they are and never copied into this project.
describe.skipIf(absent)(`the recorded histories of etcd${absent ? ` (skipped: there is no ${folder})` : ''}`, () => {
  const expected: unknown = absent ? {} : JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  const names = absent ? [] : readdirSync(folder).filter((name) => name.endsWith('.log'));

  it('are there', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)('%s has its known verdict', (name) => {
    const operations = readJepsenLog(readFileSync(join(folder, name), 'utf8'));
    const { verdict } = checkLinearizability(registerModel, operations);
    expect(verdict).not.toBe('undecided');
    expect(expected).toHaveProperty([name], verdict === 'linearizable');
  });
});
