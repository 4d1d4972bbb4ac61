/**
 * Logging as cores and actors see it: fields and a sentence. adapters/logger.ts writes it out; tests record it.
 * Fields are scalars by type, so that nobody hands over a request, and with it a stored value, by accident.
 */

/** From the most to the least talkative. `fatal`: the process ends because of it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/** Names of fields end in Ms or Bytes where they are times or sizes. An undefined field is left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

type LogMethod = (fields: LogFields, message: string) => void;

export interface Logger extends Readonly<Record<LogLevel, LogMethod>> {
  /** Whether lines of this level are written; ask before computing fields that are costly. */
  isEnabled(level: LogLevel): boolean;
  /** A logger whose lines name the component, and carry `fields` besides their own. */
  child(component: string, fields?: LogFields): Logger;
}

/** Writes nothing. */
export const NULL_LOGGER: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  isEnabled: () => false,
  child: () => NULL_LOGGER,
};

/** The fields that describe an error: its message, its code if it has one, its stack, and the messages of its causes. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const causes: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && causes.length < 5) {
    causes.push(cause.message);
    cause = cause.cause;
  }
  return {
    error: error.message,
    code,
    causes: causes.length > 0 ? causes.join(' <- ') : undefined,
    stack: error.stack,
  };
}
