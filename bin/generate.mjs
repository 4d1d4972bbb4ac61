/**
 * `npm run generate`: writes every file that is made from another one. `--check` writes nothing and fails when one of
 * them is not what it would be. The order matters: gRPC code is compiled, commands are read from what was compiled.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateDescriptors } from './generate/descriptors.mjs';
import { GENERATED_FOLDER, generateGrpc } from './generate/grpc.mjs';
import { loadManifest, renderManifest } from './generate/manifest.mjs';
import { renderReadme } from './generate/readme.mjs';
import { requireSupportedNode } from './node-version.mjs';
import { ensureBuild } from './tooling/build.mjs';
import { ensureDependencies } from './tooling/dependencies.mjs';
import { ROOT, filesUnder } from './tooling/files.mjs';
import { ToolError, runMain, say } from './tooling/run.mjs';

/** Brings the files on disk in line with `wanted`, or with `check` only reports. @returns {string[]} paths that differed */
function reconcile(wanted, onDisk, check) {
  const stale = [];
  for (const [path, content] of wanted) {
    const absolute = join(ROOT, path);
    if (existsSync(absolute) && readFileSync(absolute, 'utf8') === content) continue;
    stale.push(path);
    if (check) continue;
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, content);
  }
  for (const path of onDisk) {
    if (wanted.has(path)) continue;
    stale.push(path);
    if (!check) rmSync(join(ROOT, path));
  }
  return stale;
}

const compiled = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);

async function generate(args) {
  const check = args.includes('--check');
  requireSupportedNode();
  await ensureDependencies();
  const code = new Map([...(await generateGrpc()), ...(await generateDescriptors())]);
  const stale = reconcile(code, filesUnder(GENERATED_FOLDER), check);
  await ensureBuild();
  const manifest = await loadManifest();
  const { ERRORS, EXIT_CODES } = await compiled('base/errors.js');
  const { METRICS } = await compiled('base/metrics.js');
  const readme = renderReadme({ manifest, errors: ERRORS, exitCodes: EXIT_CODES, metrics: METRICS });
  stale.push(...reconcile(new Map([...renderManifest(manifest), ...readme]), [], check));
  if (stale.length === 0) return;
  if (!check) {
    for (const path of stale) say(`wrote ${path}`);
    return;
  }
  throw new ToolError(
    `These generated files are out of date:\n${stale.map((path) => `  ${path}\n`).join('')}` +
      'Run `npm run generate` and commit the result.',
  );
}

await runMain(generate);
