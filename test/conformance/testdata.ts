/** Where etcd/raft's own test files are. They are data of that project and are not kept in this one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseScript, type Directive } from './script.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** The folder that holds raft-interaction/ and raft-quorum/. */
export const TESTDATA = process.env['DCACHE_RAFT_TESTDATA'] ?? join(REPOSITORY, '../shared/conformance');

export interface Script {
  readonly name: string;
  readonly directives: readonly Directive[];
}

/** The scripts of one sub-folder in alphabetical order; none when it is not there. */
export function scriptsIn(folder: string): readonly Script[] {
  const path = join(TESTDATA, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => ({ name, directives: parseScript(readFileSync(join(path, name), 'utf8')) }));
}
