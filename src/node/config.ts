/**
 * What a node is started with: options of the command line, of the environment and of a configuration file become one
 * validated NodeConfig, or an error that names the option, what it is and what it may be.
 */
import { isLoopback, parseAddress } from '../base/address.js';
import { DcacheError } from '../base/errors.js';
import { isMode, isNodeId, type Mode, type NodeId } from '../base/ids.js';
import { isLogLevel, type LogLevel } from '../base/log.js';
import type { ControlTimings } from '../actors/control/control-options.js';
import type { SnapshotPolicy } from '../actors/control/snapshot-keeper.js';
import { LOG_FORMATS, type LogFormat } from '../adapters/logger.js';
import { isEvictionPolicy, POLICIES, type MemoryRules } from '../store/memory-cap.js';
import type { Founder } from '../cluster/speaker.js';
import { DEFAULT_NODES, defaultDataFolder, defaultFounders, MAX_PLACES, place } from '../cluster/default-layout.js';

/** As given, before defaults. Field names are those of the configuration file; flags are the same words with dashes. */
export interface NodeOptions {
  readonly mode?: string | undefined;
  readonly id?: string | undefined;
  /** Number of first members of the default layout. */
  readonly nodes?: number | undefined;
  /** First members: id=host:port, their control addresses. */
  readonly peers?: readonly string[] | undefined;
  readonly listen?: string | undefined;
  readonly controlListen?: string | undefined;
  /** host:port, or `off`. */
  readonly httpListen?: string | undefined;
  /** Host under which the other nodes and clients reach this one; the host of `listen` if left out. */
  readonly advertiseHost?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly tickMs?: number | undefined;
  readonly electionTicks?: number | undefined;
  readonly heartbeatTicks?: number | undefined;
  /** A main thread that has not run for so long is taken for hung. */
  readonly hangMs?: number | undefined;
  /** A snapshot is taken when the log has grown by this much. */
  readonly snapshotBytes?: number | undefined;
  /** Entries of the log kept behind a snapshot. */
  readonly keptEntries?: number | undefined;
  /** Bytes that the store may hold: a whole number, or one with a unit like `512mb`; `off` for no cap. */
  readonly maxMemory?: string | number | undefined;
  /** What happens when that is reached: noeviction, lru or ttl. */
  readonly eviction?: string | undefined;
  /** For options that were not given as flags: what to call them in messages, like "dcache.yaml, line 3: tickMs". */
  readonly origins?: Readonly<Partial<Record<OptionName, string>>> | undefined;
}

export type OptionName = Exclude<keyof NodeOptions, 'origins'>;

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
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly timings: ControlTimings;
  readonly snapshots: SnapshotPolicy;
  readonly memoryRules: MemoryRules;
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
 * Throws CONFIG_INVALID or MODE_UNAVAILABLE.
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
  return {
    mode,
    nodeId,
    founders: resolveFounders(options, nodeId, controlListen),
    clientListen,
    controlListen,
    httpListen,
    advertiseHost: resolveAdvertisedHost(options.advertiseHost, clientListen),
    dataFolder: options.dataDir ?? defaultDataFolder(mode, nodeId),
    logLevel,
    logFormat,
    timings: resolveTimings(options),
    snapshots: {
      minLogBytes: whole('snapshot-bytes', options.snapshotBytes ?? DEFAULT_SNAPSHOT_BYTES, 4096, 2 ** 40),
      keptEntries: whole('kept-entries', options.keptEntries ?? DEFAULT_KEPT_ENTRIES, 0, 2 ** 32),
    },
    memoryRules: resolveMemoryRules(options),
  };
}

/** Throws CONFIG_INVALID for an unknown mode, MODE_UNAVAILABLE for one that this version does not have. */
export function resolveMode(text = 'raft'): Mode {
  if (!isMode(text)) throw invalid('mode', text, 'raft or ecc');
  if (text === 'ecc') {
    throw new DcacheError(
      'MODE_UNAVAILABLE',
      'ecc mode is not part of this version yet; it comes with a later one and will then be the default. Use --mode raft',
    );
  }
  return text;
}

function resolveFounders(options: NodeOptions, nodeId: string, controlListen: string): readonly Founder[] {
  if (options.peers === undefined || options.peers.length === 0) {
    const nodes = whole('nodes', options.nodes ?? DEFAULT_NODES, 1, MAX_PLACES);
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

const UNIT_BYTES = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
]);

/** A whole number of bytes, or a number with a unit, in which a kb has 1024 bytes as it has for Redis. */
function parseBytes(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const unitBytes = UNIT_BYTES.get(unit.toLowerCase());
  return amount === undefined || unitBytes === undefined ? undefined : Math.floor(Number(amount) * unitBytes);
}

function address(option: string, text: string, allowed = 'host:port, like 127.0.0.1:7101'): string {
  if (parseAddress(text) === undefined) throw invalid(option, text, allowed);
  return text;
}

function whole(option: string, value: number, low: number, high: number): number {
  if (!Number.isSafeInteger(value) || value < low || value > high)
    throw invalid(option, String(value), `a whole number from ${low} to ${high}`);
  return value;
}

function isLogFormat(text: string): text is LogFormat {
  return (LOG_FORMATS as readonly string[]).includes(text);
}

function invalid(option: string, value: string, allowed: string): InvalidOption {
  return new InvalidOption(option, `is "${value}"; it must be ${allowed}`);
}

class InvalidOption extends DcacheError {
  private readonly option: string;
  private readonly problem: string;

  /** @param option name of the flag */
  constructor(option: string, problem: string) {
    super('CONFIG_INVALID', `--${option} ${problem}`);
    this.option = option;
    this.problem = problem;
  }

  /** The same, calling the option by where it was given. */
  named(origins: NonNullable<NodeOptions['origins']>): DcacheError {
    const field = this.option.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const origin = new Map(Object.entries(origins)).get(field);
    return origin === undefined ? this : new DcacheError(this.code, `${origin} ${this.problem}`, { cause: this });
  }
}

/** Whether the node can be reached from other machines: then the log says so, since nothing is encrypted yet. */
export function isExposed(config: NodeConfig): boolean {
  return [config.clientListen, config.controlListen].some((text) => !isLoopback(parseAddress(text)?.host ?? ''));
}
