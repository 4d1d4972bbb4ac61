/**
 * Histories of a correct store under concurrent clients, from one seed, and ways to spoil them. Every value that is set is
 * unique, as it is in the histories of the simulator.
 */
import { Prng } from '../../src/base/prng.js';
import { kvModel, type KvInput, type KvResult, type KvState } from './kv-model.js';
import type { Operation } from './operation.js';
import { HistoryRecorder, type HistoryEvent, type OperationHandle } from './recorder.js';

export interface GeneratedHistoryOptions {
  readonly seed: number;
  readonly operations: number;
  readonly keys: number;
  readonly clients: number;
  /** Of a thousand operations, how many never get an answer. Half of those take effect, early or very late. */
  readonly lostPerMille: number;
}

interface UnderWay {
  readonly key: string;
  readonly input: KvInput;
  readonly handle: OperationHandle<KvResult>;
  result?: KvResult | undefined;
}

/** A store that does at once what it is told. */
class PlainStore {
  private readonly states = new Map<string, KvState>();
  private nextVersion = 1;

  apply(key: string, input: KvInput): KvResult {
    const state = this.states.get(key) ?? kvModel.initial;
    const result = this.answer(state, input);
    const [after] = kvModel.step(state, input, result);
    if (after === undefined) throw new Error(`the store and the model disagree on ${input.type}`);
    this.states.set(key, after);
    return result;
  }

  private answer({ value, version }: KvState, input: KvInput): KvResult {
    if (value !== null && typeof value !== 'string') throw new Error('a store keeps whole values');
    const found = value === null ? 0 : version;
    switch (input.type) {
      case 'get':
        return { type: 'get', value, version: found };
      case 'inspect':
        return { type: 'inspect', found: value !== null, version: found };
      case 'set': {
        const applied = input.condition === undefined || (input.condition.type === 'absent') === (value === null);
        return { type: 'set', applied, version: applied ? this.nextVersion++ : found };
      }
      case 'delete':
        return { type: 'delete', deleted: value !== null };
      case 'incr':
        return { type: 'incr', value: null };
      case 'lose':
        return { type: 'lose' };
      case 'append':
        return { type: 'append', version: this.nextVersion++ };
    }
  }
}

function drawInput(prng: Prng, number: number): KvInput {
  const kind = prng.below(20);
  if (kind < 9) return { type: 'get' };
  if (kind < 10) return { type: 'delete' };
  if (kind < 11) return { type: 'inspect' };
  if (kind < 12) return { type: 'append', value: `+${number}` };
  if (kind < 13) return { type: 'set', value: `x${number}`, condition: { type: 'absent' } };
  if (kind < 14) return { type: 'set', value: `x${number}`, condition: { type: 'present' } };
  return { type: 'set', value: `x${number}` };
}

/** The events of a linearizable history. Virtual time moves a millisecond every few events. */
export function generateEvents(options: GeneratedHistoryOptions): readonly HistoryEvent<KvInput, KvResult>[] {
  const prng = new Prng(options.seed);
  const store = new PlainStore();
  const recorder = new HistoryRecorder<KvInput, KvResult>();
  const clients: (UnderWay | undefined)[] = Array.from({ length: options.clients }, () => undefined);
  const stragglers: UnderWay[] = [];
  let invoked = 0;
  let timeMs = 0;
  while (invoked < options.operations || clients.some((call) => call !== undefined)) {
    if (prng.chance(1, 4)) timeMs++;
    if (stragglers.length > 0 && prng.chance(1, 50)) {
      const [late] = stragglers.splice(prng.below(stragglers.length), 1);
      if (late !== undefined) store.apply(late.key, late.input);
    }
    const client = prng.below(options.clients);
    const call = clients[client];
    if (call === undefined) {
      if (invoked === options.operations) continue;
      const key = `key-${prng.below(options.keys)}`;
      const input = drawInput(prng, invoked++);
      clients[client] = { key, input, handle: recorder.invoke(`c${client}`, { key, input }, timeMs) };
    } else if (call.result !== undefined) {
      call.handle.done(call.result, timeMs);
      clients[client] = undefined;
    } else if (prng.chance(options.lostPerMille, 1000)) {
      call.handle.unknown(timeMs);
      clients[client] = undefined;
      if (prng.chance(1, 2)) stragglers.push(call);
    } else {
      call.result = store.apply(call.key, call.input);
    }
  }
  return recorder.events();
}

/**
 * The history with one read made stale: it answers what an older set stored, although a newer one had returned before
 * the read began. Undefined when the history has no place for it.
 * @param choice picks one of the reads that can be spoilt
 */
export function withStaleRead(
  operations: readonly Operation<KvInput, KvResult>[],
  choice: number,
): Operation<KvInput, KvResult>[] | undefined {
  const spoilt: Operation<KvInput, KvResult>[] = [];
  for (const read of operations) {
    if (read.input.type !== 'get' || read.outcome.type !== 'done') continue;
    const sets = operations.filter(
      ({ key, input, outcome, returnedAt }) =>
        key === read.key &&
        input.type === 'set' &&
        outcome.type === 'done' &&
        outcome.result.type === 'set' &&
        outcome.result.applied &&
        returnedAt < read.invokedAt,
    );
    const older = sets.find((set) => sets.some((newer) => set.returnedAt < newer.invokedAt));
    if (older?.input.type !== 'set' || older.outcome.type !== 'done' || older.outcome.result.type !== 'set') continue;
    const result: KvResult = { type: 'get', value: older.input.value, version: older.outcome.result.version };
    spoilt.push({ ...read, outcome: { type: 'done', result } });
  }
  const chosen = spoilt[choice % Math.max(1, spoilt.length)];
  return chosen && operations.map((operation) => (operation.id === chosen.id ? chosen : operation));
}
