/**
 * Faults on schedule, as they are written on the command line:
 *
 *     --kill n2@10s   --restart n2@20s   --pause n3@5s+3s   --cut n1-n2@8s+4s
 *
 * Times count from the beginning of the measured part. A pause or cut becomes two steps, its beginning and its end. Pure.
 */
import { DcacheError } from '../../base/errors.js';

export type FaultStep =
  | { readonly type: 'kill' | 'restart' | 'pause' | 'resume'; readonly atMs: number; readonly nodeId: string }
  | {
      readonly type: 'cut' | 'mend';
      readonly atMs: number;
      /** Two different nodes; both directions. */
      readonly between: readonly [string, string];
    };

/** The texts of the flags. */
export interface FaultFlags {
  readonly kill: readonly string[];
  readonly restart: readonly string[];
  readonly pause: readonly string[];
  readonly cut: readonly string[];
}

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000 } as const;
const TIME = String.raw`(\d+(?:\.\d+)?)(ms|s|m)`;
const NODE = String.raw`([A-Za-z0-9_.]+)`;
const AT = new RegExp(`^${NODE}@${TIME}$`);
const FOR_A_WHILE = new RegExp(`^${NODE}@${TIME}\\+${TIME}$`);
const BETWEEN = new RegExp(`^${NODE}-${NODE}@${TIME}\\+${TIME}$`);

/**
 * The steps in the order of their times. Throws INVALID_ARGUMENT for what cannot be understood or carried out.
 * @param nodeIds that there are. @param durationMs of the measured part.
 */
export function planFaults(flags: FaultFlags, nodeIds: readonly string[], durationMs: number): FaultStep[] {
  const steps = [
    ...flags.kill.map((text) => parseAt('kill', text)),
    ...flags.restart.map((text) => parseAt('restart', text)),
    ...flags.pause.flatMap(parsePause),
    ...flags.cut.flatMap(parseCut),
  ];
  for (const step of steps) {
    for (const nodeId of nodesOf(step)) {
      if (!nodeIds.includes(nodeId))
        throw invalid(
          `--${flagOf(step)} names ${nodeId}, which is not started here; the nodes are ${nodeIds.join(', ')}`,
        );
    }
    if (step.atMs > durationMs)
      throw invalid(
        `--${flagOf(step)} of ${nodesOf(step).join('-')} is for ${step.atMs} ms, but the run is over after ${durationMs} ms; see --duration`,
      );
  }
  steps.sort((a, b) => a.atMs - b.atMs);
  checkOrder(steps);
  return steps;
}

/** How a step is told, with the node's name: "kill n2", "cut n1-n2". */
export function describeStep(step: FaultStep): string {
  return `${step.type} ${nodesOf(step).join('-')}`;
}

export function nodesOf(step: FaultStep): readonly string[] {
  return 'between' in step ? step.between : [step.nodeId];
}

function flagOf({ type }: FaultStep): string {
  return type === 'resume' ? 'pause' : type === 'mend' ? 'cut' : type;
}

/** Follows what each node and each pair goes through. */
function checkOrder(steps: readonly FaultStep[]): void {
  const state = new Map<string, 'down' | 'paused' | 'cut'>();
  for (const step of steps) {
    const name = nodesOf(step).join('-');
    const key = 'between' in step ? [...step.between].sort().join('-') : step.nodeId;
    const now = state.get(key);
    const refuse = (reason: string): never => {
      throw invalid(`${describeStep(step)} at ${step.atMs} ms: ${reason}`);
    };
    switch (step.type) {
      case 'kill':
        if (now === 'down') refuse(`${name} has been killed already; restart it first, or kill another node`);
        if (now === 'paused') refuse(`${name} is paused then; kill it before or after`);
        state.set(key, 'down');
        break;
      case 'restart':
        if (now !== 'down') refuse(`${name} runs then; kill it first, like --kill ${name}@10s`);
        state.delete(key);
        break;
      case 'pause':
        if (now !== undefined) refuse(`${name} is ${now} then`);
        state.set(key, 'paused');
        break;
      case 'cut':
        if (now !== undefined) refuse(`${name} is cut already`);
        state.set(key, 'cut');
        break;
      case 'resume':
      case 'mend':
        state.delete(key);
        break;
    }
  }
}

function parseAt(type: 'kill' | 'restart', text: string): FaultStep {
  const [, nodeId, time, unit] = AT.exec(text) ?? [];
  if (nodeId === undefined) throw invalid(`--${type} is "${text}"; it must be NODE@TIME, like n2@10s`);
  return { type, nodeId, atMs: toMs(time, unit) };
}

function parsePause(text: string): FaultStep[] {
  const [, nodeId, time, unit, length, lengthUnit] = FOR_A_WHILE.exec(text) ?? [];
  if (nodeId === undefined) throw invalid(`--pause is "${text}"; it must be NODE@TIME+LENGTH, like n3@5s+3s`);
  const atMs = toMs(time, unit);
  return [
    { type: 'pause', nodeId, atMs },
    { type: 'resume', nodeId, atMs: atMs + toMs(length, lengthUnit) },
  ];
}

function parseCut(text: string): FaultStep[] {
  const [, one, other, time, unit, length, lengthUnit] = BETWEEN.exec(text) ?? [];
  if (one === undefined || other === undefined)
    throw invalid(`--cut is "${text}"; it must be NODE-NODE@TIME+LENGTH, like n1-n2@8s+4s`);
  if (one === other) throw invalid(`--cut is "${text}"; a node cannot be cut off from itself`);
  const atMs = toMs(time, unit);
  const between = [one, other] as const;
  return [
    { type: 'cut', between, atMs },
    { type: 'mend', between, atMs: atMs + toMs(length, lengthUnit) },
  ];
}

function toMs(amount: string | undefined, unit: string | undefined): number {
  return Math.round(Number(amount) * (unit === 'ms' || unit === 's' || unit === 'm' ? UNITS_MS[unit] : NaN));
}

function invalid(message: string): DcacheError {
  return new DcacheError('INVALID_ARGUMENT', message);
}
