/** The lines of a traced run: its events and, among them, what the nodes log. */
import type { LogFields, Logger, LogLevel } from '../../src/base/log.js';
import type { RunOptions } from './run.js';

export function linePrinter(print: (line: string) => void): RunOptions {
  return { print, logger: printingLogger(print, '') };
}

function printingLogger(print: (line: string) => void, component: string): Logger {
  const at =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void =>
      print(`${' '.repeat(13)}${component}  ${level}: ${message} ${JSON.stringify(fields)}`);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    isEnabled: () => true,
    child: (name) => printingLogger(print, `${component}${name}`),
  };
}
