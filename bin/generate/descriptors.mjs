/**
 * What gRPC reflection serves: for each schema its descriptor, as buf makes it, and the names that are in it. Written as a
 * TypeScript file, so that it is compiled, packed and loaded like everything else.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToolError } from '../tooling/run.mjs';
import { GENERATED_FOLDER, buf } from './grpc.mjs';

const OUTPUT = `${GENERATED_FOLDER}/descriptors.ts`;

const nested = (prefix, { name, nestedType = [], enumType = [] }) => [
  `${prefix}.${name}`,
  ...nestedType.flatMap((type) => nested(`${prefix}.${name}`, type)),
  ...enumType.map((type) => `${prefix}.${name}.${type.name}`),
];

/** Every name of a file that a tool may ask for, without the leading dot. */
function symbolsOf(file) {
  const services = file.service.flatMap(({ name, method }) => [
    `${file.package}.${name}`,
    ...method.map((each) => `${file.package}.${name}.${each.name}`),
  ]);
  const enums = file.enumType.map(({ name }) => `${file.package}.${name}`);
  return [...services, ...file.messageType.flatMap((type) => nested(file.package, type)), ...enums].sort();
}

/** @returns {Promise<Map<string, string>>} path from the top of the project -> content */
export async function generateDescriptors() {
  const { fromBinary, toBinary } = await import('@bufbuild/protobuf');
  const { FileDescriptorProtoSchema, FileDescriptorSetSchema } = await import('@bufbuild/protobuf/wkt');
  const folder = mkdtempSync(join(tmpdir(), 'dcache-descriptors-'));
  try {
    const path = join(folder, 'descriptors.binpb');
    const flags = ['--as-file-descriptor-set', '--exclude-source-info'];
    const { exitCode, output } = await buf('build', 'proto', ...flags, '-o', path);
    if (exitCode !== 0) throw new ToolError(`buf build failed:\n${output}`);
    const files = fromBinary(FileDescriptorSetSchema, readFileSync(path)).file.map((file) => ({
      name: file.name,
      imports: file.dependency,
      services: file.service.map(({ name }) => `${file.package}.${name}`),
      symbols: symbolsOf(file),
      base64: Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString('base64'),
    }));
    return new Map([[OUTPUT, render(files)]]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function render(files) {
  return [
    '// Written by bin/generate/descriptors.mjs. DO NOT EDIT.\n',
    '/* eslint-disable */',
    '/** A schema: `base64` is its serialised google.protobuf.FileDescriptorProto. */',
    'export interface SchemaFile {',
    '  readonly name: string;',
    '  readonly imports: readonly string[];',
    '  readonly services: readonly string[];',
    '  readonly symbols: readonly string[];',
    '  readonly base64: string;',
    '}\n',
    `export const SCHEMA_FILES: readonly SchemaFile[] = ${JSON.stringify(files, undefined, 2)};\n`,
  ].join('\n');
}
