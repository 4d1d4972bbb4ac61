/** The default layout of a cluster on one machine: place i = 1, 2, ... has node id n<i> and ports 7100+i, 7200+i, 7300+i, 7400+i. */
import type { Mode, NodeId } from '../base/ids.js';
import type { Founder } from './speaker.js';

const HOST = '127.0.0.1';
const CLIENT_PORT = 7100;
const CONTROL_PORT = 7200;
const DATA_PORT = 7300;
const HTTP_PORT = 7400;

/** Places of the default layout; ports of the next kind begin behind them. */
export const MAX_PLACES = 63;
/** How a cluster keeps its values when nobody says. */
export const DEFAULT_MODE: Mode = 'ecc';
export const DEFAULT_NODES: Readonly<Record<Mode, number>> = { raft: 3, ecc: 5 };
/** Places where there may be a node when nobody says how many there are. */
export const DEFAULT_PLACES = Math.max(...Object.values(DEFAULT_NODES));

export interface Place {
  readonly nodeId: NodeId;
  readonly clientListen: string;
  readonly controlListen: string;
  /** Used in ecc mode only. */
  readonly dataListen: string;
  readonly httpListen: string;
}

/** @param number 1..MAX_PLACES */
export function place(number: number): Place {
  return {
    nodeId: `n${number}` as NodeId,
    clientListen: `${HOST}:${CLIENT_PORT + number}`,
    controlListen: `${HOST}:${CONTROL_PORT + number}`,
    dataListen: `${HOST}:${DATA_PORT + number}`,
    httpListen: `${HOST}:${HTTP_PORT + number}`,
  };
}

/** The place whose node id this is, if it is one of the default layout. */
export function placeOf(nodeId: string): number | undefined {
  const number = /^n([1-9][0-9]?)$/.exec(nodeId)?.[1];
  return number !== undefined && Number(number) <= MAX_PLACES ? Number(number) : undefined;
}

export function defaultFounders(nodes: number): readonly Founder[] {
  return Array.from({ length: nodes }, (_, i) => {
    const { nodeId, controlListen } = place(i + 1);
    return { nodeId, controlAddress: controlListen };
  });
}

/** Where a client looks for a cluster when nobody tells it: one of either mode. */
export function defaultEndpoints(nodes = DEFAULT_PLACES): readonly string[] {
  return Array.from({ length: nodes }, (_, i) => place(i + 1).clientListen);
}

export function defaultDataFolder(mode: Mode, nodeId: string): string {
  return `.dcache/${mode}/${nodeId}`;
}
