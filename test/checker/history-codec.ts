/** How the inputs and results of each model are read from parsed JSON. Written, they are themselves. */
import {
  asObject,
  booleanField,
  FieldError,
  integerField,
  integerOrNullField,
  optional,
  textField,
  textOrNullField,
  type JsonObject,
} from './json-fields.js';
import type { KvCondition, KvInput, KvResult } from './kv-model.js';
import type { RegisterInput, RegisterResult } from './register-model.js';

export interface HistoryCodec<Input, Result> {
  /** Name of the model in the first line of a file. */
  readonly model: string;
  /** @throws FieldError */
  readInput(json: unknown): Input;
  /** @throws FieldError unless it is the result of such an input */
  readResult(json: unknown, input: Input): Result;
}

function typeOf(object: JsonObject, types: readonly string[]): string {
  const { type } = object;
  if (typeof type !== 'string' || !types.includes(type)) throw new FieldError(`"type": one of ${types.join(', ')}`);
  return type;
}

function readCondition(object: JsonObject, name: string): KvCondition {
  const condition = asObject(object[name], `"${name}"`);
  const type = typeOf(condition, ['absent', 'present', 'version']);
  if (type === 'version') return { type, version: integerField(condition, 'version') };
  return { type: type === 'absent' ? 'absent' : 'present' };
}

function decimalField(object: JsonObject, name: string): string {
  const text = textField(object, name);
  if (!/^-?\d{1,19}$/.test(text)) throw new FieldError(`"${name}": a 64-bit integer as a text`);
  return text;
}

function readKvInput(json: unknown): KvInput {
  const object = asObject(json, '"input"');
  const type = typeOf(object, ['get', 'inspect', 'set', 'delete', 'incr', 'append', 'lose']);
  switch (type) {
    case 'set':
      return { type, value: textField(object, 'value'), condition: optional(object, 'condition', readCondition) };
    case 'delete':
      return { type, condition: optional(object, 'condition', readCondition) };
    case 'incr':
      return { type, delta: decimalField(object, 'delta') };
    case 'append':
      return { type, value: textField(object, 'value') };
    case 'inspect':
    case 'lose':
      return { type };
    default:
      return { type: 'get' };
  }
}

function readKvResult(json: unknown, { type }: KvInput): KvResult {
  const object = asObject(json, '"result"');
  typeOf(object, [type]);
  const version = optional(object, 'version', integerField);
  switch (type) {
    case 'get':
      return { type, value: textOrNullField(object, 'value'), version };
    case 'inspect':
      return { type, found: booleanField(object, 'found'), version };
    case 'set':
      return { type, applied: booleanField(object, 'applied'), version, old: optional(object, 'old', textOrNullField) };
    case 'delete':
      return { type, deleted: booleanField(object, 'deleted') };
    case 'incr':
      return { type, value: textOrNullField(object, 'value'), version };
    case 'append':
      return { type, length: optional(object, 'length', integerField), version };
    case 'lose':
      return { type };
  }
}

export const kvCodec: HistoryCodec<KvInput, KvResult> = {
  model: 'kv',
  readInput: readKvInput,
  readResult: readKvResult,
};

function readRegisterInput(json: unknown): RegisterInput {
  const object = asObject(json, '"input"');
  const type = typeOf(object, ['read', 'write', 'cas']);
  switch (type) {
    case 'write':
      return { type, value: integerOrNullField(object, 'value') };
    case 'cas':
      return { type, from: integerOrNullField(object, 'from'), to: integerOrNullField(object, 'to') };
    default:
      return { type: 'read' };
  }
}

function readRegisterResult(json: unknown, { type }: RegisterInput): RegisterResult {
  const object = asObject(json, '"result"');
  typeOf(object, [type]);
  switch (type) {
    case 'read':
      return { type, value: integerOrNullField(object, 'value') };
    case 'write':
      return { type };
    case 'cas':
      return { type, matched: booleanField(object, 'matched') };
  }
}

export const registerCodec: HistoryCodec<RegisterInput, RegisterResult> = {
  model: 'register',
  readInput: readRegisterInput,
  readResult: readRegisterResult,
};
