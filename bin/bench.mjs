/** `npm run bench -- NAME [arguments]`: runs one of the developers' benchmarks, test/bench/NAME.ts. */
import { basename } from 'node:path';
import { prepare } from './prepare.mjs';
import { bundle } from './tooling/bundle.mjs';
import { filesUnder } from './tooling/files.mjs';
import { ToolError, runAttached, runMain } from './tooling/run.mjs';

/** Files directly in test/bench are benchmarks; what they share lies in folders below. */
const benchmarks = () =>
  filesUnder('test/bench', (path) => /^test\/bench\/[^/]+(?<!\.test)\.ts$/.test(path)).map((path) =>
    basename(path, '.ts'),
  );

await runMain(async ([name, ...args]) => {
  const names = benchmarks();
  if (name === undefined || !names.includes(name)) {
    const problem = name === undefined ? 'Which benchmark?' : `There is no benchmark "${name}".`;
    throw new ToolError(
      `${problem} npm run bench -- NAME, where NAME is ${names.join(', ') || 'yet to be written'}.`,
      2,
    );
  }
  await prepare();
  const program = await bundle(`test/bench/${name}.ts`, `dist/bench/${name}.mjs`);
  return runAttached([process.execPath, '--enable-source-maps', '--expose-gc', program, ...args]);
});
