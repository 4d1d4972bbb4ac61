/** `npm run nemesis -- [--minutes M] [--mode MODE] [--nodes N] [--seed S]`: faults on real processes, test/nemesis/. */
import { prepare } from './prepare.mjs';
import { bundle } from './tooling/bundle.mjs';
import { ToolError, runAttached, runCaptured, runMain } from './tooling/run.mjs';

/** A network of its own, with all rights in it, for whoever may have one. */
const OWN_NETWORK = ['unshare', '--net', '--map-root-user'];

/** Whether the program is to run in a network of its own. What is wrong with the arguments, the program itself says. */
const asksForNamespaces = (args) => /--network[ =]namespaces( |$)/.test(args.join(' '));

async function wrapperFor(args) {
  if (!asksForNamespaces(args)) return [];
  const { exitCode, output } = await runCaptured([...OWN_NETWORK, 'ip', 'link', 'add', 'probe', 'type', 'bridge']);
  if (exitCode === 0) return OWN_NETWORK;
  throw new ToolError(
    `--network namespaces takes Linux with ip, unshare and the right to use them: ${output.trim()}`,
    2,
  );
}

await runMain(async (args) => {
  await prepare();
  const program = await bundle('test/nemesis/main.ts', 'dist/nemesis/nemesis.mjs');
  return runAttached([...(await wrapperFor(args)), process.execPath, '--enable-source-maps', program, ...args]);
});
