/**
 * Reads histories of one register in the text form of Jepsen's log, as in Porcupine's test data:
 *
 *   INFO  jepsen.util - 3   :invoke :cas    [1 4]
 *   INFO  jepsen.util - 3   :ok     :cas    [1 4]
 *
 * `:ok` is done. `:fail :cas [..]` is done, without a match. `:info`, a missing return and anything that timed out are
 * unknown, since the request may still be on its way; any other `:fail` is definitely not done. Lines of other
 * loggers and of Jepsen's nemesis are no operations and are passed over.
 */
import { HistoryFormatError } from './history-error.js';
import type { Operation } from './operation.js';
import { operationsOf, type HistoryEvent } from './recorder.js';
import type { RegisterInput, RegisterResult, RegisterValue } from './register-model.js';

type RegisterEvent = HistoryEvent<RegisterInput, RegisterResult>;

const LOG_LINE = /\bjepsen\.util\s+-\s+(\S+)\s+:(\S+)\s+:(\S+)\s+(.*)$/;
const VALUE = /^(nil|-?\d+)$/;
const PAIR = /^\[(nil|-?\d+)[\s,]+(nil|-?\d+)\]$/;
const KEY = 'register';

interface LogLine {
  readonly number: number;
  readonly process: string;
  readonly phase: string;
  readonly operation: string;
  readonly argument: string;
}

function valueOf(text: string): RegisterValue {
  return text === 'nil' ? null : Number(text);
}

function inputOf({ number, operation, argument }: LogLine): RegisterInput {
  if (operation === 'read') return { type: 'read' };
  if (operation === 'write' && VALUE.test(argument)) return { type: 'write', value: valueOf(argument) };
  const pair = operation === 'cas' ? PAIR.exec(argument) : null;
  if (pair !== null) return { type: 'cas', from: valueOf(pair[1] ?? ''), to: valueOf(pair[2] ?? '') };
  throw new HistoryFormatError(
    number,
    `:read nil, :write N or :cas [N N] after :invoke, not :${operation} ${argument}`,
  );
}

/** What an `:ok` or `:fail` line says of the operation; undefined when it leaves the outcome open. */
function returnOf(line: LogLine, id: number): RegisterEvent {
  const { number, phase, operation, argument } = line;
  const timeMs = number;
  if (phase === 'info' || argument.startsWith(':timed-out')) return { type: 'unknown', id, timeMs };
  if (phase === 'fail' && operation !== 'cas') return { type: 'not-done', id, timeMs };
  switch (operation) {
    case 'read':
      if (!VALUE.test(argument)) break;
      return { type: 'done', id, result: { type: 'read', value: valueOf(argument) }, timeMs };
    case 'write':
      return { type: 'done', id, result: { type: 'write' }, timeMs };
    case 'cas':
      return { type: 'done', id, result: { type: 'cas', matched: phase === 'ok' }, timeMs };
  }
  throw new HistoryFormatError(
    number,
    `the return of a :read, :write or :cas, not :${phase} :${operation} ${argument}`,
  );
}

function* logLines(text: string): Generator<LogLine> {
  for (const [index, line] of text.split('\n').entries()) {
    const match = LOG_LINE.exec(line.trimEnd());
    if (match === null || match[1] === ':nemesis') continue;
    const [, process = '', phase = '', operation = '', argument = ''] = match;
    yield { number: index + 1, process, phase, operation, argument };
  }
}

/**
 * The operations of a log. Times are line numbers.
 * @throws HistoryFormatError for an operation line that cannot be understood, or a text without any
 */
export function readJepsenLog(text: string): Operation<RegisterInput, RegisterResult>[] {
  const events: RegisterEvent[] = [];
  const underWay = new Map<string, { readonly id: number; readonly operation: string }>();
  let nextId = 0;
  for (const line of logLines(text)) {
    const { number, process, phase, operation } = line;
    if (phase === 'invoke') {
      const id = nextId++;
      underWay.set(process, { id, operation });
      events.push({ type: 'invoke', id, client: process, key: KEY, input: inputOf(line), timeMs: number });
      continue;
    }
    if (phase !== 'ok' && phase !== 'fail' && phase !== 'info') {
      throw new HistoryFormatError(number, `:invoke, :ok, :fail or :info, not :${phase}`);
    }
    const invoked = underWay.get(process);
    if (invoked?.operation !== operation) {
      throw new HistoryFormatError(number, `a return of an operation that process ${process} has under way`);
    }
    underWay.delete(process);
    events.push(returnOf(line, invoked.id));
  }
  if (events.length === 0) throw new HistoryFormatError(1, 'lines such as "INFO  jepsen.util - 0 :invoke :read nil"');
  return operationsOf(events);
}
