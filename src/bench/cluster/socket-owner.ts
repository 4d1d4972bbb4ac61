/** Which processes hold the other ends of connections on this machine: by the kernel's tables (/proc, Linux only). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * For each of `sockets` the name in `pids` of the process that holds its other end; none of those that no such process holds. Reading the
 * kernel's tables takes tens of milliseconds on a machine with many processes, whether for one socket or for all: ask for many at once.
 */
export function ownersOf(sockets: readonly Socket[], pids: ReadonlyMap<string, number>): Map<Socket, string> {
  const inodes = inodesByAddress();
  const names = new Map<string, string>();
  for (const [name, pid] of pids) for (const inode of inodesHeldBy(pid)) names.set(inode, name);
  return new Map(
    sockets.flatMap((socket) => {
      const name = names.get(inodes.get(kernelAddress(socket)) ?? '');
      return name === undefined ? [] : [[socket, name] as const];
    }),
  );
}

/** A line of /proc/net/tcp: number, local address, remote address, state, queues, timer, retransmissions, user, timeouts, inode. */
function inodesByAddress(): Map<string, string> {
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return new Map(lines.map((line) => line.trim().split(/\s+/)).map((fields) => [fields[1] ?? '', fields[9] ?? '']));
}

/** The other end of a connection as the kernel's table has it: bytes of the address in reverse, port, all in hexadecimal. */
function kernelAddress({ remoteAddress = '', remotePort = 0 }: Socket): string {
  const hex = (n: number, digits: number): string => n.toString(16).toUpperCase().padStart(digits, '0');
  const bytes = remoteAddress.split('.').reverse();
  return `${bytes.map((byte) => hex(Number(byte), 2)).join('')}:${hex(remotePort, 4)}`;
}

function inodesHeldBy(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1] ?? []);
  } catch {
    return []; // the process has ended
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return ''; // closed since the folder was read
  }
}
