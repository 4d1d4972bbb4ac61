/** Runs a node in the foreground: starts it, tells a person what it waits for, stops it on a signal. */
import type { EccReport } from '../actors/data-plane.js';
import type { Code } from '../cluster/code-layout.js';
import { reportMap } from '../cluster/map-report.js';
import { describeService, serviceState } from '../cluster/service-state.js';
import { describeShortage, type ClusterView } from '../cluster/view.js';
import type { DcacheError } from '../base/errors.js';
import type { NodeOptions } from '../node/node-options.js';
import { startNode } from '../node/start-node.js';
import { isSupervised } from './supervised-node.js';

/**
 * Resolves when the node has been stopped: by a signal, or because it was asked to restart, which its supervisor sees to. Rejects when
 * it cannot start or fails.
 */
export async function runNode(options: NodeOptions, say: (line: string) => void): Promise<'stopped' | 'to-restart'> {
  let onFailed: (error: DcacheError) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    onFailed = reject;
  });
  let onRestartAsked: () => void = () => undefined;
  const restartAsked = new Promise<'to-restart'>((resolve) => {
    onRestartAsked = () => resolve('to-restart');
  });
  failed.catch(() => undefined); // it is awaited below; until then a rejection is not an orphan
  const narrate = new Narrator(say);
  const stopSignal = nextStopSignal();
  const { node, closeLog } = await startNode(options, {
    onView: (view, ecc) => narrate.view(view, ecc),
    onObstacle: (message) => narrate.obstacle(message),
    onFailure: onFailed,
    ...(isSupervised() ? { onRestartAsked } : {}),
  });
  const { nodeId, clientListen, dataFolder } = node.config;
  say(`${nodeId} listens on ${clientListen}, data in ${dataFolder}`);
  narrate.begin(node.config.ecc);
  try {
    const why = await Promise.race([stopSignal.received, restartAsked, failed]);
    say(`${nodeId} is stopping`);
    await node.stop();
    say(`${nodeId} has stopped`);
    return why ?? 'stopped';
  } finally {
    stopSignal.forget();
    await closeLog();
  }
}

/** Says once what has changed for a person. */
class Narrator {
  private readonly say: (line: string) => void;
  private last = '';
  private waiting: readonly [ClusterView, EccReport | undefined] | undefined;
  private begun = false;
  private code: Code | undefined;

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  /** What came before is told now, after the node has introduced itself. */
  begin(code: Code | undefined): void {
    this.begun = true;
    this.code = code;
    if (this.waiting !== undefined) this.view(...this.waiting);
  }

  obstacle(message: string | undefined): void {
    if (message !== undefined) this.once(message);
  }

  view(view: ClusterView, ecc: EccReport | undefined): void {
    if (!this.begun) {
      this.waiting = [view, ecc];
      return;
    }
    this.once(sentence(view, this.code, ecc));
  }

  private once(line: string): void {
    if (line === this.last) return;
    this.last = line;
    this.say(line);
  }
}

/** What a person wants to know of a node's place in its cluster. @param code and @param ecc undefined in raft mode */
export function sentence(view: ClusterView, code: Code | undefined, ecc: EccReport | undefined): string {
  const { nodeId, role } = view;
  if (role === 'removed')
    return `${nodeId} was removed from the cluster; stop it, and remove its data folder before it joins again`;
  if (role === 'starting' && view.size > 0 && view.up === 0) return `${nodeId} is looking for the cluster`;
  if (role === 'joining') return `${nodeId} is joining the cluster`;
  if (role === 'learner') return `${nodeId} is catching up with the cluster`;
  if (view.up < view.needed) {
    return `${describeShortage(view)}: run this in another terminal, or \`dcache cluster start\``;
  }
  if (view.leader === 0 || view.clusterId === undefined) return `${nodeId} is waiting for the election of a leader`;
  const leader = view.members.find((member) => member.raftId === view.leader)?.nodeId ?? 'another node';
  const lead = leader === nodeId ? `${nodeId} leads` : `${nodeId} follows ${leader}`;
  if (ecc !== undefined && code !== undefined) return `${lead}: ${describeEcc(view, code, ecc)}`;
  const spare = view.up - view.needed;
  return `serving: ${lead}, ${view.up} of ${view.size} nodes up; ${spare === 0 ? 'no further node may fail' : `${spare} more may fail`}`;
}

/** A node that nobody misses is up; which process lives are in sync is the map's word. */
function describeEcc(view: ClusterView, { k, m }: Code, { map, mapIndex, lostGroups }: EccReport): string {
  const { size, up, needed, members, missing } = view;
  const nodes = Math.max(members.length, size);
  const attendance = {
    nodes,
    up: nodes - missing.length,
    votersUp: up,
    votersNeeded: needed,
    lostGroups,
    isUp: (nodeId: string) => !missing.includes(nodeId),
  };
  return describeService(serviceState(reportMap(map, mapIndex), k + m, true, attendance));
}

interface StopSignal {
  readonly received: Promise<undefined>;
  forget(): void;
}

/**
 * The first signal asks to stop; a second one ends the process at once, as people expect. A node that `cluster start` has
 * started also stops when that process is gone, however it went: nobody would know of the node any more.
 */
function nextStopSignal(): StopSignal {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let onSignal: () => void = () => undefined;
  let stop: () => void = () => undefined;
  const received = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    let count = 0;
    onSignal = () => {
      if (++count > 1) process.exit(130);
      stop();
    };
  });
  for (const signal of signals) process.on(signal, onSignal);
  process.on('disconnect', stop);
  return {
    received,
    forget: () => {
      for (const signal of signals) process.off(signal, onSignal);
      process.off('disconnect', stop);
    },
  };
}
