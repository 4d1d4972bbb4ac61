/**
 * Log lines through pino: JSON, a line each, or readable ones on a terminal. What may be in them is decided here once:
 * scalars only, never bytes, nothing under a name that stands for a stored value or a secret, no endless strings.
 * How they get out, and what is done about a reader that hangs, is in line-writer.ts.
 */
import { isatty } from 'node:tty';
import { pino, type Logger as PinoLogger } from 'pino';
import type { LogFields, LogLevel, Logger } from '../base/log.js';
import { LineWriter } from './line-writer.js';

export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
/** `auto`: pretty if the lines go to a terminal, else json. */
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  /** Lines below this level are not written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Fields of every line, such as the node's id. */
  readonly fields?: LogFields;
  /** File descriptor to write to; 2 (stderr) if left out. It stays the caller's to close. */
  readonly fd?: number;
}

/** A logger and the way out of it. */
export interface LoggerHandle {
  readonly logger: Logger;
  /** Resolves when every line so far has been written, at the latest after a second. Later lines are still written. */
  readonly close: () => Promise<void>;
}

/** Names of fields that are never written, whatever is in them. */
const REDACTED_NAMES = new Set(['value', 'oldValue', 'password', 'secret', 'token', 'authorization']);
const MAX_STRING_LENGTH = 4096;

function presentable(name: string, value: unknown): string | number | boolean {
  if (REDACTED_NAMES.has(name)) return '[redacted]';
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return `[${typeof value}]`;
  return value.length <= MAX_STRING_LENGTH
    ? value
    : `${value.slice(0, MAX_STRING_LENGTH)}... (${value.length} characters)`;
}

/** The fields that may be written. The types already keep others out; this keeps out what came by way of a cast or `any`. */
export function presentableFields(fields: LogFields): Record<string, string | number | boolean> {
  const result: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) result[name] = presentable(name, value);
  }
  return result;
}

class PinoAdapter implements Logger {
  private readonly target: PinoLogger;

  constructor(target: PinoLogger) {
    this.target = target;
  }

  debug(fields: LogFields, message: string): void {
    this.write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.write('error', fields, message);
  }

  fatal(fields: LogFields, message: string): void {
    this.write('fatal', fields, message);
  }

  isEnabled(level: LogLevel): boolean {
    return this.target.isLevelEnabled(level);
  }

  child(component: string, fields: LogFields = {}): Logger {
    return new PinoAdapter(this.target.child({ component, ...presentableFields(fields) }));
  }

  private write(level: LogLevel, fields: LogFields, message: string): void {
    if (this.target.isLevelEnabled(level)) this.target[level](presentableFields(fields), message);
  }
}

/** How a line of JSON is shown, or undefined to leave it as it is. pino-pretty is loaded only when it is needed. */
async function prettifier(colorize: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    colorize,
    singleLine: true,
    ignore: 'node,component',
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{if node}{node} {end}{if component}{component}: {end}{msg}',
  });
}

/** Opens the log of this thread. Lines that wait when the process ends are written then, whatever ends it but SIGKILL. */
export async function openLogger(options: LoggerOptions): Promise<LoggerHandle> {
  const { level, format, fields = {}, fd = 2 } = options;
  const onTerminal = isatty(fd);
  const present =
    format === 'pretty' || (format === 'auto' && onTerminal)
      ? await prettifier(onTerminal && process.env['NO_COLOR'] === undefined)
      : undefined;
  const writer = new LineWriter(fd);
  const destination = {
    write: (line: string) => writer.write(present === undefined ? line : present(line)),
    // pino calls this after a fatal line.
    flushSync: () => writer.flushSync(),
  };
  const target = pino(
    {
      level,
      base: presentableFields(fields),
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const onExit = (): void => writer.flushSync();
  process.once('exit', onExit);
  return {
    logger: new PinoAdapter(target),
    close: async () => {
      await writer.flush(1_000);
      process.off('exit', onExit);
    },
  };
}
