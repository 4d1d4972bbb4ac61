import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLogger, presentableFields, type LoggerOptions } from '../../src/adapters/logger.js';
import type { LogFields, Logger } from '../../src/base/log.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcache-log-'));
  file = join(folder, 'log');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What a logger with `options` writes while `use` runs. */
async function written(options: Partial<LoggerOptions>, use: (logger: Logger) => void): Promise<string> {
  const fd = openSync(file, 'a');
  const { logger, close } = await openLogger({ level: 'info', format: 'json', ...options, fd });
  use(logger);
  await close();
  closeSync(fd);
  return readFileSync(file, 'utf8');
}

const parsed = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('a JSON line', () => {
  test('has level, time, the fields of the logger and of the call, and the message', async () => {
    const text = await written({ fields: { node: 'n1' } }, (logger) => logger.info({ port: 7101 }, 'listening'));
    expect(parsed(text)).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        node: 'n1',
        port: 7101,
        msg: 'listening',
      },
    ]);
  });

  test('of a child names its component and carries its fields', async () => {
    const text = await written({}, (logger) => logger.child('raft', { term: 3 }).warn({ index: 9 }, 'conflict'));
    expect(parsed(text)).toMatchObject([{ level: 'warn', component: 'raft', term: 3, index: 9, msg: 'conflict' }]);
  });

  test('below the level is not written, and the logger says so beforehand', async () => {
    const text = await written({ level: 'warn' }, (logger) => {
      expect([logger.isEnabled('info'), logger.isEnabled('warn')]).toEqual([false, true]);
      logger.debug({}, 'no');
      logger.info({}, 'no');
      logger.error({}, 'yes');
    });
    expect(parsed(text)).toMatchObject([{ msg: 'yes' }]);
  });
});

test('a readable line has time, level, node, component, message and fields, and no escape codes in a file', async () => {
  const text = await written({ format: 'pretty', fields: { node: 'n1' } }, (logger) =>
    logger.child('raft').info({ term: 3 }, 'elected'),
  );
  expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: n1 raft: elected \{"term":3\}\n$/);
});

test('auto is JSON where there is no terminal', async () => {
  const text = await written({ format: 'auto' }, (logger) => logger.info({}, 'hello'));
  expect(parsed(text)).toMatchObject([{ msg: 'hello' }]);
});

describe('what must not be logged', () => {
  test('is left out by its name', async () => {
    const text = await written({ fields: { token: 'sesame' } }, (logger) =>
      logger.child('kv', { password: 'sesame' }).info({ value: 'sesame' }, 'set'),
    );
    expect(text).not.toContain('sesame');
    expect(parsed(text)).toMatchObject([{ value: '[redacted]', token: '[redacted]', password: '[redacted]' }]);
  });

  test('is left out by its type, should a caller get around the compiler', () => {
    const smuggled = JSON.parse('{"bytes":{"0":104,"1":105},"list":["hi"],"none":null}') as LogFields;
    expect(presentableFields({ ...smuggled, ok: true })).toEqual({
      bytes: '[object]',
      list: '[object]',
      none: '[object]',
      ok: true,
    });
  });

  test('is left out beyond a length', () => {
    const { path } = presentableFields({ path: 'x'.repeat(100_000) });
    expect(String(path)).toMatch(/^x{4096}\.\.\. \(100000 characters\)$/);
  });
});

describe('the last lines before the end of the process', () => {
  /** Runs `body` in a process of its own with a logger on stdout. */
  const run = (body: string): { readonly status: number | null; readonly lines: unknown[] } => {
    const module = pathToFileURL(join(import.meta.dirname, '../../dist/adapters/logger.js')).href;
    const script = `
      const { openLogger } = await import(${JSON.stringify(module)});
      const { logger } = await openLogger({ level: 'info', format: 'json', fd: 1 });
      for (let i = 0; i < 1000; i++) logger.info({ i }, 'line');
      ${body}`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    return { status, lines: parsed(stdout) };
  };

  test.each([
    ['process.exit', 'process.exit(3);', 3],
    ['an uncaught error', "process.on('uncaughtException', () => process.exit(70)); throw new Error('x');", 70],
    ['a fatal line and an abrupt end', "logger.fatal({}, 'end'); process.reallyExit(5);", 5],
    ['nothing left to do', '', 0],
  ])('are written: %s', (_name, body, exitCode) => {
    const { status, lines } = run(body);
    expect(status).toBe(exitCode);
    expect(lines.length).toBeGreaterThanOrEqual(1000);
    const numbers = lines.map((line) => (line as { i?: number }).i).filter((i) => i !== undefined);
    expect(new Set(numbers).size).toBe(1000);
  });
});
