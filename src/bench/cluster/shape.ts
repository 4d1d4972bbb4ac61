/** What a cluster that a benchmark starts consists of. */
import { DcacheError } from '../../base/errors.js';
import { isMode, MODES, type Mode } from '../../base/ids.js';
import { checkCode, defaultCode, type Code } from '../../cluster/code-layout.js';
import { DEFAULT_NODES, MAX_PLACES } from '../../cluster/default-layout.js';

export interface ClusterShape {
  readonly mode: Mode;
  readonly nodes: number;
  /** Undefined in raft mode. */
  readonly code: Code | undefined;
}

export interface GivenShape {
  readonly mode: string;
  readonly nodes?: number | undefined;
  readonly k?: number | undefined;
  readonly m?: number | undefined;
}

/** What is left out follows as for `cluster start`. Throws INVALID_ARGUMENT or CONFIG_INVALID. */
export function resolveShape({ mode, nodes: givenNodes, k, m }: GivenShape): ClusterShape {
  if (!isMode(mode))
    throw new DcacheError('INVALID_ARGUMENT', `--spawn is "${mode}"; it must be ${MODES.join(' or ')}`);
  const nodes = givenNodes ?? (k !== undefined && m !== undefined ? k + m : DEFAULT_NODES[mode]);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_PLACES)
    throw new DcacheError('INVALID_ARGUMENT', `--nodes is ${nodes}; it must be from 1 to ${MAX_PLACES}`);
  if (mode === 'raft') {
    if (k !== undefined || m !== undefined)
      throw new DcacheError('INVALID_ARGUMENT', '--k and --m are for ecc mode; raft mode takes --nodes');
    return { mode, nodes, code: undefined };
  }
  const byNodes = defaultCode(nodes);
  const code = { k: k ?? (m === undefined ? byNodes.k : nodes - m), m: m ?? (k === undefined ? byNodes.m : nodes - k) };
  const refusal = checkCode(code.k, code.m, nodes);
  if (refusal !== undefined) throw refusal;
  return { mode, nodes, code };
}

/** Nodes that may fail at once without a loss and without an end of service. */
export function toleratedFailures({ nodes, code }: ClusterShape): number {
  return code?.m ?? Math.floor((nodes - 1) / 2);
}

/** "ecc RS(3,2), 5 nodes" */
export function describeShape({ mode, nodes, code }: ClusterShape): string {
  return code === undefined ? `${mode}, ${nodes} nodes` : `${mode} RS(${code.k},${code.m}), ${nodes} nodes`;
}
