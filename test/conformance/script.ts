/**
 * The file format of the scripts (github.com/cockroachdb/datadriven): a directive, lines of input if there are any, `----`,
 * and the output that is expected, which ends at an empty line; or, if that contains empty lines, stands between double
 * fences of `----`. Lines that begin with `#` are comments.
 */

export interface Directive {
  readonly command: string;
  /** `name` has no values, `name=value` one, `name=(a,b)` several. In the order of the line. */
  readonly args: readonly Argument[];
  readonly input: readonly string[];
  readonly expected: string;
  /** Of the directive, counted from 1. */
  readonly line: number;
}

export interface Argument {
  readonly name: string;
  readonly values: readonly string[];
}

const FENCE = '----';

export function parseScript(text: string): readonly Directive[] {
  const lines = text.split('\n');
  const directives: Directive[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = at + 1;
    const head = (lines[at++] ?? '').trim();
    if (head === '' || head.startsWith('#')) continue;
    const input: string[] = [];
    while (at < lines.length && lines[at] !== FENCE) input.push(lines[at++] ?? '');
    at++;
    const fenced = lines[at] === FENCE;
    if (fenced) at++;
    const expected: string[] = [];
    while (at < lines.length) {
      const next = lines[at] ?? '';
      if (fenced ? next === FENCE && lines[at + 1] === FENCE : next === '') break;
      expected.push(next);
      at++;
    }
    at += fenced ? 2 : 1;
    directives.push({ ...parseCommand(head), input, expected: expected.join('\n'), line });
  }
  return directives;
}

/** `name (name | name=value | name=(value, value))*` */
export function parseCommand(line: string): { readonly command: string; readonly args: readonly Argument[] } {
  const words = line.match(/[^\s=]+=\([^)]*\)|\S+/g) ?? [];
  const [command = '', ...rest] = words;
  return { command, args: rest.map(parseArgument) };
}

function parseArgument(word: string): Argument {
  const equals = word.indexOf('=');
  if (equals === -1) return { name: word, values: [] };
  const name = word.slice(0, equals);
  const value = word.slice(equals + 1);
  if (!value.startsWith('(')) return { name, values: [value] };
  const inner = value.slice(1, -1).trim();
  return { name, values: inner === '' ? [] : inner.split(',').map((part) => part.trim()) };
}

/** Log lines are not part of the contract, and a command that prints nothing else prints `ok`. */
export function withoutLogLines(output: string): string {
  const lines = output.split('\n').filter((line) => !/^\s*(DEBUG|INFO|WARN|ERROR|FATAL) /.test(line));
  return lines.join('\n').trimEnd() || 'ok';
}
