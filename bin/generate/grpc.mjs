/**
 * Messages, clients and service definitions from proto/ through buf and ts-proto. Works offline: the plugin is the
 * installed one, and the schemas import nothing from elsewhere.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { ROOT, filesUnder } from '../tooling/files.mjs';
import { ToolError, installedTool, runCaptured } from '../tooling/run.mjs';

export const GENERATED_FOLDER = 'src/adapters/grpc/generated';

export const protoFiles = () => filesUnder('proto', (path) => path.endsWith('.proto'));

/** Runs buf, offline, with the plugins that are installed here. */
export const buf = (...args) =>
  runCaptured(installedTool('@bufbuild/buf/bin/buf', ...args), {
    // buf finds protoc-gen-ts_proto on the path.
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}` },
  });

/** Fails with buf's own words when a schema breaks a rule of proto/buf.yaml. */
export async function lintProto() {
  if (protoFiles().length === 0) return;
  const { exitCode, output } = await buf('lint', 'proto');
  if (exitCode !== 0) throw new ToolError(`buf lint finds fault with proto/:\n${output}`);
}

/**
 * ts-proto serialises with `Buffer.from(bytes)`, which copies every message once more. A message that has just been
 * encoded belongs to nobody else, so a view of it will do.
 */
function withoutSecondCopy(source, path) {
  const copying = /Buffer\.from\((\w+\.encode\(value\)\.finish\(\))\)/g;
  const result = source.replace(copying, 'viewAsBuffer($1)');
  if (result === source) {
    if (source.includes('makeGenericClientConstructor(')) {
      throw new ToolError(`${path}: ts-proto writes serialisers in a new way; adapt bin/generate/grpc.mjs.`);
    }
    return source;
  }
  const view =
    '\n/** Written by bin/generate/grpc.mjs: hands freshly encoded bytes over without copying them again. */\n' +
    'function viewAsBuffer(bytes: Uint8Array): Buffer {\n' +
    '  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);\n' +
    '}\n';
  return result + view;
}

/** ts-proto turns every 64-bit number into text and back; a BigInt converts by itself, in a third of the time. */
function withoutTextualNumbers(source) {
  return source.replace('globalThis.Number(int64.toString())', 'globalThis.Number(int64)');
}

/** @returns {Promise<Map<string, string>>} path from the top of the project -> content */
export async function generateGrpc() {
  const generated = new Map();
  if (protoFiles().length === 0) return generated;
  const folder = mkdtempSync(join(tmpdir(), 'dcache-generate-'));
  try {
    const { exitCode, output } = await buf('generate', 'proto', '--template', 'proto/buf.gen.yaml', '-o', folder);
    if (exitCode !== 0) throw new ToolError(`buf generate failed:\n${output}`);
    for (const name of readdirSync(folder, { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const path = name.split(sep).join('/');
      generated.set(path, withoutTextualNumbers(withoutSecondCopy(readFileSync(join(folder, name), 'utf8'), path)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return generated;
}
