/** The clusters that are compared: a code, and raft mode on as many nodes. */
import type { ClusterShape } from '../../support/process-cluster.js';

export interface Code {
  readonly k: number;
  readonly m: number;
}

export const RS_3_2: Code = { k: 3, m: 2 };
export const RS_2_1: Code = { k: 2, m: 1 };

export function eccShape(code: Code): ClusterShape {
  return { mode: 'ecc', nodes: code.k + code.m, code };
}

export function raftShape({ k, m }: Code): ClusterShape {
  return { mode: 'raft', nodes: k + m };
}

export function nameOf({ mode, nodes, code }: ClusterShape): string {
  return code === undefined ? `${mode}, ${nodes} nodes` : `${mode} RS(${code.k},${code.m}), ${nodes} nodes`;
}
