/** The results for people, with the targets of the design beside them. */
import { plainTable } from '../../../src/cli/tables.js';
import type { ScenarioResult } from '../../../src/bench/measure/rounds.js';
import type { LoopDelayRow } from './event-loop.js';
import type { MemoryRow } from './memory.js';
import type { HandOverRow } from './hand-over.js';
import type { OverwriteRow } from './overwrite.js';
import type { StallRow } from './stall.js';

const MIB = 1024 * 1024;

/** Under endless overwriting. */
const LEAST_LIVE = 0.85;
/** Of raft mode with as many nodes, at every size. */
const MOST_OF_RAFT = 0.6;

/** Largest ratio to the floor that the design allows for values of a size; it says nothing about smaller ones. */
function mostOfFloor(valueBytes: number): number | undefined {
  if (valueBytes >= 1024) return 1.15;
  return valueBytes >= 100 ? 1.6 : undefined;
}

export function memoryTable(rows: readonly MemoryRow[]): string {
  const head = ['code', 'key + value', 'entries', 'floor', 'ecc', 'raft', 'ecc / floor', 'ecc / raft', 'resident MiB'];
  const table = plainTable(
    head,
    rows.map((row) => [
      `RS(${row.k},${row.m})`,
      `${row.keyBytes} + ${row.valueBytes}`,
      row.entries,
      row.floor.toFixed(1),
      row.ecc.toFixed(1),
      row.raft.toFixed(1),
      judged(row.eccToFloor, mostOfFloor(row.valueBytes)),
      judged(row.eccToRaft, MOST_OF_RAFT),
      `${(row.eccResidentBytes / MIB).toFixed(0)} / ${(row.raftResidentBytes / MIB).toFixed(0)}`,
    ]),
  );
  return `Bytes held by the whole cluster, an entry\n\n${table}`;
}

export function partsTable(rows: readonly MemoryRow[]): string {
  const parts = Object.keys(rows[0]?.eccBytesFor ?? {});
  const table = plainTable(
    ['code', 'key + value', 'entries', ...parts],
    rows.map((row) => [
      `RS(${row.k},${row.m})`,
      `${row.keyBytes} + ${row.valueBytes}`,
      row.entries,
      ...parts.map((part) => (row.eccBytesFor[part] ?? 0).toFixed(1)),
    ]),
  );
  return `What ecc mode holds them for\n\n${table}`;
}

/** Under full load, ms. */
const MOST_LOOP_DELAY_MS = 20;

export function loopTable(rows: readonly LoopDelayRow[]): string {
  const table = plainTable(
    ['code', 'in flight', 'sets a second', 'samples', 'p50 ms', 'p99 ms', 'no processor'],
    rows.map((row) => [
      `RS(${row.k},${row.m})`,
      row.inFlight,
      row.setsPerSecond.toFixed(0),
      row.samples,
      `at most ${row.p50Ms}`,
      `at most ${row.p99Ms}${row.p99Ms > MOST_LOOP_DELAY_MS ? ` (target ${MOST_LOOP_DELAY_MS})` : ''}`,
      `${(100 * row.waitingShare).toFixed(0)}% of the time`,
    ]),
  );
  return `How late timers of the main threads fire\n\n${table}`;
}

export function overwriteTable(rows: readonly OverwriteRow[]): string {
  const head = [
    'code',
    'key + value',
    'entries',
    'written',
    'live',
    'least',
    'writes',
    'sent',
    'for cleaning',
    'growth',
  ];
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  const table = plainTable(
    head,
    rows.map((row) => [
      `RS(${row.k},${row.m})`,
      `${row.keyBytes} + ${row.valueBytes}`,
      row.entries,
      row.overwrites,
      row.liveAfter >= LEAST_LIVE ? percent(row.liveAfter) : `${percent(row.liveAfter)} (below ${percent(LEAST_LIVE)})`,
      percent(row.leastLive),
      row.writeAmplification.toFixed(2),
      row.sentPerByte.toFixed(2),
      row.sentForCleaning.toFixed(2),
      row.growth.toFixed(2),
    ]),
  );
  return `Endless random overwrite: share of live bytes; bytes written to segments and sent between nodes, for each byte of key and value\n\n${table}`;
}

export function speedTable(rows: readonly ScenarioResult[]): string {
  const head = ['system', 'operation', 'in flight', 'a second', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU s / million'];
  return plainTable(
    head,
    rows.map(({ system, operation, inFlight, perSecond, p50Ms, p99Ms, p999Ms, cpuSecondsPerMillion }) => [
      system,
      operation,
      inFlight,
      perSecond,
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      p999Ms.toFixed(2),
      cpuSecondsPerMillion?.toFixed(0) ?? '-',
    ]),
  );
}

export function stallTable(rows: readonly StallRow[]): string {
  const head = ['killed', 'set, ms', 'longest', 'get, ms', 'longest', 'before, ms', 'target, ms'];
  const table = plainTable(
    head,
    rows.map(({ victim, setMs, longestSetMs, getMs, longestGetMs, quietMs }) => [
      victim,
      setMs.toFixed(0),
      longestSetMs.toFixed(0),
      getMs.toFixed(0),
      longestGetMs.toFixed(0),
      quietMs.toFixed(0),
      victim === 'primary that leads Raft' ? 'below 3000' : victim === 'primary' ? 'below 1500' : '-',
    ]),
  );
  return `Longest time without an answer when a node is killed under load\n\n${table}`;
}

export function handOverTable(rows: readonly HandOverRow[]): string {
  const head = ['mode', 'what happens', 'times', 'stall, ms', 'longest', 'took, ms', 'failed requests', 'target, ms'];
  const table = plainTable(
    head,
    rows.map(({ mode, phase, times, stallMs, longestMs, tookMs, failures }) => [
      mode,
      phase,
      times,
      stallMs.toFixed(0),
      longestMs.toFixed(0),
      tookMs.toFixed(0),
      failures.length,
      phase === 'nothing' ? '-' : 'below 100',
    ]),
  );
  return `Longest time without an answer when nodes are stopped and started as planned, under load\n\n${table}`;
}

/** "1.08" or "1.72 (above 1.60)" */
function judged(ratio: number, most: number | undefined): string {
  return most === undefined || ratio <= most ? ratio.toFixed(2) : `${ratio.toFixed(2)} (above ${most.toFixed(2)})`;
}
