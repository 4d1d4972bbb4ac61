/**
 * The parts of README.md that are made from the code: commands (from the manifest), errors, exit-codes (both from
 * src/base/errors.ts) and metrics (src/base/metrics.ts). Each stands between <!-- name --> and <!-- namestop -->; a part
 * whose markers are not there is left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tooling/files.mjs';
import { ToolError } from '../tooling/run.mjs';

/**
 * The text of `document` with everything between `<!-- name -->` and `<!-- namestop -->` replaced by `content`.
 * @param {string} document
 * @param {string} name
 * @param {string} content
 */
export function replaceSection(document, name, content) {
  const start = `<!-- ${name} -->`;
  const stop = `<!-- ${name}stop -->`;
  const from = document.indexOf(start);
  if (from === -1) return document;
  const to = document.indexOf(stop, from);
  if (to === -1) throw new ToolError(`README.md: ${start} is never closed by ${stop}.`);
  return `${document.slice(0, from + start.length)}\n\n${content.trim()}\n\n${document.slice(to)}`;
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim();

/** `VALUE` of `--flag=VALUE`, or nothing for a switch. */
function flagUsage(flag) {
  const long = flag.allowNo ? `--[no-]${flag.name}` : `--${flag.name}`;
  const value =
    flag.type === 'boolean' ? '' : ` ${flag.helpValue ?? (flag.options ?? [flag.name.toUpperCase()]).join('|')}`;
  return `${flag.char ? `-${flag.char}, ` : ''}${long}${value}`;
}

function usage(command) {
  const args = Object.values(command.args ?? {})
    .filter((arg) => !arg.hidden)
    .map((arg) => (arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`));
  return ['dcache', ...command.id.split(':'), ...args].join(' ');
}

/** The list of commands: what each is for, and under it its flags. Flags that all commands share are listed once. */
export function renderCommands(manifest) {
  const commands = Object.values(manifest.commands).filter((command) => !command.hidden);
  if (commands.length === 0) return 'No commands yet.';
  const visible = (command) => Object.values(command.flags ?? {}).filter((flag) => !flag.hidden);
  const shared = visible(commands[0])
    .map((flag) => flag.name)
    .filter((name) => commands.every((command) => visible(command).some((flag) => flag.name === name)));
  const describe = (flag) => `\`${flagUsage(flag)}\` ${cell(flag.summary ?? flag.description ?? '')}`.trimEnd();
  const lines = ['| Command | What it does |', '| --- | --- |'];
  for (const command of commands) {
    lines.push(`| \`${usage(command)}\` | ${cell(command.summary ?? command.description ?? '')} |`);
  }
  for (const command of commands) {
    const own = visible(command).filter((flag) => !shared.includes(flag.name));
    if (own.length === 0) continue;
    lines.push('', `**\`${usage(command)}\`**`, '', ...own.map((flag) => `- ${describe(flag)}`));
  }
  if (shared.length > 0) {
    const flags = visible(commands[0]).filter((flag) => shared.includes(flag.name));
    lines.push('', '**Every command**', '', ...flags.map((flag) => `- ${describe(flag)}`));
  }
  return lines.join('\n');
}

/** The table of errors, in the order of the source. */
export function renderErrors(errors) {
  const lines = [
    '| Code | Meaning | A write is | Retry helps | gRPC status | Exit code |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const [code, row] of Object.entries(errors)) {
    const outcome = row.outcome === 'not-done' ? 'not done' : 'perhaps done';
    const retry = row.retryable ? 'yes' : 'no';
    lines.push(`| \`${code}\` | ${cell(row.meaning)} | ${outcome} | ${retry} | ${row.grpcStatus} | ${row.exitCode} |`);
  }
  return lines.join('\n');
}

/** What each exit code of the command line means. */
export function renderExitCodes(exitCodes) {
  const rows = exitCodes.map(({ exitCode, meaning }) => `| ${exitCode} | ${cell(meaning)} |`);
  return ['| Exit code | Meaning |', '| --- | --- |', ...rows].join('\n');
}

/** The metrics of the node itself; those of the process come from prom-client. */
export function renderMetrics(metrics) {
  const rows = Object.values(metrics).map(({ name, type, labels, help }) => {
    const labelled = labels.length > 0 ? `{${labels.join(', ')}}` : '';
    return `| \`${name}${labelled}\` | ${type} | ${cell(help)} |`;
  });
  return ['| Metric | Type | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** @returns {Map<string, string>} README.md as it should be; empty while there is none */
export function renderReadme({ manifest, errors, exitCodes, metrics }) {
  const path = join(ROOT, 'README.md');
  if (!existsSync(path)) return new Map();
  const sections = {
    commands: renderCommands(manifest),
    errors: renderErrors(errors),
    'exit-codes': renderExitCodes(exitCodes),
    metrics: renderMetrics(metrics),
  };
  const text = Object.entries(sections).reduce(
    (document, [name, content]) => replaceSection(document, name, content),
    readFileSync(path, 'utf8'),
  );
  return new Map([['README.md', text]]);
}
