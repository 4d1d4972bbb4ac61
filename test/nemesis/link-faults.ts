/** Faults of links: what each one does to which directions. */
import { assertNever } from '../../src/base/assert.js';
import type { Prng } from '../../src/base/prng.js';
import { OPEN, type LinkCondition } from '../../src/bench/cluster/link-flow.js';
import type { ClusterNetwork } from '../../src/bench/cluster/network.js';
import type { Fault, Link } from './faults.js';

export type LinkFault = Extract<
  Fault,
  { readonly kind: 'cut' | 'cut-one-way' | 'isolate' | 'isolate-one-way' | 'slow' | 'lossy' }
>;

/** Fast enough not to be what a lossy link is about. */
const LOSSY_BYTES_PER_MS = 100_000;

/** The directions that a fault disturbs. */
export function directionsOf(fault: LinkFault, nodes: readonly string[]): readonly Link[] {
  switch (fault.kind) {
    case 'cut-one-way':
      return [fault.link];
    case 'cut':
    case 'slow':
    case 'lossy': {
      const [one, other] = fault.link;
      return [fault.link, [other, one]];
    }
    case 'isolate':
    case 'isolate-one-way': {
      const others = nodes.filter((node) => node !== fault.node);
      const out = others.map((other): Link => [fault.node, other]);
      const into = others.map((other): Link => [other, fault.node]);
      if (fault.kind === 'isolate') return [...out, ...into];
      return fault.hears ? out : into;
    }
    default:
      return assertNever(fault, 'fault of a link');
  }
}

/** @param prng of the losses on a lossy link */
export function begin(network: ClusterNetwork, fault: LinkFault, nodes: readonly string[], prng: Prng): Promise<void> {
  return setAll(network, directionsOf(fault, nodes), () => conditionOf(fault, prng));
}

export function end(network: ClusterNetwork, fault: LinkFault, nodes: readonly string[]): Promise<void> {
  return setAll(network, directionsOf(fault, nodes), () => OPEN);
}

async function setAll(network: ClusterNetwork, links: readonly Link[], condition: () => LinkCondition): Promise<void> {
  await Promise.all(links.map(([from, to]) => network.set(from, to, condition())));
}

function conditionOf(fault: LinkFault, prng: Prng): LinkCondition {
  switch (fault.kind) {
    case 'slow': {
      const { latencyMs, bytesPerMs } = fault;
      return { type: 'slow', latencyMs: () => latencyMs, bytesPerMs };
    }
    case 'lossy': {
      const { oneIn, resentAfterMs } = fault;
      const latencyMs = (): number => (prng.chance(1, oneIn) ? resentAfterMs : 0);
      return { type: 'slow', latencyMs, bytesPerMs: LOSSY_BYTES_PER_MS };
    }
    default:
      return { type: 'held' };
  }
}
