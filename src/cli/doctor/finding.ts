/** What one check of `dcache doctor` has found. */

export interface Finding {
  readonly check: string;
  /** `warning`: works, but not as well as it could. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** The command that fixes it, or what to do where no command does. Undefined when all is well. */
  readonly fix: string | undefined;
}

export function ok(check: string, message: string): Finding {
  return { check, state: 'ok', message, fix: undefined };
}

export function warning(check: string, message: string, fix: string): Finding {
  return { check, state: 'warning', message, fix };
}

export function problem(check: string, message: string, fix: string): Finding {
  return { check, state: 'problem', message, fix };
}

const MARKS = { ok: '✓', warning: '!', problem: '✗' } as const;

/** For people: a line a finding, and the fix below it. */
export function presentFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, state, message, fix }) => [
    `${MARKS[state]} ${check.padEnd(width)}  ${message}`,
    ...(fix === undefined ? [] : [`  ${' '.repeat(width)}  fix: ${fix}`]),
  ]);
  const problems = findings.filter(({ state }) => state === 'problem').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  return `${lines.join('\n')}\n\n${count(problems, 'problem')}, ${count(warnings, 'warning')}`;
}

function count(amount: number, what: string): string {
  return `${amount === 0 ? 'no' : amount} ${what}${amount === 1 ? '' : 's'}`;
}
