/** The command line: hands the arguments to oclif, and turns what goes wrong into a message and an exit code. */
import { flush, run } from '@oclif/core';
import { fileURLToPath } from 'node:url';
import { reportFailure } from './failure.js';

/** @param rootUrl the folder of package.json, as a file: URL. Sets process.exitCode; never rejects. */
export async function main(argv: string[], rootUrl: string): Promise<void> {
  try {
    await run(argv, { root: fileURLToPath(rootUrl) });
  } catch (error) {
    process.exitCode = reportFailure(error, { debug: argv.includes('--debug'), json: argv.includes('--json') });
  }
  await flush();
}
