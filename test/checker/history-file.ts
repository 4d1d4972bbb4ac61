/**
 * Histories as JSON lines. The first line names the format and the model, every other line is one event; the order of the
 * lines is the order of the events. A file may end anywhere: an operation without a return is of unknown outcome.
 *
 *   {"format":"dcache-history","version":1,"model":"kv"}
 *   {"type":"invoke","id":0,"client":"c1","key":"k","input":{"type":"set","value":"a"},"timeMs":3}
 *   {"type":"done","id":0,"result":{"type":"set","applied":true,"version":1},"timeMs":5}
 *   {"type":"not-done","id":1,"timeMs":9}
 *   {"type":"unknown","id":2,"timeMs":9}
 *
 * `id` is an integer that is unique in the file. Inputs and results are those of the model (`kv-model.ts`,
 * `register-model.ts`). Times are for people.
 */
import type { HistoryCodec } from './history-codec.js';
import { HistoryFormatError } from './history-error.js';
import { asObject, FieldError, integerField, numberField, textField, type JsonObject } from './json-fields.js';
import type { Operation } from './operation.js';
import { operationsOf, type HistoryEvent } from './recorder.js';

const FORMAT = 'dcache-history';
const VERSION = 1;

export function historyHeader(model: string): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, model });
}

export function historyLine(event: HistoryEvent<unknown, unknown>): string {
  return JSON.stringify(event);
}

/** The whole file, with a line feed at its end. */
export function writeHistory<Input, Result>(
  codec: HistoryCodec<Input, Result>,
  events: readonly HistoryEvent<Input, Result>[],
): string {
  return [historyHeader(codec.model), ...events.map(historyLine), ''].join('\n');
}

/** Runs `read`, adding the line to what it misses. */
function atLine<Value>(line: number, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldError) throw new HistoryFormatError(line, error.expected);
    if (error instanceof SyntaxError) throw new HistoryFormatError(line, `one JSON object (${error.message})`);
    throw error;
  }
}

function parseLine(text: string): JsonObject {
  return asObject(JSON.parse(text), 'the line');
}

/**
 * The name of the model in the first line.
 * @throws HistoryFormatError when it is not the first line of a history
 */
export function historyModel(text: string): string {
  const [first = ''] = text.split('\n', 1);
  return atLine(1, () => {
    const header = parseLine(first);
    if (header['format'] !== FORMAT) throw new FieldError(`"format": "${FORMAT}"`);
    if (header['version'] !== VERSION) throw new FieldError(`"version": ${VERSION}`);
    return textField(header, 'model');
  });
}

/**
 * The operations of a file, in the order of their invocations.
 * @throws HistoryFormatError naming the first line that is wrong; a cut last line counts as wrong
 */
export function readHistory<Input, Result>(
  codec: HistoryCodec<Input, Result>,
  text: string,
): Operation<Input, Result>[] {
  const model = historyModel(text);
  if (model !== codec.model) throw new HistoryFormatError(1, `"model": "${codec.model}", not "${model}"`);
  const events: HistoryEvent<Input, Result>[] = [];
  const invoked = new Map<number, Input>();
  const returned = new Set<number>();
  for (const [index, line] of text.split('\n').entries()) {
    if (index === 0 || line.trim() === '') continue;
    events.push(atLine(index + 1, () => readEvent(codec, parseLine(line), invoked, returned)));
  }
  return operationsOf(events);
}

function readEvent<Input, Result>(
  codec: HistoryCodec<Input, Result>,
  object: JsonObject,
  invoked: Map<number, Input>,
  returned: Set<number>,
): HistoryEvent<Input, Result> {
  const id = integerField(object, 'id');
  const timeMs = numberField(object, 'timeMs');
  const { type } = object;
  if (type === 'invoke') {
    if (invoked.has(id)) throw new FieldError(`"id": one that is not taken (${id} is invoked above)`);
    const input = codec.readInput(object['input']);
    invoked.set(id, input);
    return { type, id, client: textField(object, 'client'), key: textField(object, 'key'), input, timeMs };
  }
  if (type !== 'done' && type !== 'not-done' && type !== 'unknown') {
    throw new FieldError('"type": invoke, done, not-done or unknown');
  }
  const input = invoked.get(id);
  if (input === undefined) throw new FieldError(`"id": one that is invoked above (${id} is not)`);
  if (returned.has(id)) throw new FieldError(`"id": one that has not returned yet (${id} has)`);
  returned.add(id);
  return type === 'done'
    ? { type, id, result: codec.readResult(object['result'], input), timeMs }
    : { type, id, timeMs };
}
