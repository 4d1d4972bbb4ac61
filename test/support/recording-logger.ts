/** A logger that keeps what it is told, for tests that look at it. */
import type { LogFields, LogLevel, Logger } from '../../src/base/log.js';

export interface LogRecord {
  readonly level: LogLevel;
  /** Undefined for the logger that has no component. */
  readonly component: string | undefined;
  readonly fields: LogFields;
  readonly message: string;
}

/** `records` is shared with every child, in the order of the calls. */
export interface RecordingLogger extends Logger {
  readonly records: LogRecord[];
}

export function recordingLogger(
  records: LogRecord[] = [],
  component: string | undefined = undefined,
  bound: LogFields = {},
): RecordingLogger {
  const at =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void => {
      records.push({ level, component, fields: { ...bound, ...fields }, message });
    };
  return {
    records,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    isEnabled: () => true,
    child: (name, fields = {}) => recordingLogger(records, name, { ...bound, ...fields }),
  };
}
