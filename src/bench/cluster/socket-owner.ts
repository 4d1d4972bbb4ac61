/** Which process holds the other end of a connection on this machine: by the kernel's tables (/proc, Linux only). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';

/** The name in `pids` of the process that holds the other end of `socket`; undefined when none of them does. */
export function ownerOf(socket: Socket, pids: ReadonlyMap<string, number>): string | undefined {
  const inode = inodeOf(socket.remoteAddress, socket.remotePort);
  if (inode === undefined) return undefined;
  return [...pids].find(([, pid]) => holds(pid, inode))?.[0];
}

/** A line of /proc/net/tcp: number, local address, remote address, state, queues, timer, retransmissions, user, timeouts, inode. */
function inodeOf(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  const hex = (n: number, digits: number): string => n.toString(16).toUpperCase().padStart(digits, '0');
  const local = `${address
    .split('.')
    .reverse()
    .map((part) => hex(Number(part), 2))
    .join('')}:${hex(port, 4)}`;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === local) return fields[9];
  }
  return undefined;
}

function holds(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false; // the process has ended
  }
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined; // closed since the folder was read
  }
}
