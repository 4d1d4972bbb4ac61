/** How the network between control ports, and between clients and nodes, treats single messages. */
import type { Draw } from './draw.js';

export interface NetworkParameters {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Whether packets of one direction keep their order, stragglers apart. */
  readonly ordered: boolean;
  readonly lossPerMille: number;
  readonly doublePerMille: number;
  readonly stragglePerMille: number;
  /** Most by which a straggler is late. */
  readonly straggleMs: number;
  readonly callLossPerMille: number;
  /** Most that it takes to notice a broken connection. */
  readonly maxNoticeMs: number;
}

export function drawNetwork(draw: Draw): NetworkParameters {
  return {
    minDelayMs: draw.one('least delay', 0.05, 0.2, 1),
    maxDelayMs: draw.one('longest delay', 0.5, 2, 10, 40),
    ordered: draw.one('order kept', true, false),
    lossPerMille: draw.one('loss', 0, 0, 10, 50, 200),
    doublePerMille: draw.one('doubling', 0, 0, 10, 100),
    stragglePerMille: draw.one('stragglers', 0, 0, 10, 50, 300),
    straggleMs: draw.one('lateness', 50, 500, 2_000),
    callLossPerMille: draw.one('lost calls', 0, 10, 50),
    maxNoticeMs: draw.one('notice', 2, 50, 500),
  };
}

/** Few losses: what they do to heartbeats is that nodes are taken out and come back, again and again. */
export function drawNetworkOfLeases(draw: Draw): NetworkParameters {
  return {
    ...drawNetwork(draw),
    maxDelayMs: draw.one('longest delay', 0.5, 2, 10, 25),
    lossPerMille: draw.one('loss', 0, 0, 10, 50),
    stragglePerMille: draw.one('stragglers', 0, 0, 10, 50),
    callLossPerMille: draw.one('lost calls', 0, 0, 10),
  };
}
