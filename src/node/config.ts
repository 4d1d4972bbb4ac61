/**
 * What a node is started with: options of the command line, of the environment and of a configuration file become one
 * validated NodeConfig, or an error that names the option, what it is and what it may be.
 */
import { isLoopback, parseAddress } from '../base/address.js';
import { DcacheError } from '../base/errors.js';
import { isMode, isNodeId, MODES, type Mode, type NodeId } from '../base/ids.js';
import { isLogLevel, type LogLevel } from '../base/log.js';
import type { ControlTimings } from '../actors/control/control-options.js';
import type { SnapshotPolicy } from '../actors/control/snapshot-keeper.js';
import { LOG_FORMATS, type LogFormat } from '../adapters/logger.js';
import { isEvictionPolicy, POLICIES, type MemoryRules } from '../store/memory-cap.js';
import type { Founder } from '../cluster/speaker.js';
import {
  DEFAULT_MODE,
  DEFAULT_NODES,
  defaultDataFolder,
  defaultFounders,
  MAX_PLACES,
  place,
} from '../cluster/default-layout.js';
import { refuseEccOptions, resolveEcc, type EccConfig } from './ecc-config.js';
import { address, invalid, InvalidOption, whole, parseBytes } from './option-checks.js';
import type { NodeOptions } from './node-options.js';

export interface NodeConfig {
  readonly mode: Mode;
  readonly nodeId: NodeId;
  readonly founders: readonly Founder[];
  readonly clientListen: string;
  readonly controlListen: string;
  /** Undefined: no HTTP port. */
  readonly httpListen: string | undefined;
  /** What the others are told; the ports are those of the listen addresses. */
  readonly advertiseHost: string;
  readonly dataFolder: string;
  /** Whether it takes the place of the node of its name though that one was at another address. */
  readonly replaces: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly timings: ControlTimings;
  readonly snapshots: SnapshotPolicy;
  readonly memoryRules: MemoryRules;
  /** Undefined in raft mode. */
  readonly ecc: EccConfig | undefined;
}

/** Ticks of 50 ms; elections after 300 to 600 ms without a leader, heartbeats every 100 ms (DESIGN.md, section 4). */
export const DEFAULT_TIMINGS: ControlTimings = { tickMs: 50, heartbeatTicks: 2, electionTicks: 6, hangMs: 2_000 };

const DEFAULT_SNAPSHOT_BYTES = 64 * 1024 * 1024;
const DEFAULT_KEPT_ENTRIES = 1_000;
/** Below this the fixed costs of a store leave next to nothing for values. */
const MIN_MAX_MEMORY_BYTES = 1024 ** 2;
/** What the places of one store reach. */
const MAX_MAX_MEMORY_BYTES = 16 * 1024 ** 3;

/**
 * @param placeNumber the place of the default layout that gives what `options` leave out.
 * Throws CONFIG_INVALID.
 */
export function resolveConfig(options: NodeOptions, placeNumber: number): NodeConfig {
  try {
    return resolve(options, placeNumber);
  } catch (error) {
    throw error instanceof InvalidOption ? error.named(options.origins ?? {}) : error;
  }
}

function resolve(options: NodeOptions, placeNumber: number): NodeConfig {
  const defaults = place(placeNumber);
  const mode = resolveMode(options.mode);
  const nodeId = options.id ?? defaults.nodeId;
  if (!isNodeId(nodeId)) {
    throw invalid('id', nodeId, 'lower-case letters, digits and dashes, 32 at most, a letter first');
  }
  const clientListen = address('listen', options.listen ?? defaults.clientListen);
  const controlListen = address('control-listen', options.controlListen ?? defaults.controlListen);
  const httpText = options.httpListen ?? defaults.httpListen;
  const httpListen = httpText === 'off' ? undefined : address('http-listen', httpText, 'host:port, or off');
  const logLevel = options.logLevel ?? 'info';
  if (!isLogLevel(logLevel)) throw invalid('log-level', logLevel, 'debug, info, warn, error or fatal');
  const logFormat = options.logFormat ?? 'auto';
  if (!isLogFormat(logFormat)) throw invalid('log-format', logFormat, LOG_FORMATS.join(', '));
  const timings = resolveTimings(options);
  const founders = resolveFounders(options, nodesOf(options), nodeId, controlListen);
  const memoryRules = resolveMemoryRules(options);
  if (mode === 'raft') refuseEccOptions(options);
  return {
    mode,
    nodeId,
    founders,
    clientListen,
    controlListen,
    httpListen,
    advertiseHost: resolveAdvertisedHost(options.advertiseHost, clientListen),
    dataFolder: options.dataDir ?? defaultDataFolder(mode, nodeId),
    replaces: options.replace ?? false,
    logLevel,
    logFormat,
    timings,
    snapshots: {
      minLogBytes: whole('snapshot-bytes', options.snapshotBytes ?? DEFAULT_SNAPSHOT_BYTES, 4096, 2 ** 40),
      keptEntries: whole('kept-entries', options.keptEntries ?? DEFAULT_KEPT_ENTRIES, 0, 2 ** 32),
    },
    memoryRules,
    ecc: mode === 'raft' ? undefined : resolveEcc(options, founders.length, placeNumber, timings, memoryRules),
  };
}

/** Throws CONFIG_INVALID for an unknown mode. */
export function resolveMode(text: string = DEFAULT_MODE): Mode {
  if (!isMode(text)) throw invalid('mode', text, MODES.join(' or '));
  return text;
}

/** Number of first members of the default layout. Throws CONFIG_INVALID. */
export function nodesOf({ mode, nodes, k, m }: Pick<NodeOptions, 'mode' | 'nodes' | 'k' | 'm'>): number {
  const known = resolveMode(mode);
  const isCode = known === 'ecc' && k !== undefined && m !== undefined && k > 0;
  // A k of 0 is refused by its own name (ecc-config.ts), not as a number of nodes that nobody gave.
  const needed = isCode ? k + m : DEFAULT_NODES[known];
  return whole('nodes', nodes ?? needed, 1, MAX_PLACES);
}

function resolveFounders(
  options: NodeOptions,
  nodes: number,
  nodeId: string,
  controlListen: string,
): readonly Founder[] {
  if (options.peers === undefined || options.peers.length === 0) {
    return defaultFounders(nodes).map((founder) =>
      founder.nodeId === nodeId ? { ...founder, controlAddress: controlListen } : founder,
    );
  }
  if (options.nodes !== undefined)
    throw new DcacheError('CONFIG_INVALID', '--nodes and --peers exclude each other: --peers names all nodes');
  const founders = options.peers.map(parsePeer);
  const names = new Set(founders.map((founder) => founder.nodeId));
  if (names.size < founders.length) throw new DcacheError('CONFIG_INVALID', '--peers names a node twice');
  if (founders.length > MAX_PLACES)
    throw new DcacheError(
      'CONFIG_INVALID',
      `--peers names ${founders.length} nodes, at most ${MAX_PLACES} are allowed`,
    );
  return founders;
}

function parsePeer(text: string): Founder {
  const [nodeId = '', controlAddress = '', ...rest] = text.split('=');
  if (!isNodeId(nodeId) || parseAddress(controlAddress) === undefined || rest.length > 0) {
    throw invalid('peers', text, 'id=host:port with the control port of the node, like n1=10.0.0.1:7201');
  }
  return { nodeId, controlAddress };
}

/** An address that others cannot connect to is no use to them. */
function resolveAdvertisedHost(given: string | undefined, clientListen: string): string {
  const host = given ?? parseAddress(clientListen)?.host ?? '';
  if (host === '0.0.0.0' || host === '::') {
    throw new DcacheError(
      'CONFIG_INVALID',
      `listening on ${host} needs --advertise-host, the name or address by which the others reach this node`,
    );
  }
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function resolveTimings(options: NodeOptions): ControlTimings {
  const tickMs = whole('tick-ms', options.tickMs ?? DEFAULT_TIMINGS.tickMs, 5, 10_000);
  const heartbeatTicks = whole('heartbeat-ticks', options.heartbeatTicks ?? DEFAULT_TIMINGS.heartbeatTicks, 1, 1_000);
  const electionTicks = whole('election-ticks', options.electionTicks ?? DEFAULT_TIMINGS.electionTicks, 2, 10_000);
  if (electionTicks < 2 * heartbeatTicks) {
    throw new DcacheError(
      'CONFIG_INVALID',
      `election-ticks (${electionTicks}) must be at least twice heartbeat-ticks (${heartbeatTicks})`,
    );
  }
  const hangMs = whole(
    'hang-ms',
    options.hangMs ?? Math.max(DEFAULT_TIMINGS.hangMs, 4 * electionTicks * tickMs),
    100,
    600_000,
  );
  if (hangMs < 2 * electionTicks * tickMs) {
    throw new DcacheError(
      'CONFIG_INVALID',
      `hang-ms (${hangMs}) must be at least twice the election timeout (${electionTicks * tickMs} ms)`,
    );
  }
  return { tickMs, heartbeatTicks, electionTicks, hangMs };
}

function resolveMemoryRules(options: NodeOptions): MemoryRules {
  const policy = options.eviction ?? 'noeviction';
  if (!isEvictionPolicy(policy)) throw invalid('eviction', policy, POLICIES.join(', '));
  const text = String(options.maxMemory ?? 'off');
  const maxBytes = text === 'off' ? Infinity : parseBytes(text);
  if (
    maxBytes === undefined ||
    maxBytes < MIN_MAX_MEMORY_BYTES ||
    (text !== 'off' && maxBytes > MAX_MAX_MEMORY_BYTES)
  ) {
    throw invalid('max-memory', text, 'bytes from 1mb to 16gb, like 512mb, 2gb or 1073741824, or off');
  }
  if (maxBytes === Infinity && policy !== 'noeviction') {
    throw invalid('eviction', policy, 'noeviction as long as --max-memory sets no cap: nothing would ever be evicted');
  }
  return { maxBytes, policy };
}

function isLogFormat(text: string): text is LogFormat {
  return (LOG_FORMATS as readonly string[]).includes(text);
}

/** Whether the node can be reached from other machines: then the log says so, since nothing is encrypted yet. */
export function isExposed(config: NodeConfig): boolean {
  const { clientListen, controlListen, ecc } = config;
  const listens = [clientListen, controlListen, ...(ecc === undefined ? [] : [ecc.dataListen])];
  return listens.some((text) => !isLoopback(parseAddress(text)?.host ?? ''));
}
