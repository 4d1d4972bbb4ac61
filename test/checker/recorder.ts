/**
 * Records a history while clients run. Events are ordered as they are recorded, which is the real order when all clients
 * share one process: record an invocation before the request is sent and a return after the answer came in.
 */
import { assert } from '../../src/base/assert.js';
import type { Operation, OperationOutcome } from './operation.js';

export interface RecordedCall<Input> {
  readonly key: string;
  readonly input: Input;
}

/** One event of a history; its place is its position in the list of events. */
export type HistoryEvent<Input, Result> =
  | {
      readonly type: 'invoke';
      readonly id: number;
      readonly client: string;
      readonly key: string;
      readonly input: Input;
      readonly timeMs: number;
    }
  | { readonly type: 'done'; readonly id: number; readonly result: Result; readonly timeMs: number }
  | { readonly type: 'not-done' | 'unknown'; readonly id: number; readonly timeMs: number };

/** One operation under way. Exactly one of its methods is called, once; never calling any means unknown. */
export interface OperationHandle<Result> {
  readonly id: number;
  done(result: Result, timeMs: number): void;
  notDone(timeMs: number): void;
  unknown(timeMs: number): void;
}

export class HistoryRecorder<Input, Result> {
  private readonly recorded: HistoryEvent<Input, Result>[] = [];
  private readonly onEvent: ((event: HistoryEvent<Input, Result>) => void) | undefined;
  private nextId = 0;

  /** @param onEvent called with each event, for example to append it to a file that survives a crash of the test */
  constructor(onEvent?: (event: HistoryEvent<Input, Result>) => void) {
    this.onEvent = onEvent;
  }

  /** @param timeMs any clock; shown to people, without meaning for the check */
  invoke(client: string, call: RecordedCall<Input>, timeMs: number): OperationHandle<Result> {
    const id = this.nextId++;
    this.record({ type: 'invoke', id, client, key: call.key, input: call.input, timeMs });
    let open = true;
    const close = (event: HistoryEvent<Input, Result>): void => {
      assert(open, 'an operation returns once');
      open = false;
      this.record(event);
    };
    return {
      id,
      done: (result, doneMs) => close({ type: 'done', id, result, timeMs: doneMs }),
      notDone: (refusedMs) => close({ type: 'not-done', id, timeMs: refusedMs }),
      unknown: (lostMs) => close({ type: 'unknown', id, timeMs: lostMs }),
    };
  }

  events(): readonly HistoryEvent<Input, Result>[] {
    return this.recorded;
  }

  /** The operations so far. Those that have not returned are of unknown outcome. */
  operations(): Operation<Input, Result>[] {
    return operationsOf(this.recorded);
  }

  private record(event: HistoryEvent<Input, Result>): void {
    this.recorded.push(event);
    this.onEvent?.(event);
  }
}

/**
 * The operations that a well-formed list of events tells of (each id invoked once, before it returns at most once), in the
 * order of their invocations.
 */
export function operationsOf<Input, Result>(
  events: readonly HistoryEvent<Input, Result>[],
): Operation<Input, Result>[] {
  const operations = new Map<number, Operation<Input, Result>>();
  for (const [place, event] of events.entries()) {
    if (event.type === 'invoke') {
      const { id, client, key, input, timeMs } = event;
      assert(!operations.has(id), 'an id is invoked once');
      const outcome: OperationOutcome<Result> = { type: 'unknown' };
      operations.set(id, {
        id,
        client,
        key,
        input,
        outcome,
        invokedAt: place,
        returnedAt: Infinity,
        invokedMs: timeMs,
      });
      continue;
    }
    const operation = operations.get(event.id);
    assert(operation !== undefined && operation.returnedMs === undefined, 'an invoked operation returns once');
    const outcome: OperationOutcome<Result> =
      event.type === 'done' ? { type: 'done', result: event.result } : { type: event.type };
    const returnedAt = event.type === 'unknown' ? Infinity : place;
    operations.set(event.id, { ...operation, outcome, returnedAt, returnedMs: event.timeMs });
  }
  return [...operations.values()];
}
