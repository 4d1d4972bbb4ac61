/**
 * Restarts nodes one after the other, each only when all others have everything that they should, and the next only when it has
 * as well (`cluster restart`). A node that `cluster start` runs restarts by itself when it is asked; of any other one it says what is
 * to be done now, and waits until it has been.
 */
import { restartNode } from '../adapters/grpc/cluster-client.js';
import type { ClusterReport, NodeReport } from '../adapters/grpc/backend.js';
import { DcacheError } from '../base/errors.js';
import { isBack, wayBack } from '../cluster/redundancy.js';
import { absenceProblem } from './bearable.js';
import { startCommand } from './start-command.js';

const POLL_MS = 100;
const ASK_TIMEOUT_MS = 2_000;
/** A busy node may be too late for one report, and is shown as down there: what waiting does not change is believed after this time. */
const FINAL_AFTER_MS = 3_000;

/** What happens, in order. */
export type RestartEvent =
  /** Others are not in sync yet. */
  | { readonly event: 'waiting'; readonly node: string; readonly reason: string }
  /** It has been asked. */
  | { readonly event: 'restarting'; readonly node: string }
  /** Nobody would start it again: somebody has to restart it now, with these commands. */
  | { readonly event: 'restart-it-now'; readonly node: string; readonly commands: readonly string[] }
  | { readonly event: 'left'; readonly node: string; readonly elapsedMs: number }
  /** Its new process is up and comes back: so many steps of so many. */
  | { readonly event: 'returning'; readonly node: string; readonly done: number; readonly total: number }
  | { readonly event: 'back'; readonly node: string; readonly elapsedMs: number };

export interface RestartParts {
  /** Asks whoever answers. Rejects with a DcacheError. */
  readonly fetchReport: (timeoutMs: number) => Promise<ClusterReport>;
  readonly tell: (event: RestartEvent) => void;
  /** For each node, waiting before and after together. */
  readonly waitMs: number;
}

/** Which nodes, in which order: as asked, or all, the Raft leader last, so that leadership moves once. Throws INVALID_ARGUMENT. */
export function restartOrder({ nodes }: ClusterReport, asked: readonly string[]): readonly string[] {
  const unknown = asked.find((nodeId) => !nodes.some((node) => node.nodeId === nodeId));
  if (unknown !== undefined) {
    const names = nodes.map(({ nodeId }) => nodeId).join(', ');
    throw new DcacheError('INVALID_ARGUMENT', `the cluster has no node called ${unknown}; it has ${names}`);
  }
  if (asked.length > 0) return [...new Set(asked)];
  const leads = (node: NodeReport): number => (node.role === 'leader' ? 1 : 0);
  return nodes.toSorted((a, b) => leads(a) - leads(b)).map(({ nodeId }) => nodeId);
}

/** Rejects with NOT_ENOUGH_NODES when the cluster could not bear the absence, or when the node does not come back in time. */
export async function restartOne(nodeId: string, { fetchReport, tell, waitMs }: RestartParts): Promise<void> {
  const startedAtMs = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAtMs);
  const look = (): Promise<ClusterReport | undefined> => unlessUnreachable(fetchReport(ASK_TIMEOUT_MS));
  const check = (what: string): void => {
    if (elapsedMs() > waitMs) throw new DcacheError('NOT_ENOUGH_NODES', `${what} after ${Math.round(waitMs / 1000)} s`);
  };

  const { node: before, report: seen } = await untilBearable(nodeId, look, tell, check);
  if (before.supervised) {
    await restartNode(before.clientAddress, nodeId, ASK_TIMEOUT_MS);
    tell({ event: 'restarting', node: nodeId });
  } else tell({ event: 'restart-it-now', node: nodeId, commands: commandsFor(before, seen) });

  let hasLeft = false;
  let lastDone = -1;
  let index: number | undefined;
  for (;;) {
    await pause();
    const report = await look();
    const node = report?.nodes.find((other) => other.nodeId === nodeId);
    check(hasLeft ? `${nodeId} is not back in sync` : `${nodeId} has not been restarted`);
    if (report === undefined || node === undefined) continue;
    const isNewLife = node.up && !isSameLife(before, node);
    if (!hasLeft && (!node.up || isNewLife)) {
      hasLeft = true;
      tell({ event: 'left', node: nodeId, elapsedMs: elapsedMs() });
    }
    if (!isNewLife) continue;
    // Others go on meanwhile: what they had when it came back is enough.
    index ??= Math.max(...report.nodes.map(({ applied }) => applied));
    const { done, total } = wayBack(report, node, index);
    if (done !== lastDone) tell({ event: 'returning', node: nodeId, done, total });
    lastDone = done;
    if (isBack(report, node, index) && report.nodes.every((other) => isBack(report, other))) break;
  }
  tell({ event: 'back', node: nodeId, elapsedMs: elapsedMs() });
}

async function untilBearable(
  nodeId: string,
  look: () => Promise<ClusterReport | undefined>,
  tell: (event: RestartEvent) => void,
  check: (what: string) => void,
): Promise<{ readonly node: NodeReport; readonly report: ClusterReport }> {
  let told = '';
  let finalSinceMs: number | undefined;
  for (;;) {
    const report = await look();
    const node = report?.nodes.find((other) => other.nodeId === nodeId);
    if (report !== undefined && node !== undefined) {
      const problem = absenceProblem(report, nodeId);
      if (problem === undefined) return { node, report };
      const { reason, isFinal } = problem;
      finalSinceMs = isFinal ? (finalSinceMs ?? performance.now()) : undefined;
      if (finalSinceMs !== undefined && performance.now() - finalSinceMs > FINAL_AFTER_MS) {
        throw new DcacheError(
          'NOT_ENOUGH_NODES',
          `the cluster cannot do without ${nodeId} now: ${reason}; see \`dcache cluster status\``,
        );
      }
      if (reason !== told) tell({ event: 'waiting', node: nodeId, reason });
      told = reason;
      check(`the cluster cannot do without ${nodeId}: ${reason}`);
    } else check('no node of the cluster has answered');
    await pause();
  }
}

function isSameLife(before: NodeReport, { pid, uptimeMs, ecc }: NodeReport): boolean {
  if (!before.up) return false;
  if (ecc !== undefined && before.ecc !== undefined) return ecc.incarnation === before.ecc.incarnation;
  return pid === before.pid && uptimeMs >= before.uptimeMs;
}

/** What a person has to do, on the machine of the node. */
function commandsFor(node: NodeReport, report: ClusterReport): readonly string[] {
  const start = startCommand(node, report);
  return node.up ? [`kill ${node.pid}`, start] : [start];
}

async function unlessUnreachable(report: Promise<ClusterReport>): Promise<ClusterReport | undefined> {
  try {
    return await report;
  } catch (error) {
    if (error instanceof DcacheError && error.retryable) return undefined;
    throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
