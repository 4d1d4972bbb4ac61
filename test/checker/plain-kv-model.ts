/**
 * The plain second Kv model: every state is concrete, and a put whose version nobody saw makes one state for each
 * version up to `maxVersion`. Equal to the real one as long as no history needs a greater version.
 */
import { kvModel, type KvInput, type KvResult } from './kv-model.js';
import type { Model } from './model.js';

interface PlainState {
  readonly value: string | null;
  /** Of the value; for a missing key that of the last one; 0 before the first. */
  readonly version: number;
}

/** The value after the operation and what its answer must be, for a state that is fully known. */
function outcomeOf(
  { value, version }: PlainState,
  input: KvInput,
): { after: string | null; puts: boolean; holds: boolean } {
  const condition = input.type === 'set' || input.type === 'delete' ? input.condition : undefined;
  const holds =
    condition === undefined ||
    (condition.type === 'absent' && value === null) ||
    (condition.type === 'present' && value !== null) ||
    (condition.type === 'version' && value !== null && version === condition.version);
  if (input.type === 'set' && holds) return { after: input.value, puts: true, holds };
  if (input.type === 'delete' && holds) return { after: null, puts: false, holds: value !== null };
  if (input.type === 'incr' && !/^\d+$/.test(value ?? '0')) return { after: value, puts: false, holds: false };
  if (input.type === 'incr') return { after: String(Number(value ?? '0') + Number(input.delta)), puts: true, holds };
  if (input.type === 'append') return { after: (value ?? '') + input.value, puts: true, holds };
  return { after: value, puts: false, holds: holds && input.type !== 'delete' };
}

function agrees(before: PlainState, after: PlainState, holds: boolean, result: KvResult): boolean {
  const sees = (version: number | undefined): boolean =>
    version === undefined || version === (after.value === null ? 0 : after.version);
  switch (result.type) {
    case 'get':
      return result.value === after.value && sees(result.version);
    case 'inspect':
      return result.found === (after.value !== null) && sees(result.version);
    case 'set':
      return (
        result.applied === holds && (result.old === undefined || result.old === before.value) && sees(result.version)
      );
    case 'delete':
      return result.deleted === holds;
    case 'lose':
      return true;
    case 'incr':
      return holds ? result.value === after.value && sees(result.version) : result.value === null;
    case 'append':
      return (result.length === undefined || result.length === after.value?.length) && sees(result.version);
  }
}

export function plainKvModel(maxVersion: number): Model<PlainState, KvInput, KvResult> {
  return {
    initial: { value: null, version: 0 },
    step(state, input, result) {
      if (input.type === 'lose') return state.value === null ? [state] : [state, { ...state, value: null }];
      const { after, puts, holds } = outcomeOf(state, input);
      const states: PlainState[] = [];
      if (!puts) states.push({ value: after, version: state.version });
      else
        for (let version = state.version + 1; version <= maxVersion; version++) states.push({ value: after, version });
      return result === undefined ? states : states.filter((next) => agrees(state, next, holds, result));
    },
    order: () => undefined,
    equivalence: () => ({
      stateKey: ({ value, version }) => `${version}:${value}`,
      shorten: (state) => state,
      covers: (a, b) => a.value === b.value && a.version === b.version,
      inputKey: JSON.stringify,
    }),
    isReadOnly: () => false,
    overwrites: () => false,
    describe: (input, result) => kvModel.describe(input, result),
    describeState: ({ value, version }) => `${value} v${version}`,
  };
}
