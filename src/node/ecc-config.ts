/** What only ecc mode is started with: its code, its data port, the times of its leases. Options in, validated settings out. */
import type { ControlTimings } from '../actors/control/control-options.js';
import { checkCode, defaultCode, type Code } from '../cluster/code-layout.js';
import { place } from '../cluster/default-layout.js';
import { checkEccTimings, DEFAULT_ECC_TIMINGS, type EccTimings } from '../cluster/ecc-timings.js';
import { isLossPolicy, LOSS_POLICIES, type LossPolicy } from '../cluster/loss-policy.js';
import { leastCapBytes, partitionsHeld } from '../replication/memory-reserve.js';
import { STANDARD_LAYOUT } from '../store/layout.js';
import type { MemoryRules } from '../store/memory-cap.js';
import type { NodeOptions } from './node-options.js';
import { address, durationOrOff, invalid, parseBytes, whole } from './option-checks.js';

export interface EccConfig extends Code {
  /** host:port for the data links of the other nodes. */
  readonly dataListen: string;
  readonly timings: EccTimings;
  /** Most that this node sends to learners, bytes a second; Infinity: no limit. */
  readonly recoveryRate: number;
  /** Between two scrubs; 0: none by itself. */
  readonly scrubIntervalMs: number;
  /** How long a node is away before its segments are rebuilt elsewhere; 0: only when they are asked for. */
  readonly rebuildDelayMs: number;
  /** What this node does, while it leads, about a group that has lost more than the code can bear. */
  readonly onLoss: LossPolicy;
}

const ECC_OPTIONS = [
  'k',
  'm',
  'dataListen',
  'heartbeatMs',
  'leaseMs',
  'driftPercent',
  'heartbeatTimeoutMs',
  'linkTimeoutMs',
  'recoveryRate',
  'scrubInterval',
  'rebuildDelay',
  'onLoss',
] as const satisfies readonly (keyof NodeOptions)[];

const MAX_TIME_MS = 600_000;
const MAX_REBUILD_DELAY_MS = 86_400_000;
const DEFAULT_SCRUB_INTERVAL = '24h';
const DEFAULT_REBUILD_DELAY = '30s';
const MAX_SCRUB_INTERVAL_MS = 366 * 86_400_000;

/** @param nodes that found the cluster. Throws CONFIG_INVALID. */
export function resolveEcc(
  options: NodeOptions,
  nodes: number,
  placeNumber: number,
  timings: ControlTimings,
  memoryRules: MemoryRules,
): EccConfig {
  const code = resolveCode(options, nodes);
  checkCap(memoryRules, code);
  return {
    ...code,
    dataListen: address('data-listen', options.dataListen ?? place(placeNumber).dataListen),
    timings: resolveEccTimings(options, timings),
    rebuildDelayMs: durationOrOff(
      'rebuild-delay',
      options.rebuildDelay ?? DEFAULT_REBUILD_DELAY,
      1,
      MAX_REBUILD_DELAY_MS,
    ),
    recoveryRate: resolveRate(options.recoveryRate),
    scrubIntervalMs: durationOrOff(
      'scrub-interval',
      options.scrubInterval ?? DEFAULT_SCRUB_INTERVAL,
      1_000,
      MAX_SCRUB_INTERVAL_MS,
    ),
    onLoss: resolveLossPolicy(options.onLoss ?? 'wait'),
  };
}

function resolveLossPolicy(text: string): LossPolicy {
  if (!isLossPolicy(text)) throw invalid('on-loss', text, LOSS_POLICIES.join(' or '));
  return text;
}

/** In raft mode they would be without effect, which is not what whoever gave them expects. Throws CONFIG_INVALID. */
export function refuseEccOptions(options: NodeOptions): void {
  for (const name of ECC_OPTIONS) {
    const value = options[name];
    if (value !== undefined) throw invalid(flagOf(name), String(value), 'left out in raft mode: it is for --mode ecc');
  }
}

/** RS(k, m), by the number of nodes unless both are given. Throws CONFIG_INVALID with the relation that does not hold. */
export function resolveCode({ k, m }: Pick<NodeOptions, 'k' | 'm'>, nodes: number): Code {
  if (k === undefined && m === undefined) return defaultCode(nodes);
  if (k === undefined) throw invalid('m', String(m), 'given together with --k: the two make up the code RS(k, m)');
  if (m === undefined) throw invalid('k', String(k), 'given together with --m: the two make up the code RS(k, m)');
  const problem = checkCode(k, m, nodes);
  if (problem !== undefined) throw problem;
  return { k, m };
}

/** Below a segment a second a node would refill for weeks. */
const MIN_RECOVERY_RATE = 64 * 1024;

function resolveRate(given: string | number | undefined): number {
  const text = String(given ?? 'off');
  const bytesPerSecond = text === 'off' ? Infinity : parseBytes(text);
  if (bytesPerSecond === undefined || bytesPerSecond < MIN_RECOVERY_RATE) {
    throw invalid('recovery-rate', text, 'off, or bytes a second of at least 64kb, like 50mb');
  }
  return bytesPerSecond;
}

function resolveEccTimings(options: NodeOptions, { tickMs, electionTicks }: ControlTimings): EccTimings {
  const time = (name: keyof EccTimings & keyof NodeOptions): number =>
    whole(flagOf(name), options[name] ?? DEFAULT_ECC_TIMINGS[name], 1, MAX_TIME_MS);
  const timings: EccTimings = {
    heartbeatMs: time('heartbeatMs'),
    leaseMs: time('leaseMs'),
    driftPercent: whole('drift-percent', options.driftPercent ?? DEFAULT_ECC_TIMINGS.driftPercent, 0, 50),
    heartbeatTimeoutMs: time('heartbeatTimeoutMs'),
    linkTimeoutMs: time('linkTimeoutMs'),
    minElectionTimeoutMs: tickMs * electionTicks,
  };
  const problem = checkEccTimings(timings);
  if (problem !== undefined) throw problem;
  return timings;
}

/** A cap of which what has to be held back leaves next to nothing would refuse every write. Throws CONFIG_INVALID. */
function checkCap({ maxBytes }: MemoryRules, { k, m }: Code): void {
  const shape = { k, m, layout: STANDARD_LAYOUT };
  const least = Math.ceil(leastCapBytes(shape) / 1024 ** 2);
  if (maxBytes >= least * 1024 ** 2) return;
  throw invalid(
    'max-memory',
    String(maxBytes),
    `${least}mb at least for RS(${k}, ${m}), whose nodes hold ${partitionsHeld(shape)} partitions each: ` +
      'for each, memory is held back that deletes and cleaning take',
  );
}

/** heartbeatTimeoutMs -> heartbeat-timeout-ms */
function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
