/** Whether the history of a round has an order, and if not, which answers contradict each other. */
import { checkLinearizability } from '../checker/check.js';
import { kvModel, type KvInput, type KvResult } from '../checker/kv-model.js';
import type { Operation } from '../checker/operation.js';
import { shrinkViolation } from '../checker/shrink.js';
import { Finding } from './verdict.js';

const MAX_SHOWN_KEYS = 3;

export interface Judgement {
  /** Keys whose search was given up: too many outcomes are unknown. */
  readonly undecided: number;
}

/** Throws a Finding when it is not linearizable. */
export function judge(operations: readonly Operation<KvInput, KvResult>[]): Judgement {
  const report = checkLinearizability(kvModel, operations);
  if (report.verdict !== 'violation') return { undecided: report.undecided.length };
  const lines = report.violations.slice(0, MAX_SHOWN_KEYS).flatMap((failure) => {
    const { key, essential } = shrinkViolation(kvModel, failure);
    return [
      `key ${key}: these answers contradict each other`,
      ...essential.map(({ client, input, outcome, invokedMs, returnedMs }) => {
        const label = kvModel.describe(input, outcome.type === 'done' ? outcome.result : undefined);
        return `  ${client}: ${label} (${invokedMs.toFixed(1)} to ${returnedMs?.toFixed(1) ?? '?'} ms)`;
      }),
    ];
  });
  throw new Finding('violation', [`${report.violations.length} keys are not linearizable`, ...lines].join('\n'));
}
