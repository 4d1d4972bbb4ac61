/**
 * `npm run bench -- raft`: requests a second and their latencies on a raft cluster of three real processes, through the client
 * library (a Session stream) and through unary calls, 100-byte values, durable writes and linearizable reads. Options:
 *
 *   --etcd           beside it, in the same run, a 3-node etcd (Debian: apt-get install etcd-server), and the ratios
 *   --json           one JSON object instead of tables
 *   --rounds=N --round-ms=N --in-flight=1,64,512
 *   --profile=DIR    a CPU profile of every node, thread by thread, and of this process
 */
import Table from 'cli-table3';
import { Client, credentials } from '@grpc/grpc-js';
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchClusterReport } from '../../src/adapters/grpc/cluster-client.js';
import { channelOptions } from '../../src/adapters/grpc/channel.js';
import { KvDefinition } from '../../src/adapters/grpc/generated/dcache/v1/kv.js';
import { serviceDefinition } from '../../src/adapters/grpc/service-definition.js';
import { callUnary } from '../../src/adapters/grpc/unary.js';
import { EtcdCluster, etcdVersion } from '../../src/bench/rivals/etcd.js';
import { measureRounds, type Scenario, type ScenarioResult, type Send } from '../../src/bench/measure/rounds.js';
import { bufferCodec, DcacheClient } from '../../src/index.js';
import { ProcessCluster } from '../support/process-cluster.js';

const KEYS = 10_000;
const VALUE = randomBytes(100);
const METHODS = serviceDefinition(KvDefinition);
const keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`bench:${String(i).padStart(8, '0')}`));
const keyOf = (n: number): Buffer => keys[n % KEYS] ?? Buffer.alloc(1);

const PLAIN = { style: { head: [], border: [], compact: true } };

/** A system under test: how it is asked, and how it ends. */
interface Contender {
  readonly name: string;
  readonly set: Send;
  readonly get: Send;
  stop(): Promise<void> | void;
}

async function startDcache(profile: string | undefined): Promise<Contender[]> {
  const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`];
  const cluster = await ProcessCluster.start({ mode: 'raft', nodes: 3, execArgv });
  const client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 10_000 });
  await client.mset(keys.map((key) => [key, VALUE]));
  const { nodes } = await fetchClusterReport(cluster.endpoints[0] ?? '', 5_000);
  const leader = nodes.find(({ role }) => role === 'leader')?.clientAddress ?? '';
  const channel = new Client(leader, credentials.createInsecure(), channelOptions(4 * 1024 * 1024));
  const options = { peer: leader, timeoutMs: 10_000 };
  const plain = { ttlMs: 0, keepTtl: false, condition: undefined, returnOld: false };
  return [
    {
      name: 'dcache Session',
      set: (n) => client.set(keyOf(n), VALUE),
      get: (n) => client.get(keyOf(n)),
      stop: () => client.close(),
    },
    {
      name: 'dcache unary',
      set: (n) => callUnary(channel, METHODS.set, { key: keyOf(n), value: VALUE, ...plain }, options),
      get: (n) => callUnary(channel, METHODS.get, { key: keyOf(n) }, options),
      stop: async () => {
        channel.close();
        await cluster.stop(profile === undefined ? 'SIGKILL' : 'SIGTERM');
      },
    },
  ];
}

async function startEtcd(): Promise<Contender> {
  const etcd = await EtcdCluster.start(3, new AbortController().signal);
  for (let i = 0; i < KEYS; i += 200) {
    await Promise.all(Array.from({ length: 200 }, (_, j) => etcd.set(keyOf(i + j), VALUE)));
  }
  return {
    name: 'etcd unary',
    set: (n) => etcd.set(keyOf(n), VALUE),
    get: (n) => etcd.get(keyOf(n)),
    stop: () => etcd.close(),
  };
}

function scenariosOf(contenders: readonly Contender[], inFlight: readonly number[]): Scenario[] {
  return inFlight.flatMap((count) =>
    (['set', 'get'] as const).flatMap((operation) =>
      contenders.map(({ name, [operation]: send }) => ({ system: name, operation, inFlight: count, send })),
    ),
  );
}

function printTable(results: readonly ScenarioResult[]): void {
  const etcdOf = ({ operation, inFlight }: ScenarioResult): ScenarioResult | undefined =>
    results.find((row) => row.system.startsWith('etcd') && row.operation === operation && row.inFlight === inFlight);
  const table = new Table({
    head: ['system', 'operation', 'in flight', 'a second', 'p50 ms', 'p99 ms', 'x etcd'],
    ...PLAIN,
  });
  for (const row of results) {
    const etcd = etcdOf(row);
    const ratio = etcd === undefined || etcd === row ? '' : (row.perSecond / etcd.perSecond).toFixed(1);
    const { system, operation, inFlight, perSecond, p50Ms, p99Ms } = row;
    table.push([system, operation, inFlight, perSecond, p50Ms.toFixed(2), p99Ms.toFixed(2), ratio]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

const { values: flags } = parseArgs({
  options: {
    etcd: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    'round-ms': { type: 'string', default: '1000' },
    'in-flight': { type: 'string', default: '1,64,512' },
    profile: { type: 'string' },
  },
});
const etcd = flags.etcd ? etcdVersion() : undefined;
if (flags.etcd && etcd === undefined) {
  process.stderr.write('etcd is not installed (Debian: apt-get install etcd-server); leave --etcd out\n');
  process.exit(2);
}
const contenders = await startDcache(flags.profile);
try {
  if (etcd !== undefined) contenders.push(await startEtcd());
  const inFlight = flags['in-flight'].split(',').map(Number);
  const plan = { rounds: Number(flags.rounds), roundMs: Number(flags['round-ms']) };
  const results = await measureRounds(scenariosOf(contenders, inFlight), plan, (round) => {
    if (!flags.json) process.stderr.write(`round ${round} of ${plan.rounds}\n`);
  });
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version, etcd };
  if (flags.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
  else printTable(results);
} finally {
  for (const contender of contenders) await contender.stop();
}
