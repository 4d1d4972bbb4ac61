/** How a bug of the lists beside this gets into a source. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../bin/tooling/files.mjs';
import { ToolError } from '../../../bin/tooling/run.mjs';

/**
 * @param {import('./mutations.mjs').Mutation} mutation
 * @returns {readonly import('./mutations.mjs').Edit[]}
 */
export const editsOf = (mutation) => ('edits' in mutation ? mutation.edits : [mutation]);

/**
 * @param {string} name of the mutation
 * @param {import('./mutations.mjs').Edit} edit
 * @returns {string} the source of the edit's file with the bug in it
 * @throws {ToolError} unless the text to replace occurs exactly once
 */
export function sourceWithBug(name, { file, find, put }) {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const times = source.split(find).length - 1;
  if (times !== 1) throw new ToolError(`${name} does not apply: its text occurs ${times} times in ${file}.`);
  return source.replace(find, () => put);
}
