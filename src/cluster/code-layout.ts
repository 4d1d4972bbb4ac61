/** Which codes RS(k, m) a cluster may use, and which it uses when nobody says. */
import { DcacheError } from '../base/errors.js';
import { LIMITS } from '../base/limits.js';

export interface Code {
  /** Data positions of a group. */
  readonly k: number;
  /** Parity positions of a group: how many nodes may fail. */
  readonly m: number;
}

/** For clusters of one to four nodes; from five on, two nodes may fail. */
const SMALL: readonly Code[] = [
  { k: 1, m: 0 },
  { k: 2, m: 0 },
  { k: 2, m: 1 },
  { k: 3, m: 1 },
];
const DEFAULT_PARITY_POSITIONS = 2;

/** @param nodes from 1. Nodes that no code reaches are spares. */
export function defaultCode(nodes: number): Code {
  const k = Math.min(nodes - DEFAULT_PARITY_POSITIONS, LIMITS.maxDataPositions);
  return SMALL[nodes - 1] ?? { k, m: DEFAULT_PARITY_POSITIONS };
}

/** Why RS(k, m) cannot be used on so many nodes, CONFIG_INVALID; undefined if it can. */
export function checkCode(k: number, m: number, nodes: number): DcacheError | undefined {
  const reason = reasonAgainst(k, m, nodes);
  return reason === undefined ? undefined : new DcacheError('CONFIG_INVALID', `RS(${k}, ${m}): ${reason}`);
}

function reasonAgainst(k: number, m: number, nodes: number): string | undefined {
  const { maxDataPositions, maxParityPositions } = LIMITS;
  if (!Number.isSafeInteger(k) || k < 1) return 'k must be a whole number from 1';
  if (k > maxDataPositions) return `k is at most ${maxDataPositions}`;
  if (!Number.isSafeInteger(m) || m < 0) return 'm must be a whole number from 0';
  if (m > maxParityPositions) return `m is at most ${maxParityPositions}`;
  const n = k + m;
  // Two halves of a split network could otherwise both have the k nodes that it takes to serve.
  if (n >= 2 * k) return `k must be a majority of the ${n} nodes: choose m below k`;
  if (n > nodes) return `needs ${n} nodes, there are ${nodes}: add nodes or choose a smaller k or m`;
  return undefined;
}
