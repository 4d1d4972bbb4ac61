/**
 * One process per data folder. lmdb lets several processes write by turns, which for a Raft log would be two nodes with one
 * vote. Node has no flock, and the usual lock file cannot be taken over from a dead owner without a race; so the owner is a
 * record in the database itself, read and replaced inside one of lmdb's write transactions, which lmdb makes exclusive between
 * processes and releases when one dies.
 *
 * An owner is alive when a process with its pid runs that was started at the same tick of the same boot; elsewhere than on Linux
 * the pid alone decides. Processes must see each other's pids: a folder must not be shared between containers or hosts.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DcacheError } from '../../base/errors.js';
import { isRecord } from './records.js';

export interface Owner {
  readonly pid: number;
  /** Boot and tick at which the process was started; empty where the system does not tell. */
  readonly started: string;
  /** Tells two openings by one process apart. */
  readonly nonce: string;
}

/** The openings of this thread that have not been closed. */
const heldHere = new Set<string>();

export function newOwner(): Owner {
  return { pid: process.pid, started: statOf(process.pid).started, nonce: randomUUID() };
}

export function isOwner(value: unknown): value is Owner {
  if (!isRecord(value)) return false;
  const { pid, started, nonce } = value;
  return Number.isSafeInteger(pid) && typeof started === 'string' && typeof nonce === 'string';
}

export function holdHere(owner: Owner): void {
  heldHere.add(owner.nonce);
}

export function releaseHere(owner: Owner): void {
  heldHere.delete(owner.nonce);
}

/**
 * @throws DcacheError NODE_ID_IN_USE when `owner` is alive
 */
export function refuseLiveOwner(folder: string, owner: Owner): void {
  if (owner.pid === process.pid && owner.started === statOf(owner.pid).started) {
    // Another thread of this process that died with the folder open has left its record behind; its successor goes on.
    if (!heldHere.has(owner.nonce)) return;
    throw new DcacheError('NODE_ID_IN_USE', `data folder ${folder} is already open in this process (pid ${owner.pid})`);
  }
  if (!isAlive(owner)) return;
  const message = `data folder ${folder} is held by process ${owner.pid}; stop that node, or give this one its own folder`;
  throw new DcacheError('NODE_ID_IN_USE', message);
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isRecord(error) && error['code'] === 'EPERM';
  }
  const now = statOf(pid);
  if (now.state === 'Z' || now.state === 'X') return false; // dead, and only waits for its parent to notice
  return now.started === '' || started === '' || now.started === started;
}

interface ProcessStat {
  readonly state: string;
  readonly started: string;
}

/** Empty on systems that do not tell. */
function statOf(pid: number): ProcessStat {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The command, second of the fields of proc(5), may itself hold spaces and parentheses.
  const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = rest[18];
  if (ticks === undefined) return { state: '', started: '' };
  return { state, started: `${readOrEmpty('/proc/sys/kernel/random/boot_id').trim()}/${ticks}` };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not Linux, or the process is gone
  }
}
