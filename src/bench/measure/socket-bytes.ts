/** Bytes that processes have sent and received on their TCP sockets, as the kernel counts them: ss(8) of iproute2, Linux only. */
import { execFile } from 'node:child_process';

export interface SocketBytes {
  readonly pid: number;
  readonly local: string;
  readonly remote: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Of the sockets that are open; undefined where it is not installed. Processes of others are seen by root only. */
export function readSockets(): Promise<readonly SocketBytes[] | undefined> {
  return new Promise((resolve) => {
    execFile('ss', ['-tinOHp'], { maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout) => {
      resolve(error === null ? parseSockets(stdout) : undefined);
    });
  });
}

/** A line a socket: state, two queue lengths, local address, remote address, then fields. */
export function parseSockets(text: string): SocketBytes[] {
  return text.split('\n').flatMap((line) => {
    const [, , , local, remote] = line.trim().split(/\s+/);
    const pid = /pid=(\d+)/.exec(line)?.[1];
    if (local === undefined || remote === undefined || pid === undefined) return [];
    // Without traffic the kernel leaves a counter out.
    const counter = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
    return [
      { pid: Number(pid), local, remote, sentBytes: counter('bytes_sent'), receivedBytes: counter('bytes_received') },
    ];
  });
}

export interface ProcessTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentToNodesBytes: number;
}

/** Adds up what the sockets of each process have carried since they were looked at before; sockets come and go meanwhile. */
export class TrafficMeter {
  private seen = new Map<string, SocketBytes>();

  /** Traffic of each of these processes since the last call, by pid. What a socket carried after the last look at it is lost. */
  advance(sockets: readonly SocketBytes[], pids: ReadonlySet<number>): Map<number, ProcessTraffic> {
    const own = sockets.filter(({ pid }) => pids.has(pid));
    const ends = new Set(own.map(({ local, remote }) => `${local} ${remote}`));
    const seen = new Map<string, SocketBytes>();
    const traffic = new Map<number, ProcessTraffic>();
    for (const socket of own) {
      const { pid, local, remote } = socket;
      const key = `${pid} ${local} ${remote}`;
      const before = this.seen.get(key);
      seen.set(key, socket);
      const sent = socket.sentBytes - (before?.sentBytes ?? 0);
      const received = socket.receivedBytes - (before?.receivedBytes ?? 0);
      const sum = traffic.get(pid) ?? { sentBytes: 0, receivedBytes: 0, sentToNodesBytes: 0 };
      traffic.set(pid, {
        sentBytes: sum.sentBytes + sent,
        receivedBytes: sum.receivedBytes + received,
        sentToNodesBytes: sum.sentToNodesBytes + (ends.has(`${remote} ${local}`) ? sent : 0),
      });
    }
    this.seen = seen;
    return traffic;
  }
}
