import { describe, expect, it } from 'vitest';
import { parseSockets, TrafficMeter } from '../../../src/bench/measure/socket-bytes.js';

const LINE = (pid: number, local: string, remote: string, sent: number, received: number): string =>
  `ESTAB 0 0 ${local} ${remote} users:(("node",pid=${pid},fd=30)) cubic wscale:10,10 rto:204 bytes_sent:${sent} bytes_acked:${sent} bytes_received:${received} segs_out:5`;

describe('what ss says', () => {
  it('is read with counters that the kernel leaves out as zero', () => {
    const text = `${LINE(7, '127.0.0.1:1', '127.0.0.1:2', 100, 50)}\nLISTEN 0 511 *:80 *:* users:(("node",pid=7,fd=3)) cubic\n\nESTAB 0 0 1.2.3.4:5 6.7.8.9:10 cubic\n`;
    expect(parseSockets(text)).toEqual([
      { pid: 7, local: '127.0.0.1:1', remote: '127.0.0.1:2', sentBytes: 100, receivedBytes: 50 },
      { pid: 7, local: '*:80', remote: '*:*', sentBytes: 0, receivedBytes: 0 },
    ]);
  });

  it('is added up from look to look, with what goes to other nodes apart', () => {
    const meter = new TrafficMeter();
    const pids = new Set([7, 8]);
    const look = (...lines: string[]) => meter.advance(parseSockets(lines.join('\n')), pids);
    look(LINE(7, 'a:1', 'b:2', 100, 10), LINE(8, 'b:2', 'a:1', 10, 100), LINE(7, 'a:3', 'c:4', 5, 5));
    const traffic = look(
      LINE(7, 'a:1', 'b:2', 400, 30),
      LINE(8, 'b:2', 'a:1', 30, 400),
      LINE(7, 'a:9', 'c:4', 50, 1), // to a client, opened since
      LINE(9, 'x:1', 'y:2', 1000, 1000), // a stranger
    );
    expect(traffic.get(7)).toEqual({ sentBytes: 350, receivedBytes: 21, sentToNodesBytes: 300 });
    expect(traffic.get(8)).toEqual({ sentBytes: 20, receivedBytes: 300, sentToNodesBytes: 20 });
    expect(traffic.size).toBe(2);
  });
});
