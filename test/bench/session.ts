/**
 * `npm run bench -- session`: processor time of both ends of a Session, the client library and the client port of a node, in one process
 * with a backend that answers at once. Little else than processor time means anything on a machine that is shared. Options:
 *
 *   --in-flight=64,512 --rounds=N --requests=N (a round)
 *   --json               one JSON object instead of a table
 */
import Table from 'cli-table3';
import { parseArgs } from 'node:util';
import type { ClientBackend } from '../../src/adapters/grpc/backend.js';
import { ClientServer } from '../../src/adapters/grpc/client-server.js';
import { MetricsRecorder } from '../../src/adapters/metrics/recorder.js';
import { NULL_LOGGER } from '../../src/base/log.js';
import { median } from '../../src/bench/measure/statistics.js';
import { bufferCodec, DcacheClient } from '../../src/index.js';
import type { KvReply, KvRequest } from '../../src/store/requests.js';
import { raftTopology } from '../support/topology.js';

const KEYS = 1_000;
const VALUE = Buffer.alloc(100, 7);
const keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`bench:${String(i).padStart(8, '0')}`));
const keyOf = (n: number): Buffer => keys[n % KEYS] ?? VALUE;

const answerTo = ({ type }: KvRequest): KvReply =>
  type === 'get' ? { type, value: VALUE, version: 1 } : { type: 'set', applied: true, version: 1, old: null };
const notAsked = (): Promise<never> => Promise.reject(new Error('only gets and sets are asked for here'));
const backend: ClientBackend = {
  execute: (request) => Promise.resolve(answerTo(request)),
  notServing: () => undefined,
  topology: () => raftTopology([], ''),
  onTopology: () => () => undefined,
  clusterMap: () => ({ k: 0, m: 0, mapIndex: 0, groups: [] }),
  ...{ nodeReport: notAsked, clusterReport: notAsked, addNode: notAsked, removeNode: notAsked, restartNode: notAsked },
  ...{ previewLosses: notAsked, acceptLosses: notAsked, acknowledgeLosses: notAsked },
  scrub: () => {
    throw new Error('nothing is kept here');
  },
};

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '20000' },
    'in-flight': { type: 'string', default: '64,512' },
  },
});
const [rounds, requests] = [Number(flags.rounds), Number(flags.requests)];
const server = new ClientServer(backend, NULL_LOGGER, new MetricsRecorder());
const port = await server.listen('127.0.0.1:0');
const client = new DcacheClient({ endpoints: [`127.0.0.1:${port}`], codec: bufferCodec });
const sends = { get: (n: number) => client.get(keyOf(n)), set: (n: number) => client.set(keyOf(n), VALUE) } as const;

/** Microseconds of this process for each request. */
async function runLap(send: (n: number) => Promise<unknown>, inFlight: number): Promise<number> {
  let sent = 0;
  const before = process.cpuUsage();
  const lane = async (): Promise<void> => {
    while (sent < requests) await send(sent++);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

const scenarios = flags['in-flight']
  .split(',')
  .flatMap((text) =>
    (['set', 'get'] as const).map((operation) => ({ operation, inFlight: Number(text), laps: [] as number[] })),
  );
for (const { operation, inFlight } of scenarios) await runLap(sends[operation], inFlight);
for (let round = 0; round < rounds; round++) {
  for (const { operation, inFlight, laps } of scenarios) laps.push(await runLap(sends[operation], inFlight));
}
await client.close();
await server.close(0);

const results = scenarios.map(({ operation, inFlight, laps }) => {
  return { operation, inFlight, medianMicros: median(laps), leastMicros: Math.min(...laps) };
});
if (flags.json) process.stdout.write(`${JSON.stringify({ node: process.version, results }, null, 2)}\n`);
else {
  const head = ['operation', 'in flight', 'µs of CPU a request, median', 'least'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { operation, inFlight, medianMicros, leastMicros } of results) {
    table.push([operation, inFlight, medianMicros.toFixed(1), leastMicros.toFixed(1)]);
  }
  process.stdout.write(`${table.toString()}\n`);
}
