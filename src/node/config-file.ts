/**
 * The configuration file of a node: YAML, and so JSON too. Fields are the flags of `node start` in camel case. Each problem
 * is told with file, line, field and what is allowed; those that only resolveConfig sees, by the origin kept here.
 */
import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node as YamlNode } from 'yaml';
import { DcacheError } from '../base/errors.js';
import type { NodeOptions, OptionName } from './node-options.js';

type Kind = 'text' | 'whole number' | 'text or whole number' | 'list of texts' | 'true or false';

const FIELDS = {
  mode: 'text',
  id: 'text',
  nodes: 'whole number',
  k: 'whole number',
  m: 'whole number',
  peers: 'list of texts',
  listen: 'text',
  controlListen: 'text',
  dataListen: 'text',
  httpListen: 'text',
  advertiseHost: 'text',
  dataDir: 'text',
  replace: 'true or false',
  logLevel: 'text',
  logFormat: 'text',
  tickMs: 'whole number',
  heartbeatTicks: 'whole number',
  electionTicks: 'whole number',
  hangMs: 'whole number',
  heartbeatMs: 'whole number',
  leaseMs: 'whole number',
  driftPercent: 'whole number',
  heartbeatTimeoutMs: 'whole number',
  linkTimeoutMs: 'whole number',
  recoveryRate: 'text or whole number',
  scrubInterval: 'text',
  rebuildDelay: 'text',
  onLoss: 'text',
  snapshotBytes: 'whole number',
  keptEntries: 'whole number',
  maxMemory: 'text or whole number',
  eviction: 'text',
} as const satisfies Record<OptionName, Kind>;

/** Many times what all fields take; the time that YAML takes can grow with the square. */
const MAX_FILE_BYTES = 64 * 1024;

/** Throws CONFIG_INVALID. Values are checked for their kind only; resolveConfig checks what they say. */
export function readConfigFile(path: string): NodeOptions {
  return parseConfig(path, readText(path));
}

export function parseConfig(path: string, text: string): NodeOptions {
  if (text.length > MAX_FILE_BYTES)
    throw invalid(path, 1, `the file is too large: at most ${MAX_FILE_BYTES} bytes are read`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const problem = document.errors[0];
  if (problem !== undefined)
    throw invalid(path, lines.linePos(problem.pos[0]).line, problem.message.split('\n')[0] ?? 'not YAML');
  if (document.contents === null) return {};
  if (!isMap(document.contents)) throw invalid(path, 1, 'the file must be a list of fields, like `mode: raft`');

  const values = valuesOf(path, document);
  const options: Record<string, unknown> = {};
  const origins: Partial<Record<OptionName, string>> = {};
  for (const pair of document.contents.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    const line = lineOf(pair.key, lines);
    if (!isField(key)) throw invalid(path, line, `unknown field "${key}"; there are ${Object.keys(FIELDS).join(', ')}`);
    options[key] = checkKind(path, line, key, values[key]);
    origins[key] = `${path}, line ${line}: ${key}`;
  }
  return { ...options, origins };
}

/** Throws CONFIG_INVALID for an alias of nothing, or of too much. */
function valuesOf(path: string, document: Document): Readonly<Record<string, unknown>> {
  try {
    return document.toJS() as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw invalid(path, 1, error.message);
  }
}

function isField(key: string): key is keyof typeof FIELDS {
  return Object.hasOwn(FIELDS, key);
}

function checkKind(path: string, line: number, field: keyof typeof FIELDS, value: unknown): unknown {
  const kind: Kind = FIELDS[field];
  if (!isOfKind(kind, value))
    throw invalid(path, line, `field "${field}" must be ${kind === 'true or false' ? kind : `a ${kind}`}`);
  return value;
}

function isOfKind(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'whole number':
      return Number.isSafeInteger(value);
    case 'text or whole number':
      return typeof value === 'string' || Number.isSafeInteger(value);
    case 'true or false':
      return typeof value === 'boolean';
    case 'list of texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DcacheError('CONFIG_INVALID', `the configuration file cannot be read: ${reason}`, { cause: error });
  }
}

function lineOf(node: unknown, lines: LineCounter): number {
  const range = (node as YamlNode | undefined)?.range;
  return range === null || range === undefined ? 1 : lines.linePos(range[0]).line;
}

function invalid(path: string, line: number, what: string): DcacheError {
  return new DcacheError('CONFIG_INVALID', `${path}, line ${line}: ${what}`);
}
