/** What people type or write into files: configuration, values of flags, records to load, reports of benchmarks. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { parseAddress } from '../../../src/base/address.js';
import { durationMs } from '../../../src/base/duration.js';
import { parseSystems } from '../../../src/bench/compare/systems.js';
import { readReport } from '../../../src/bench/report/read-report.js';
import { planFaults, type FaultStep } from '../../../src/bench/workload/fault-schedule.js';
import { workloadNamed, WORKLOADS } from '../../../src/bench/workload/workloads.js';
import { parseDuration, splitEndpoints } from '../../../src/cli/base-command.js';
import { parseEntry, parseInteger } from '../../../src/cli/kv-flags.js';
import { readRecords, type RecordFormat } from '../../../src/cli/records/read-records.js';
import type { KvRecord } from '../../../src/cli/records/record.js';
import { checkClientOptions } from '../../../src/client/options.js';
import { parseConfig } from '../../../src/node/config-file.js';
import { resolveConfig } from '../../../src/node/config.js';
import { parseBytes } from '../../../src/node/option-checks.js';
import { sampleCompare, sampleRun } from '../../bench/report/sample-reports.js';
import type { Target } from '../target.js';
import { isError, textTarget } from './formats.js';

const DURATIONS = ['500ms', '30s', '1.5h', '7d', '2m', '0s'];
const SIZES = ['64mb', '1.5 GB', '1024', '10kb'];
const ADDRESSES = ['127.0.0.1:7101', '[::1]:80', 'host.example:1', 'localhost:0'];

const CONFIGS = [
  'mode: ecc\nid: n1\nk: 3\nm: 2\npeers:\n  - n1=127.0.0.1:7201\n  - n2=127.0.0.1:7202\n',
  '{"mode": "raft", "nodes": 3, "listen": "127.0.0.1:7101", "maxMemory": "64mb", "eviction": "lru"}',
  'mode: ecc\nnodes: 5\nleaseMs: 800\nheartbeatMs: 100\nrecoveryRate: 10mb\nscrubInterval: 1h\nonLoss: refuse\n',
  'tickMs: 50\nelectionTicks: 6\nlogLevel: info # words\nhttpListen: off\n',
];
const YAML_WORDS = ['&a ', '*a', '<<: ', '!!binary ', '---\n', '- ', ': ', '\n', '"', "'", '{', '[', '|\n', '~', '__proto__: ', '.inf', '0x7f', '? ']; // prettier-ignore

const isWhole = (value: number): void => assert.ok(Number.isSafeInteger(value) && value >= 0, `${value} is a whole number`); // prettier-ignore
const among = (texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

async function recordsIn(text: string, format: RecordFormat): Promise<readonly KvRecord[]> {
  const found: KvRecord[] = [];
  for await (const record of readRecords({ name: 'file', format, stream: Readable.from([text]) })) found.push(record);
  return found;
}

function checkRecords(found: readonly KvRecord[]): void {
  for (const { ttlMs } of found) if (ttlMs !== undefined) isWhole(ttlMs);
}

export const CONFIG_TARGETS: readonly Target[] = [
  textTarget({
    name: 'configuration file',
    group: 'config',
    specimens: among(CONFIGS),
    words: YAML_WORDS,
    parse: (text) => parseConfig('node.yaml', text),
    check: (options) => {
      try {
        resolveConfig(options, 1);
      } catch (error) {
        if (!isError('CONFIG_INVALID')(error)) throw error;
      }
    },
    refusal: isError('CONFIG_INVALID'),
  }),
];

const invalid = isError('INVALID_ARGUMENT');

const NODES = ['n1', 'n2', 'n3'];
const TIME_LIMIT_MS = 60_000;

/** A step may be at any time of the run, and its end after it. */
function checkSteps(steps: readonly FaultStep[]): void {
  for (const { atMs } of steps) assert.ok(Number.isFinite(atMs) && atMs >= 0 && atMs <= TIME_LIMIT_MS);
}

/** One flag of each kind; the text says of which. */
function planFrom(text: string): FaultStep[] {
  const [kind = '', ...rest] = text.split(' ');
  const none = { kill: [], restart: [], pause: [], cut: [] };
  return planFaults({ ...none, [kind in none ? kind : 'kill']: rest }, NODES, TIME_LIMIT_MS);
}

export const CLI_TARGETS: readonly Target[] = [
  textTarget({ name: 'duration', group: 'cli', specimens: among(DURATIONS), words: ['ms', 's', 'e9', '.', '-', ' ', '9999999999999999'], parse: durationMs, check: isWhole }), // prettier-ignore
  textTarget({ name: 'duration flag', group: 'cli', specimens: among(DURATIONS), words: ['d', '9'], parse: (text) => parseDuration('ttl', text), check: isWhole, refusal: invalid }), // prettier-ignore
  textTarget({ name: 'size', group: 'cli', specimens: among(SIZES), words: ['gb', '.', '9999999999999999', 'e'], parse: parseBytes, check: isWhole }), // prettier-ignore
  textTarget({
    name: 'address',
    group: 'cli',
    specimens: among(ADDRESSES),
    words: [':', '[', ']', '65536', '::'],
    parse: parseAddress,
    check: ({ host, port }) => {
      assert.ok(host !== '' && port >= 0 && port <= 65_535);
      assert.deepEqual(parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`), { host, port });
    },
  }),
  textTarget({
    name: 'endpoints',
    group: 'cli',
    specimens: fc.array(among(ADDRESSES), { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
    words: [',', ' ', ':'],
    parse: (text) => {
      const endpoints = splitEndpoints(text);
      checkClientOptions({ endpoints });
      return endpoints;
    },
    check: (endpoints) => assert.ok(endpoints.every((endpoint) => parseAddress(endpoint) !== undefined)),
    refusal: isError('CONFIG_INVALID'),
  }),
  textTarget({ name: 'integer', group: 'cli', specimens: fc.bigInt().map(String), parse: (text) => parseInteger('N', text), refusal: invalid }), // prettier-ignore
  textTarget({
    name: 'entry',
    group: 'cli',
    specimens: among(['fruit=cherry', 'a==', 'k=']),
    parse: parseEntry,
    check: ([key]) => assert.notEqual(key, ''),
    refusal: invalid,
  }),
  textTarget({ name: 'workload', group: 'cli', specimens: among(WORKLOADS.map(({ name }) => name)), words: ['__proto__', 'constructor'], parse: workloadNamed, check: ({ keys }) => isWhole(keys), refusal: invalid }), // prettier-ignore
  textTarget({ name: 'systems', group: 'cli', specimens: among(['raft,redis', 'ecc, raft']), words: [',', '__proto__'], parse: parseSystems, refusal: invalid }), // prettier-ignore
  textTarget({
    name: 'schedule of faults',
    group: 'cli',
    specimens: among(['kill n1@1s', 'pause n2@500ms+1s n2@5s+1s', 'cut n1-n2@1s+2s', 'restart n1@1s']),
    words: ['@', '+', '-', 'n1', '9999999999999999999s', ' '],
    parse: planFrom,
    check: checkSteps,
    refusal: invalid,
  }),
  textTarget({
    name: 'records as JSON lines',
    group: 'cli',
    specimens: among(['{"key": "a", "value": "b"}\n{"keyBase64": "AP8=", "value": "x", "ttlMs": 5}\n', '\n{"key":"é","value":""}']), // prettier-ignore
    words: ['null', '[]', '1e400', '"__proto__":', '\\u0000', '{', '\n', '"valueBase64":"%"'],
    parse: (text) => recordsIn(text, 'jsonl'),
    check: checkRecords,
    refusal: invalid,
  }),
  textTarget({
    name: 'records as CSV',
    group: 'cli',
    specimens: among(['key,value\na,b\n"c ""d""","e\nf"\n', 'ttlMs,key,value\r\n5,a,b\r\n,c,d']),
    words: ['"', '""', ',', '\n', '\r', 'key', '1e400'],
    parse: (text) => recordsIn(text, 'csv'),
    check: checkRecords,
    refusal: invalid,
  }),
  textTarget({
    name: 'report',
    group: 'cli',
    specimens: among([sampleRun(), sampleCompare()].map((report) => JSON.stringify(report))),
    words: ['null', '[]', '{}', '-1', '1e999', '"'],
    parse: (text) => readReport('report.json', text),
    refusal: invalid,
  }),
];
