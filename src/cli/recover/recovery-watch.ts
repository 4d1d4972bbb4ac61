/**
 * The state of `cluster recover`: looks at one status report after the other and says what is new in it, and whether the watch is
 * over. Pure: time is an argument.
 */
import type { ClusterReport } from '../../adapters/grpc/backend.js';
import { DcacheError } from '../../base/errors.js';
import { committedIn, hasVote } from '../../cluster/redundancy.js';
import { recoveryState, type EntryGoal, type RecoveringNode } from '../../recovery/recovery-state.js';
import { lostGroups, tellsOfLoss } from '../ecc-status.js';
import { startCommand } from '../start-command.js';
import { explain, type Explanation } from './explanation.js';
import { progressEvent, type RecoveryEvent } from './recovery-events.js';

/**
 * `whole`: all that is watched has everything. `loss`: the same, but a declared loss has not been acknowledged; or a group is lost, and
 * somebody has to decide. `not-whole`: there is more to come.
 */
export type Verdict = 'whole' | 'loss' | 'not-whole';

/** raft mode: a node that is no further behind than this is as near as any follower of a busy cluster. */
const NEAR_ENTRIES = 512;
/** How long a node that was up does not answer before somebody is told to start it. */
const DOWN_SETTLES_MS = 3_000;
/** How long a group has to be lost before the watch ends with it: `--on-loss reset` goes on by itself by then. */
const LOSS_SETTLES_MS = 5_000;

export class RecoveryWatch {
  private readonly asked: readonly string[];
  /** raft mode. */
  private readonly goals = new Map<string, EntryGoal>();
  /** Of those that are not back: since when. */
  private readonly missingSinceMs = new Map<string, number>();
  /** Of every node that has been seen up: since when it has not answered; Infinity: it answers. */
  private readonly downSinceMs = new Map<string, number>();
  /** By node: what has been said last. */
  private readonly told = new Map<string, string>();
  private lostSinceMs: number | undefined;
  private state: readonly RecoveringNode[] = [];
  private report: ClusterReport | undefined;

  /** @param asked only these nodes; empty: all. */
  constructor(asked: readonly string[]) {
    this.asked = asked;
  }

  /** What is new. @param report undefined: nobody answers. Throws INVALID_ARGUMENT for a node that the cluster has never heard of. */
  observe(report: ClusterReport | undefined, nowMs: number): readonly RecoveryEvent[] {
    this.report = report;
    if (report === undefined) return this.news('', { event: 'unreachable' });
    this.told.delete('');
    this.setGoals(report);
    const state = recoveryState(report, this.goals);
    const unknown = this.asked.find((nodeId) => !state.some((node) => node.nodeId === nodeId));
    if (unknown !== undefined) throw notThere(unknown, state);
    this.state = state.filter(({ nodeId }) => this.asked.length === 0 || this.asked.includes(nodeId));
    return [...this.state.flatMap((node) => this.onNode(node, report, nowMs)), ...this.onLoss(report, nowMs)];
  }

  /** How things are, by the last report. */
  get verdict(): Verdict {
    if (this.report === undefined) return 'not-whole';
    if (lostGroups(this.report).length > 0) return 'loss';
    if (!this.state.every(({ stage }) => stage === 'back') || !this.isWholeTogether(this.report)) return 'not-whole';
    return tellsOfLoss(this.report) ? 'loss' : 'whole';
  }

  /** Whether waiting longer changes nothing. */
  isOver(nowMs: number): boolean {
    if (this.lostSinceMs !== undefined) return nowMs - this.lostSinceMs >= LOSS_SETTLES_MS;
    return this.verdict !== 'not-whole';
  }

  /** Those that have not everything, of the nodes that are watched. */
  get missing(): readonly RecoveringNode[] {
    return this.state.filter(({ stage }) => stage !== 'back');
  }

  /** The last report; undefined when nobody answered. */
  get last(): ClusterReport | undefined {
    return this.report;
  }

  /** Whether anybody has ever answered. */
  get hasSeen(): boolean {
    return this.state.length > 0;
  }

  /** Of the whole cluster, or with nothing in it if nobody answered. */
  explain(): Explanation {
    if (this.report === undefined) {
      return { summary: 'no node answers', missing: [], underWay: [], order: [], toDo: ['start a node'] };
    }
    return explain(this.report, recoveryState(this.report, this.goals));
  }

  private isWholeTogether({ nodes, map }: ClusterReport): boolean {
    return nodes.some(({ role }) => role === 'leader') && (map === undefined || map.groups.length > 0);
  }

  /** What a node is to have is what was committed when it was first seen behind: others go on writing. */
  private setGoals(report: ClusterReport): void {
    if (report.map !== undefined) return;
    const to = committedIn(report);
    for (const node of report.nodes) {
      const { nodeId, up, applied, notServing } = node;
      const isBehind = notServing !== '' || !hasVote(node) || to - applied > NEAR_ENTRIES;
      if (!up) this.goals.delete(nodeId);
      else if (isBehind && !this.goals.has(nodeId)) this.goals.set(nodeId, { from: applied, to });
    }
  }

  private onNode(node: RecoveringNode, report: ClusterReport, nowMs: number): readonly RecoveryEvent[] {
    const { nodeId, stage } = node;
    if (stage === 'back') {
      const sinceMs = this.missingSinceMs.get(nodeId);
      this.missingSinceMs.delete(nodeId);
      this.downSinceMs.set(nodeId, Number.POSITIVE_INFINITY);
      this.told.delete(nodeId);
      this.told.delete(`start ${nodeId}`);
      return sinceMs === undefined ? [] : [{ event: 'back', node: nodeId, elapsedMs: Math.round(nowMs - sinceMs) }];
    }
    if (!this.missingSinceMs.has(nodeId)) this.missingSinceMs.set(nodeId, nowMs);
    const events = this.news(nodeId, progressEvent(node));
    if (stage !== 'down') {
      this.downSinceMs.set(nodeId, Number.POSITIVE_INFINITY);
      return events;
    }
    // At the first look what is down is down. Later a node may just not answer for a moment, most of all when it starts.
    const since = this.downSinceMs.get(nodeId) ?? Number.NEGATIVE_INFINITY;
    this.downSinceMs.set(nodeId, Math.min(since, nowMs));
    const row = report.nodes.find((other) => other.nodeId === nodeId);
    if (row === undefined || nowMs - since < DOWN_SETTLES_MS) return events;
    const news = this.news(`start ${nodeId}`, {
      event: 'start-it-now',
      node: nodeId,
      command: startCommand(row, report),
    });
    return [...events, ...news];
  }

  private onLoss(report: ClusterReport, nowMs: number): readonly RecoveryEvent[] {
    const groups = lostGroups(report);
    if (groups.length === 0) {
      this.lostSinceMs = undefined;
      this.told.delete('lost groups');
      return [];
    }
    this.lostSinceMs ??= nowMs;
    return this.news('lost groups', { event: 'lost', groups });
  }

  private news(about: string, event: RecoveryEvent): readonly RecoveryEvent[] {
    const text = JSON.stringify(event);
    if (this.told.get(about) === text) return [];
    this.told.set(about, text);
    return [event];
  }
}

function notThere(nodeId: string, state: readonly RecoveringNode[]): DcacheError {
  const names = state.map((node) => node.nodeId).join(', ');
  return new DcacheError(
    'INVALID_ARGUMENT',
    `the cluster has no node called ${nodeId}; it has ${names}. A new one may join after \`dcache cluster add ${nodeId}\``,
  );
}
