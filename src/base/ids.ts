/** Identifiers, branded so that one kind cannot be handed over as another. All are plain numbers or strings at run time. */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Name of a node as people see it: `n1`, `n2`, ... Unique in a cluster, kept in its data folder. */
export type NodeId = Branded<string, 'NodeId'>;

/** Identity of one Raft log: a positive safe integer. A node whose log is lost comes back under a new one. */
export type RaftId = Branded<number, 'RaftId'>;

/** Random name of a cluster, 32 hexadecimal digits, made by its first leader. */
export type ClusterId = Branded<string, 'ClusterId'>;

/** Random number of one process life, 1..2^48-1. */
export type Incarnation = Branded<number, 'Incarnation'>;

/** How a cluster keeps its values (DESIGN.md, section 1). */
export const MODES = ['raft', 'ecc'] as const;
export type Mode = (typeof MODES)[number];

export function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text);
}

const NODE_ID_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;
const CLUSTER_ID_PATTERN = /^[0-9a-f]{32}$/;

export function isNodeId(text: string): text is NodeId {
  return NODE_ID_PATTERN.test(text);
}

export function isClusterId(text: string): text is ClusterId {
  return CLUSTER_ID_PATTERN.test(text);
}

export function isRaftId(value: number): value is RaftId {
  return Number.isSafeInteger(value) && value > 0;
}

export function isIncarnation(value: number): value is Incarnation {
  return Number.isSafeInteger(value) && value > 0 && value < 2 ** 48;
}
