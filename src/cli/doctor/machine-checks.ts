/** What a node needs of this machine: Node, compiled addons, a data folder, ports. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { chooseKernel } from '../../adapters/codec-pool/xor-kernels.js';
import { parseAddress } from '../../base/address.js';
import { place } from '../../cluster/default-layout.js';
import { presentBytes } from '../tables.js';
import { ok, problem, warning, type Finding } from './finding.js';

const require = createRequire(import.meta.url);
/** Less room than this on the disk of the log is worth a word. */
const LITTLE_ROOM_BYTES = 1024 ** 3;
/** 22.1 was the first to keep compiled code between runs, which halves the time that a command takes to start. */
const RECOMMENDED_NODE = 22;

/** An older Node than dcache needs does not get here: bin/dcache says so itself. */
export function checkNode(version: string = process.versions.node): Finding {
  if (Number(version.split('.')[0]) >= RECOMMENDED_NODE) return ok('Node', version);
  const message = `${version} works; commands start faster on ${RECOMMENDED_NODE} and later`;
  return warning('Node', message, `nvm install ${RECOMMENDED_NODE}, or https://nodejs.org`);
}

/** @param load loads a compiled addon by name; throws when it cannot be. */
export function checkAddons(load: (name: string) => unknown = require): Finding[] {
  return [checkLog(load), checkCodec(load)];
}

function checkLog(load: (name: string) => unknown): Finding {
  try {
    load('lmdb');
    return ok('lmdb', 'the compiled addon loads');
  } catch (error) {
    return problem('lmdb', `the log cannot be kept: ${firstLine(error)}`, 'npm rebuild lmdb');
  }
}

function checkCodec(load: (name: string) => unknown): Finding {
  const { addonProblem } = chooseKernel(() => load('@ronomon/reed-solomon'));
  if (addonProblem === null) return ok('reed-solomon', 'the compiled addon loads and works');
  return warning(
    'reed-solomon',
    `plain TypeScript stands in for the addon and is slower: ${firstLine(addonProblem)}`,
    'npm rebuild @ronomon/reed-solomon (needs a C++ compiler and Python)',
  );
}

function firstLine(problem: unknown): string {
  return (problem instanceof Error ? problem.message : String(problem)).split('\n')[0] ?? '';
}

/** @param folder need not exist yet: then what counts is the folder in which it would be made. Nothing is changed. */
export async function checkDataFolder(folder: string): Promise<Finding> {
  const check = 'data folder';
  const path = resolve(folder);
  try {
    const existing = await nearestExisting(path);
    if (!(await stat(existing)).isDirectory()) throw new Error(`${existing} is a file`);
    await access(existing, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(existing);
    const room = `${path}, ${presentBytes(bavail * bsize)} free`;
    if (bavail * bsize >= LITTLE_ROOM_BYTES) return ok(check, room);
    return warning(check, `little room: ${room}`, `df -h ${existing}, and make room or choose another with --data-dir`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fix = `sudo chown "$USER" ${path}, or choose another with --data-dir`;
    return problem(check, `cannot be used: ${reason}`, fix);
  }
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const parent = dirname(path);
    if (parent === path || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return nearestExisting(parent);
  }
}

/**
 * The ports of the first places of the default layout: free, or taken by a node of dcache.
 * @param runsNode whether a node answers at a client address.
 */
export async function checkPorts(nodes: number, runsNode: (address: string) => Promise<boolean>): Promise<Finding[]> {
  return Promise.all(
    Array.from({ length: nodes }, async (_, i) => {
      const { nodeId, clientListen, controlListen, dataListen, httpListen } = place(i + 1);
      const check = `ports of ${nodeId}`;
      if (await runsNode(clientListen)) return ok(check, `${nodeId} runs on ${clientListen}`);
      const addresses = [clientListen, controlListen, dataListen, httpListen];
      const free = await Promise.all(addresses.map(isFree));
      const taken = addresses.filter((_, at) => free[at] === false);
      if (taken.length === 0) return ok(check, `free: ${addresses.map(portOf).join(', ')}`);
      const fix = `lsof -i :${taken.map(portOf).join(' -i :')} shows whose they are; or give node start --listen, --control-listen, --data-listen and --http-listen`;
      return problem(check, `taken by another program: ${taken.join(', ')}`, fix);
    }),
  );
}

function isFree(address: string): Promise<boolean> {
  const target = parseAddress(address);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ ...target, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function portOf(address: string): number {
  return parseAddress(address)?.port ?? 0;
}
