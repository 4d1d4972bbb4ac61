/** Short labels of Kv operations, for pictures and messages. */
import { assertNever } from '../../src/base/assert.js';
import type { KvCondition, KvInput, KvResult } from './kv-model.js';

const MAX_VALUE_CHARACTERS = 14;

function showValue(value: string | null): string {
  if (value === null) return 'missing';
  if (value === '') return '""';
  return value.length <= MAX_VALUE_CHARACTERS ? value : `${value.slice(0, MAX_VALUE_CHARACTERS - 1)}…`;
}

function showVersion(version: number | undefined): string {
  return version === undefined ? '' : ` v${version}`;
}

function showCondition(condition: KvCondition | undefined): string {
  switch (condition?.type) {
    case undefined:
      return '';
    case 'absent':
      return ' nx';
    case 'present':
      return ' xx';
    case 'version':
      return ` if v${condition.version}`;
    default:
      return assertNever(condition, 'condition');
  }
}

function showInput(input: KvInput): string {
  switch (input.type) {
    case 'get':
      return 'get';
    case 'set':
      return `set ${showValue(input.value)}${showCondition(input.condition)}`;
    case 'delete':
      return `del${showCondition(input.condition)}`;
    case 'inspect':
      return 'inspect';
    case 'incr':
      return `incr ${input.delta}`;
    case 'append':
      return `append ${showValue(input.value)}`;
    case 'lose':
      return 'may be lost';
    default:
      return assertNever(input, 'kv operation');
  }
}

function showResult(result: KvResult | undefined): string {
  switch (result?.type) {
    case undefined:
      return '?';
    case 'get':
      return `${showValue(result.value)}${showVersion(result.version)}`;
    case 'set': {
      const old = result.old === undefined ? '' : ` was ${showValue(result.old)}`;
      return `${result.applied ? 'ok' : 'no'}${showVersion(result.version)}${old}`;
    }
    case 'inspect':
      return `${result.found ? 'found' : 'missing'}${showVersion(result.version)}`;
    case 'lose':
      return 'declared';
    case 'delete':
      return result.deleted ? 'ok' : 'no';
    case 'incr':
      return result.value === null ? 'refused' : `${result.value}${showVersion(result.version)}`;
    case 'append':
      return `${result.length === undefined ? 'ok' : `${result.length} B`}${showVersion(result.version)}`;
    default:
      return assertNever(result, 'kv result');
  }
}

/** For example `set a nx → ok v5`, `get → missing`, `incr 1 → ?`. */
export function describeKvOperation(input: KvInput, result: KvResult | undefined): string {
  return `${showInput(input)} → ${showResult(result)}`;
}
