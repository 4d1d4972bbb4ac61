/** The flags of `node start`, each with its environment variable, and the configuration file behind them. */
import { Flags } from '@oclif/core';
import { DEFAULT_MODE, DEFAULT_NODES } from '../cluster/default-layout.js';
import type { NodeOptions } from '../node/node-options.js';
import { readConfigFile } from '../node/config-file.js';

export const modeDescription = `how the cluster keeps values: ecc, once with parity, or raft, on every node [default: ${DEFAULT_MODE}]`;
export const nodesDescription = `number of nodes of the default layout [default: ${DEFAULT_NODES.ecc} in ecc mode, ${DEFAULT_NODES.raft} in raft mode]`;

/** The code RS(k, m) of ecc mode. */
export const codeFlags = {
  k: Flags.integer({
    description: 'ecc mode: nodes that it takes to serve [default: by the number of nodes, 3 of 5]',
    env: 'DCACHE_K',
  }),
  m: Flags.integer({
    description: 'ecc mode: nodes that may fail [default: by the number of nodes, 2 of 5]',
    env: 'DCACHE_M',
  }),
};

export const nodeFlags = {
  mode: Flags.string({
    description: modeDescription,
    env: 'DCACHE_MODE',
    helpValue: 'ecc|raft',
  }),
  id: Flags.string({
    description: 'name of the node; left out: the first free place of the default layout',
    env: 'DCACHE_ID',
  }),
  nodes: Flags.integer({ description: nodesDescription, env: 'DCACHE_NODES' }),
  ...codeFlags,
  peers: Flags.string({
    description: 'all nodes that found the cluster, with their control addresses',
    env: 'DCACHE_PEERS',
    helpValue: 'ID=HOST:PORT,...',
  }),
  listen: Flags.string({ description: 'where clients connect', env: 'DCACHE_LISTEN', helpValue: 'HOST:PORT' }),
  'control-listen': Flags.string({
    description: 'where the other nodes connect',
    env: 'DCACHE_CONTROL_LISTEN',
    helpValue: 'HOST:PORT',
  }),
  'data-listen': Flags.string({
    description: 'ecc mode: where the data links of the other nodes connect',
    env: 'DCACHE_DATA_LISTEN',
    helpValue: 'HOST:PORT',
  }),
  'http-listen': Flags.string({
    description: 'where /metrics and /healthz are, or off',
    env: 'DCACHE_HTTP_LISTEN',
    helpValue: 'HOST:PORT|off',
  }),
  'advertise-host': Flags.string({ description: 'host by which others reach this node', env: 'DCACHE_ADVERTISE_HOST' }),
  'data-dir': Flags.string({ description: 'folder of the log [default: .dcache/MODE/ID]', env: 'DCACHE_DATA_DIR' }),
  replace: Flags.boolean({
    description: 'with an empty data folder: take the place of the node of this name, which was at another address',
    env: 'DCACHE_REPLACE',
  }),
  'log-level': Flags.string({
    description: 'debug, info, warn, error or fatal [default: info]',
    env: 'DCACHE_LOG_LEVEL',
  }),
  'log-format': Flags.string({ description: 'json, pretty or auto [default: auto]', env: 'DCACHE_LOG_FORMAT' }),
  'tick-ms': Flags.integer({ description: 'unit of the two below in ms [default: 50]', env: 'DCACHE_TICK_MS' }),
  'heartbeat-ticks': Flags.integer({
    description: 'ticks between heartbeats of the leader [default: 2]',
    env: 'DCACHE_HEARTBEAT_TICKS',
  }),
  'election-ticks': Flags.integer({
    description: 'ticks without a leader before an election [default: 6]',
    env: 'DCACHE_ELECTION_TICKS',
  }),
  'hang-ms': Flags.integer({
    description: 'give leadership away when the main thread has not run for this long [default: 2000]',
    env: 'DCACHE_HANG_MS',
  }),
  'heartbeat-ms': Flags.integer({
    description: 'ecc mode: between two heartbeats of a node [default: 100]',
    env: 'DCACHE_HEARTBEAT_MS',
  }),
  'lease-ms': Flags.integer({
    description: 'ecc mode: how long a node may answer after a heartbeat [default: 500]',
    env: 'DCACHE_LEASE_MS',
  }),
  'drift-percent': Flags.integer({
    description: 'ecc mode: how much slower one clock may run than another [default: 10]',
    env: 'DCACHE_DRIFT_PERCENT',
  }),
  'heartbeat-timeout-ms': Flags.integer({
    description: 'ecc mode: take a node out when it has sent no heartbeat for this long [default: 700]',
    env: 'DCACHE_HEARTBEAT_TIMEOUT_MS',
  }),
  'link-timeout-ms': Flags.integer({
    description:
      'ecc mode: take one of two nodes out when messages between them are not acknowledged for this long [default: 1500]',
    env: 'DCACHE_LINK_TIMEOUT_MS',
  }),
  'rebuild-delay': Flags.string({
    description:
      'ecc mode: rebuild the segments of a node that has been away for this long before they are asked for, or off [default: 30s]',
    env: 'DCACHE_REBUILD_DELAY',
    helpValue: 'TIME|off',
  }),
  'scrub-interval': Flags.string({
    description: 'ecc mode: check everything that the node holds this often, like 24h, or off [default: 24h]',
    env: 'DCACHE_SCRUB_INTERVAL',
    helpValue: 'TIME|off',
  }),
  'on-loss': Flags.string({
    description:
      'ecc mode: when too many nodes have lost what they held, wait for `cluster recover`, or reset: go on without it [default: wait]',
    env: 'DCACHE_ON_LOSS',
    helpValue: 'wait|reset',
  }),
  'snapshot-bytes': Flags.integer({
    description: 'take a snapshot when the log has grown by this many bytes [default: 67108864]',
    env: 'DCACHE_SNAPSHOT_BYTES',
  }),
  'kept-entries': Flags.integer({
    description: 'entries of the log kept behind a snapshot, for followers that are a little late [default: 1000]',
    env: 'DCACHE_KEPT_ENTRIES',
  }),
  'recovery-rate': Flags.string({
    description: 'ecc mode: bytes a second sent to nodes that refill, like 50mb [default: off, no limit]',
    env: 'DCACHE_RECOVERY_RATE',
    helpValue: 'BYTES|off',
  }),
  'max-memory': Flags.string({
    description:
      'most that the node may hold for data, everything counted; in raft mode the leader decides for all [default: off]',
    env: 'DCACHE_MAX_MEMORY',
    helpValue: 'BYTES|512mb|2gb|off',
  }),
  eviction: Flags.string({
    description: 'when that is reached: refuse writes, or evict the least used (lru) or what expires first (ttl)',
    env: 'DCACHE_EVICTION',
    helpValue: 'noeviction|lru|ttl',
  }),
  config: Flags.string({
    char: 'c',
    description: 'YAML or JSON file with these settings; flags and environment win',
    env: 'DCACHE_CONFIG',
    helpValue: 'FILE',
  }),
};

type Parsed = { readonly [Name in keyof typeof nodeFlags]?: string | number | boolean | undefined };

/** Flags and environment over the configuration file. Throws CONFIG_INVALID for a file that cannot be used. */
export function nodeOptions(flags: Parsed): NodeOptions {
  const file = typeof flags.config === 'string' ? readConfigFile(flags.config) : {};
  const text = (name: keyof Parsed): string | undefined =>
    flags[name] === undefined ? undefined : String(flags[name]);
  const number = (name: keyof Parsed): number | undefined =>
    flags[name] === undefined ? undefined : Number(flags[name]);
  const peers = text('peers')
    ?.split(',')
    .map((peer) => peer.trim())
    .filter((peer) => peer !== '');
  const given: NodeOptions = {
    mode: text('mode'),
    id: text('id'),
    nodes: number('nodes'),
    k: number('k'),
    m: number('m'),
    peers,
    listen: text('listen'),
    controlListen: text('control-listen'),
    dataListen: text('data-listen'),
    httpListen: text('http-listen'),
    advertiseHost: text('advertise-host'),
    dataDir: text('data-dir'),
    replace: flags.replace === undefined ? undefined : Boolean(flags.replace),
    logLevel: text('log-level'),
    logFormat: text('log-format'),
    tickMs: number('tick-ms'),
    heartbeatTicks: number('heartbeat-ticks'),
    electionTicks: number('election-ticks'),
    hangMs: number('hang-ms'),
    heartbeatMs: number('heartbeat-ms'),
    leaseMs: number('lease-ms'),
    driftPercent: number('drift-percent'),
    heartbeatTimeoutMs: number('heartbeat-timeout-ms'),
    linkTimeoutMs: number('link-timeout-ms'),
    rebuildDelay: text('rebuild-delay'),
    recoveryRate: text('recovery-rate'),
    scrubInterval: text('scrub-interval'),
    onLoss: text('on-loss'),
    snapshotBytes: number('snapshot-bytes'),
    keptEntries: number('kept-entries'),
    maxMemory: text('max-memory'),
    eviction: text('eviction'),
  };
  const flagged = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const origins = Object.fromEntries(Object.entries(file.origins ?? {}).filter(([name]) => !(name in flagged)));
  return { ...file, ...flagged, origins };
}
