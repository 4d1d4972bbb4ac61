/** What the nemesis can do to a cluster, and how a fault is drawn. Pure. */
import { assertNever } from '../../src/base/assert.js';
import type { Mode } from '../../src/base/ids.js';
import type { Prng } from '../../src/base/prng.js';

/** Kinds of faults, as they are counted and as `--only` names them. */
export const FAULT_KINDS = [
  'kill',
  'stop',
  'pause',
  'rolling-restart',
  'crash-all',
  'cut',
  'cut-one-way',
  'isolate',
  'isolate-one-way',
  'slow',
  'lossy',
  'reset',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const FAULT_NAMES: Readonly<Record<FaultKind, string>> = {
  kill: 'node killed (SIGKILL)',
  stop: 'node stopped cleanly (SIGTERM)',
  pause: 'node paused (SIGSTOP)',
  'rolling-restart': 'rolling restart of all nodes',
  'crash-all': 'all nodes killed at once',
  cut: 'link cut',
  'cut-one-way': 'link cut one way',
  isolate: 'node cut off',
  'isolate-one-way': 'node cut off one way',
  slow: 'link slow',
  lossy: 'link lossy',
  reset: 'connections of a link broken',
};

/** `ms` is how long it lasts: down, paused, cut. */
export type Fault =
  | { readonly kind: 'kill' | 'stop' | 'pause'; readonly node: string; readonly ms: number }
  | { readonly kind: 'isolate'; readonly node: string; readonly ms: number }
  | { readonly kind: 'isolate-one-way'; readonly node: string; readonly ms: number; readonly hears: boolean }
  | { readonly kind: 'rolling-restart' }
  | { readonly kind: 'crash-all'; readonly ms: number }
  /** One way: what the first sends does not reach the second. */
  | { readonly kind: 'cut' | 'cut-one-way'; readonly link: Link; readonly ms: number }
  | {
      readonly kind: 'slow';
      readonly link: Link;
      readonly ms: number;
      readonly latencyMs: number;
      readonly bytesPerMs: number;
    }
  /** Of so many chunks one is lost, and comes with all behind it when it has been sent again. */
  | {
      readonly kind: 'lossy';
      readonly link: Link;
      readonly ms: number;
      readonly oneIn: number;
      readonly resentAfterMs: number;
    }
  | { readonly kind: 'reset'; readonly link: Link };

export type Link = readonly [from: string, to: string];

/** How often each kind is drawn, beside the others that a round has. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  kill: 8,
  stop: 4,
  pause: 6,
  'rolling-restart': 1,
  'crash-all': 2,
  cut: 4,
  'cut-one-way': 4,
  isolate: 3,
  'isolate-one-way': 3,
  slow: 3,
  lossy: 3,
  reset: 4,
};

export interface Victims {
  /** At least two. */
  readonly nodes: readonly string[];
  /** Of them, those that suffer already or have not recovered: hitting them again costs no more. */
  readonly suffering: readonly string[];
}

/** Which kinds a cluster can meet. @param allAtOnce whether all nodes may be killed at once, which loses what is only in memory */
export function kindsFor(mode: Mode, allAtOnce: boolean): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => kind !== 'crash-all' || (allAtOnce && mode === 'raft'));
}

/** @param kinds at least one */
export function drawFault(prng: Prng, kinds: readonly FaultKind[], { nodes, suffering }: Victims): Fault {
  const kind = drawKind(prng, kinds);
  const again = prng.chance(1, 3) && suffering.length > 0;
  const first = prng.pick(again ? suffering : nodes);
  const second = prng.pick(nodes.filter((node) => node !== first));
  const link: Link = prng.chance(1, 2) ? [first, second] : [second, first];
  switch (kind) {
    case 'kill':
      return { kind, node: first, ms: prng.pick([0, 0, 300, 1_500, 5_000, 9_000]) };
    case 'stop':
      return { kind, node: first, ms: prng.pick([0, 500, 3_000]) };
    case 'pause':
      // Shorter than a lease, about as long, long enough to be given up.
      return { kind, node: first, ms: prng.pick([100, 400, 700, 1_200, 3_000, 6_000]) };
    case 'rolling-restart':
      return { kind };
    case 'crash-all':
      return { kind, ms: prng.pick([0, 500, 3_000]) };
    case 'isolate':
      return { kind, node: first, ms: drawCutMs(prng) };
    case 'isolate-one-way':
      return { kind, node: first, ms: drawCutMs(prng), hears: prng.chance(1, 2) };
    case 'cut':
    case 'cut-one-way':
      return { kind, link, ms: drawCutMs(prng) };
    case 'slow': {
      const latencyMs = prng.pick([5, 40, 150, 400]);
      return { kind, link, ms: prng.between(1_000, 6_000), latencyMs, bytesPerMs: prng.pick([50, 1_000, 20_000]) };
    }
    case 'lossy':
      return {
        kind,
        link,
        ms: prng.between(1_000, 6_000),
        oneIn: prng.pick([3, 10, 40]),
        resentAfterMs: prng.pick([200, 600]),
      };
    case 'reset':
      return { kind, link };
    default:
      return assertNever(kind, 'kind of fault');
  }
}

/** "cut n1>n2 for 3000 ms" */
export function describeFault(fault: Fault): string {
  const whom = 'link' in fault ? ` ${fault.link.join('>')}` : 'node' in fault ? ` ${fault.node}` : '';
  const length = 'ms' in fault ? ` for ${fault.ms} ms` : '';
  switch (fault.kind) {
    case 'isolate-one-way':
      return `${fault.kind}${whom}${length}, it ${fault.hears ? 'hears and is not heard' : 'is heard and does not hear'}`;
    case 'slow':
      return `${fault.kind}${whom}${length}, ${fault.latencyMs} ms and ${fault.bytesPerMs} kB/s`;
    case 'lossy':
      return `${fault.kind}${whom}${length}, one in ${fault.oneIn} sent again after ${fault.resentAfterMs} ms`;
    default:
      return `${fault.kind}${whom}${length}`;
  }
}

function drawCutMs(prng: Prng): number {
  return prng.pick([300, 800, 1_500, 3_000, 7_000]);
}

function drawKind(prng: Prng, kinds: readonly FaultKind[]): FaultKind {
  let lot = prng.below(kinds.reduce((sum, kind) => sum + WEIGHTS[kind], 0));
  for (const kind of kinds) {
    lot -= WEIGHTS[kind];
    if (lot < 0) return kind;
  }
  throw new RangeError('a kind of fault is drawn from at least one');
}
