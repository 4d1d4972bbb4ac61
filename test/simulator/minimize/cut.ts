/**
 * What is left out of a run: a few plain values, from which together with the seed the shortened run follows. They are printed
 * after a search (minimize.ts) and taken by `npm run simulate -- --cut`.
 */
import { defaultCode } from '../../../src/cluster/code-layout.js';
import type { Parameters } from '../scenario/parameters.js';

export interface Cut {
  /** Of the random numbers of the world: what is left out shifts those of all others, so several are tried. */
  readonly salt: number;
  /** The safety phase ends here. */
  readonly endMs?: number;
  /** Places in the schedule of the mishaps that are kept. */
  readonly strikes?: readonly number[];
  readonly nodes?: number;
  readonly clients?: number;
  /** Of each client, until everything is healed. */
  readonly operations?: number;
  readonly keys?: number;
  /** No message is lost, doubled or late. */
  readonly quietNetwork?: boolean;
}

export const NOTHING: Cut = { salt: 0 };

export function cutDown(parameters: Parameters, cut: Cut): Parameters {
  const { workload, network, ecc } = parameters;
  const nodes = cut.nodes ?? parameters.nodes;
  const safetyMs = cut.endMs ?? parameters.safetyMs;
  const kept = cut.strikes?.flatMap((place) => parameters.strikes[place] ?? []) ?? parameters.strikes;
  return {
    ...parameters,
    salt: cut.salt,
    nodes,
    safetyMs,
    strikes: kept.map((strike) => (strike.victim === 'leader' ? strike : { ...strike, victim: strike.victim % nodes })),
    workload: {
      ...workload,
      clients: cut.clients ?? workload.clients,
      maxOperations: cut.operations ?? workload.maxOperations,
      keys: cut.keys ?? workload.keys,
    },
    network:
      cut.quietNetwork === true
        ? { ...network, lossPerMille: 0, doublePerMille: 0, stragglePerMille: 0, callLossPerMille: 0 }
        : network,
    ecc: ecc === undefined || nodes === parameters.nodes ? ecc : { ...ecc, code: defaultCode(nodes) },
  };
}

/** @throws Error when the text is not what `JSON.stringify` made of a cut */
export function parseCut(text: string): Cut {
  const value: unknown = JSON.parse(text);
  if (!isCut(value)) throw new TypeError('it is not what --minimize has printed');
  return value;
}

function isCut(value: unknown): value is Cut {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const isCount = (field: unknown): boolean => typeof field === 'number' && field >= 0;
  const numbers = ['salt', 'endMs', 'nodes', 'clients', 'operations', 'keys'];
  for (const [name, field] of fields) {
    if (numbers.includes(name) && isCount(field)) continue;
    if (name === 'quietNetwork' && typeof field === 'boolean') continue;
    if (name === 'strikes' && Array.isArray(field) && field.every(isCount)) continue;
    return false;
  }
  return fields.has('salt');
}
