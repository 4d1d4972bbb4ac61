/** What the system says of processes: proc(5), Linux only. */
import { readFileSync } from 'node:fs';

/** Clock ticks a second, which Linux shows to programs on every platform that Node runs on. */
const TICKS_A_SECOND = 100;
/** Fields of /proc/PID/stat behind the name, which is in parentheses and may hold anything. */
const UTIME = 11;
const STIME = 12;

/** Processor time of these processes so far, user and system, in seconds. Those that have ended do not count. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = read(pid, 'stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + (Number(fields[UTIME] ?? 0) + Number(fields[STIME] ?? 0)) / TICKS_A_SECOND;
  }, 0);
}

/** Resident memory of these processes. */
export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+) kB/.exec(read(pid, 'status'))?.[1] ?? 0) * 1024, 0);
}

/** Empty when there is no such process. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
