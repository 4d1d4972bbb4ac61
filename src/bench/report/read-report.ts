/** A report of `bench run` or `bench compare` from its JSON text, every field checked. */
import { DcacheError } from '../../base/errors.js';
import { SYSTEMS } from '../compare/systems.js';
import { DISTRIBUTIONS } from '../workload/key-chooser.js';

import { COMPARE_SCHEMA, COMPARE_SCHEMA_VERSION, type CompareReport, type ComparedSystem } from './compare-report.js';
import { JsonFields } from './json-fields.js';
import {
  RUN_SCHEMA,
  RUN_SCHEMA_VERSION,
  type LoadDescription,
  type Machine,
  type MemoryFigures,
  type NodeSample,
  type OperationFigures,
  type RunReport,
  type TargetDescription,
  type WorkloadDescription,
} from './run-report.js';

export type BenchReport = RunReport | CompareReport;

/** Throws INVALID_ARGUMENT that names the file: not JSON, not a report, of another version, or with a field that cannot be. */
export function readReport(file: string, text: string): BenchReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DcacheError('INVALID_ARGUMENT', `${file} is not JSON; give files that --output has written`, {
      cause: error,
    });
  }
  const fields = JsonFields.of(value, file);
  const schema = fields.has('schema') ? fields.text('schema') : undefined;
  switch (schema) {
    case RUN_SCHEMA:
      checkVersion(file, fields, RUN_SCHEMA_VERSION);
      return readRun(fields);
    case COMPARE_SCHEMA:
      checkVersion(file, fields, COMPARE_SCHEMA_VERSION);
      return readCompare(fields);
    default:
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `${file} is JSON, but no report; give files that --output of bench run or bench compare has written`,
      );
  }
}

function checkVersion(file: string, fields: JsonFields, known: number): void {
  const version = fields.number('version');
  if (version !== known)
    throw new DcacheError(
      'INVALID_ARGUMENT',
      `${file} is of version ${version} of its format, and this dcache reads version ${known}; use the dcache that wrote it`,
    );
}

function readRun(fields: JsonFields): RunReport {
  return {
    schema: RUN_SCHEMA,
    version: RUN_SCHEMA_VERSION,
    ...readOrigin(fields),
    target: readTarget(fields.object('target')),
    load: readLoad(fields.object('load')),
    warmUpMs: fields.number('warmUpMs'),
    durationMs: fields.number('durationMs'),
    windowMs: fields.number('windowMs'),
    total: readFigures(fields.object('total')),
    byOperation: fields.record('byOperation', (all, type) => readFigures(all.object(type))),
    longestStallMs: fields.number('longestStallMs'),
    longestStallAtMs: fields.number('longestStallAtMs'),
    timeline: fields.list('timeline', (each) => ({
      atMs: each.number('atMs'),
      answered: each.number('answered'),
      failed: each.number('failed'),
      p50Ms: each.number('p50Ms'),
      p99Ms: each.number('p99Ms'),
      maxMs: each.number('maxMs'),
    })),
    nodes: fields.list('nodes', (node) => ({
      nodeId: node.text('nodeId'),
      samples: node.list('samples', readNodeSample),
    })),
    driver: {
      samples: fields.object('driver').list('samples', (each) => ({
        atMs: each.signedNumber('atMs'),
        cpus: each.number('cpus'),
        residentBytes: each.number('residentBytes'),
      })),
    },
    faults: fields.list('faults', (fault) => ({
      type: fault.word('type', ['kill', 'restart', 'pause', 'resume', 'cut', 'mend']),
      nodes: fault.texts('nodes'),
      plannedAtMs: fault.number('plannedAtMs'),
      atMs: fault.number('atMs'),
    })),
    recoveries: fields.list('recoveries', (each) => ({
      nodeId: each.text('nodeId'),
      restartedAtMs: each.number('restartedAtMs'),
      wholeAtMs: each.numberOrNull('wholeAtMs'),
    })),
    memory: readMemory(fields.object('memory')),
    memoryAfter: readMemory(fields.object('memoryAfter')),
  };
}

function readCompare(fields: JsonFields): CompareReport {
  return {
    schema: COMPARE_SCHEMA,
    version: COMPARE_SCHEMA_VERSION,
    ...readOrigin(fields),
    clients: fields.number('clients'),
    roundMs: fields.number('roundMs'),
    rule: fields.text('rule'),
    systems: fields.list('systems', readSystem),
  };
}

type Origin = Pick<RunReport, 'startedAt' | 'command' | 'dcacheVersion' | 'machine' | 'workload'>;

function readOrigin(fields: JsonFields): Origin {
  return {
    startedAt: fields.text('startedAt'),
    command: fields.text('command'),
    dcacheVersion: fields.text('dcacheVersion'),
    machine: readMachine(fields.object('machine')),
    workload: readWorkload(fields.object('workload')),
  };
}

function readMachine(fields: JsonFields): Machine {
  return {
    cpus: fields.number('cpus'),
    cpuModel: fields.text('cpuModel'),
    memoryBytes: fields.number('memoryBytes'),
    platform: fields.text('platform'),
    node: fields.text('node'),
    loadAverage: fields.number('loadAverage'),
    sharedWithNodes: fields.boolean('sharedWithNodes'),
  };
}

function readWorkload(fields: JsonFields): WorkloadDescription {
  return {
    name: fields.text('name'),
    mix: fields.numbers('mix'),
    distribution: fields.word('distribution', DISTRIBUTIONS),
    keys: fields.number('keys'),
    keyBytes: fields.number('keyBytes'),
    valueBytes: fields.number('valueBytes'),
    seed: fields.signedNumber('seed'),
  };
}

function readTarget(fields: JsonFields): TargetDescription {
  return {
    kind: fields.word('kind', ['spawned', 'running']),
    mode: fields.word('mode', ['ecc', 'raft']),
    nodes: fields.number('nodes'),
    ...(fields.has('k') ? { k: fields.number('k') } : {}),
    ...(fields.has('m') ? { m: fields.number('m') } : {}),
    tolerates: fields.number('tolerates'),
    proxied: fields.boolean('proxied'),
  };
}

function readLoad(fields: JsonFields): LoadDescription {
  return fields.word('type', ['closed', 'open']) === 'closed'
    ? { type: 'closed', clients: fields.number('clients') }
    : { type: 'open', perSecond: fields.number('perSecond') };
}

function readFigures(fields: JsonFields): OperationFigures {
  const latency = fields.object('latency');
  return {
    answered: fields.number('answered'),
    perSecond: fields.number('perSecond'),
    missing: fields.number('missing'),
    failed: fields.numbers('failed'),
    latency: {
      count: latency.number('count'),
      meanMs: latency.number('meanMs'),
      p50Ms: latency.number('p50Ms'),
      p90Ms: latency.number('p90Ms'),
      p99Ms: latency.number('p99Ms'),
      p999Ms: latency.number('p999Ms'),
      maxMs: latency.number('maxMs'),
      curve: latency.pairs('curve'),
    },
  };
}

function readNodeSample(fields: JsonFields): NodeSample {
  return {
    atMs: fields.signedNumber('atMs'),
    up: fields.boolean('up'),
    cpus: fields.numberOrNull('cpus'),
    residentBytes: fields.numberOrNull('residentBytes'),
    storeBytes: fields.numberOrNull('storeBytes'),
    storeBytesFor: fields.isNull('storeBytesFor') ? null : fields.numbers('storeBytesFor'),
    sentPerSecond: fields.numberOrNull('sentPerSecond'),
    receivedPerSecond: fields.numberOrNull('receivedPerSecond'),
    sentToNodesPerSecond: fields.numberOrNull('sentToNodesPerSecond'),
  };
}

function readMemory(fields: JsonFields): MemoryFigures {
  return {
    entries: fields.number('entries'),
    payloadBytes: fields.number('payloadBytes'),
    floorBytes: fields.number('floorBytes'),
    replicationBytes: fields.number('replicationBytes'),
    storeBytes: fields.signedNumber('storeBytes'),
    storeBytesFor: fields.numbers('storeBytesFor'),
    residentBytes: fields.numberOrNull('residentBytes'),
  };
}

function readSystem(fields: JsonFields): ComparedSystem {
  return {
    system: fields.word('system', SYSTEMS),
    name: fields.text('name'),
    version: fields.text('version'),
    tolerates: fields.number('tolerates'),
    processes: fields.number('processes'),
    rounds: fields.list('rounds', (round) => ({
      perSecond: round.number('perSecond'),
      p50Ms: round.number('p50Ms'),
      p99Ms: round.number('p99Ms'),
      cpuMicrosPerOperation: round.number('cpuMicrosPerOperation'),
    })),
    bytesPerEntry: fields.number('bytesPerEntry'),
    residentGrowthPerEntry: fields.signedNumber('residentGrowthPerEntry'),
  };
}
