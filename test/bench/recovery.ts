/**
 * `npm run bench -- recovery`: a node of RS(3,2) on real processes is killed and started again, and paused for 5 s with its memory, under
 * a load of sets. How long until everything is redundant again, MB/s of segments for data and for parity holders beside those of
 * the codec and of a data link in the same run, bytes sent and kept, sets that go on meanwhile. Options:
 *
 *   --mib=1024        bytes of values in the cluster
 *   --rate=50mb       --recovery-rate of the nodes
 *   --prof=FOLDER     CPU profiles of all nodes
 *   --json            one JSON object instead of tables
 */
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { plainTable, presentBytes } from '../../src/cli/tables.js';
import { bufferCodec, DcacheClient } from '../../src/index.js';
import { isWhole } from '../../src/cluster/redundancy.js';
import { ProcessCluster } from '../support/process-cluster.js';
import { fill } from './ecc/entries.js';
import { eccShape, RS_3_2 } from './ecc/shapes.js';
import { measureReferences } from './recovery/references.js';
import { measureReturn, type ReturnRow } from './recovery/returns.js';

const { values: flags } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    rate: { type: 'string', default: 'off' },
    prof: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const SIZE = { keyBytes: 16, valueBytes: 4096 };
const entries = Math.floor((Number(flags.mib) * 1024 * 1024) / SIZE.valueBytes);
if (!(entries > 0)) {
  process.stderr.write(`--mib takes a number above 0; "${flags.mib}" is none\n`);
  process.exit(2);
}
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const references = await measureReferences(RS_3_2);
const execArgv = flags.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(flags.prof)}`];
const cluster = await ProcessCluster.start({ ...eccShape(RS_3_2), execArgv }, { 'recovery-rate': flags.rate });
const client = new DcacheClient({ endpoints: cluster.endpoints, codec: bufferCodec, timeoutMs: 20_000 });
const rows: ReturnRow[] = [];
try {
  await fill(client, SIZE, 0, entries);
  await cluster.until('the cluster is whole', async () => isWhole(await cluster.status('n1')), 60_000);
  for (const absence of ['killed', 'paused 5 s'] as const) {
    const row = await measureReturn(cluster, client, SIZE, entries, 'n2', absence);
    rows.push(row);
    say(
      `${absence}: ${row.seconds.toFixed(1)} s, sent ${presentBytes(row.sentBytes)}, kept ${presentBytes(row.keptBytes)}`,
    );
  }
} finally {
  await client.close();
  await cluster.stop(flags.prof === undefined ? 'SIGKILL' : 'SIGTERM');
}

const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
if (flags.json) process.stdout.write(`${JSON.stringify({ machine, references, rows }, null, 2)}\n`);
else {
  const rate = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(0));
  const percent = (part: number): string => `${(100 * part).toFixed(0)}%`;
  const head = [
    'away',
    'redundant after s',
    'refill s',
    'of that sending s',
    'sent',
    'kept',
    'data MB/s',
    'parity MB/s',
  ];
  const cells = rows.map((row) => [
    row.absence,
    row.seconds.toFixed(1),
    row.refillSeconds.toFixed(1),
    row.sendingSeconds.toFixed(1),
    presentBytes(row.sentBytes),
    presentBytes(row.keptBytes),
    rate(row.dataRate),
    rate(row.parityRate),
    percent(row.setsKept),
    percent(row.setsKeptRefilling),
  ]);
  process.stdout.write(`${plainTable([...head, 'sets kept', 'refilling'], cells)}\n\n`);
  process.stdout.write(
    `alone in one thread: codec ${rate(references.codec)} MB/s, link ${rate(references.link)} MB/s\n`,
  );
}
