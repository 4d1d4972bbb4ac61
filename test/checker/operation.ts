/**
 * What a client asked for and what it saw: the material of a linearizability check.
 *
 * Order is decided by *places*, not by times: every invocation and every return has a place in one order of events, and
 * operation A precedes B if A returned at a lower place than B was invoked. Times in milliseconds are for people only, since
 * on virtual time many events share one millisecond.
 */

/** The three outcomes of a request (DESIGN.md section 1), as the client saw them. */
export type OperationOutcome<Result> =
  | { readonly type: 'done'; readonly result: Result }
  /** Definitely not done, now or later: the operation takes no part in the check. */
  | { readonly type: 'not-done' }
  /** May take effect once, at any later time, or never. */
  | { readonly type: 'unknown' };

export interface Operation<Input, Result> {
  /** Unique in its history. */
  readonly id: number;
  readonly client: string;
  /** Operations on different keys are independent and are checked apart. */
  readonly key: string;
  readonly input: Input;
  readonly outcome: OperationOutcome<Result>;
  /** Place of the invocation in the order of events. */
  readonly invokedAt: number;
  /** Place of the return, not below `invokedAt`; Infinity if and only if the outcome is unknown. */
  readonly returnedAt: number;
  readonly invokedMs: number;
  /** When the client got its answer or gave up waiting; undefined when the history ends before. */
  readonly returnedMs?: number | undefined;
}

/** The operations of each key, in the order of their invocations. Keys come in the order of their first operation. */
export function partitionByKey<Input, Result>(
  operations: readonly Operation<Input, Result>[],
): Map<string, Operation<Input, Result>[]> {
  const partitions = new Map<string, Operation<Input, Result>[]>();
  for (const operation of operations) {
    const partition = partitions.get(operation.key);
    if (partition === undefined) partitions.set(operation.key, [operation]);
    else partition.push(operation);
  }
  for (const partition of partitions.values()) partition.sort((a, b) => a.invokedAt - b.invokedAt);
  return partitions;
}

/** The same operation with its answer forgotten. A history that is linearizable stays so. */
export function withUnknownOutcome<Input, Result>(operation: Operation<Input, Result>): Operation<Input, Result> {
  return { ...operation, outcome: { type: 'unknown' }, returnedAt: Infinity };
}
