/** The main thread's part of the heartbeats, put together from all groups and told to the control thread (cluster/heartbeat.ts). */
import type { NodeId } from '../../base/ids.js';
import { sameRequests, type DataReport } from '../../cluster/heartbeat.js';
import type { Replica } from './replica.js';

/** What is only numbers is told this often; what a change of the map may wait for, at once. */
const REPORT_MS = 40;

export function reportOf(
  replicas: Iterable<Pick<Replica, 'report'>>,
  node: Pick<DataReport, 'mapIndex' | 'freeBytes' | 'leaving' | 'refillPaused' | 'damaged'>,
  nowMs: number,
): DataReport {
  const parts = [...replicas].map((replica) => replica.report(nowMs));
  const ages = new Map<NodeId, number>();
  for (const { nodeId, ageMs } of parts.flatMap(({ unacknowledged }) => unacknowledged)) {
    ages.set(nodeId, Math.max(ages.get(nodeId) ?? 0, ageMs));
  }
  return {
    ...node,
    letGo: parts.flatMap(({ letGo }) => letGo),
    declarations: parts.flatMap(({ declarations }) => declarations),
    brokenJoins: parts.flatMap(({ brokenJoins }) => brokenJoins),
    unacknowledged: [...ages].map(([nodeId, ageMs]) => ({ nodeId, ageMs })),
    lastIndexes: parts.flatMap(({ lastIndexes }) => lastIndexes),
  };
}

export class Reporter {
  private readonly tell: (report: DataReport) => void;
  private told: DataReport | undefined;
  private toldAtMs = -Infinity;

  constructor(tell: (report: DataReport) => void) {
    this.tell = tell;
  }

  onReport(report: DataReport, nowMs: number): void {
    const { told } = this;
    const isUrgent = told === undefined || told.mapIndex !== report.mapIndex || !sameRequests(told, report);
    if (!isUrgent && nowMs - this.toldAtMs < REPORT_MS) return;
    this.told = report;
    this.toldAtMs = nowMs;
    this.tell(report);
  }
}
