/**
 * What a node tells of the learners that it feeds: how far each is and how fast it goes. Fed every few milliseconds with how far the
 * streams are by then. What has come to an end is told for as long as the same process life learns in another group, so that
 * the sum over a node's groups only grows.
 *
 * Pure: time is an argument.
 */
import { sameMember, type ClusterMap, type GroupMember, type PartitionName } from '../cluster/cluster-map.js';

/** Bytes of sealed segments of one partition, for one learner: kept <= done <= total. */
export interface TransferProgress extends PartitionName, GroupMember {
  /** Of all that were sealed when its stream began. */
  readonly totalBytes: number;
  /** Of those that it has by now. */
  readonly doneBytes: number;
  /** Of those that it had from before, and was not sent. */
  readonly keptBytes: number;
}

export interface TransferReport extends TransferProgress {
  /** Growth of doneBytes, over about the last two seconds. */
  readonly bytesPerSecond: number;
}

interface Watched {
  progress: TransferProgress;
  /** doneBytes at times in the last WINDOW_MS, oldest first. */
  points: { readonly atMs: number; readonly doneBytes: number }[];
}

const WINDOW_MS = 2_000;
/** Between two points. */
const STEP_MS = 200;

export class TransferWatch {
  private readonly watched = new Map<string, Watched>();
  private nowMs = 0;

  observe(streams: readonly TransferProgress[], map: ClusterMap, nowMs: number): void {
    this.nowMs = nowMs;
    const present = new Set(streams.map(nameOf));
    for (const [name, entry] of this.watched) if (!present.has(name)) this.end(name, entry, map);
    for (const progress of streams) this.note(progress, nowMs);
  }

  get reports(): readonly TransferReport[] {
    return [...this.watched.values()].map(({ progress, points }) => ({
      ...progress,
      bytesPerSecond: rateOf(points, progress.doneBytes, this.nowMs),
    }));
  }

  private note(progress: TransferProgress, nowMs: number): void {
    const name = nameOf(progress);
    const known = this.watched.get(name);
    // A stream that was begun anew counts from its own beginning.
    const goesOn = known !== undefined && known.progress.doneBytes <= progress.doneBytes;
    const points = (goesOn ? known.points : []).filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    const last = points.at(-1);
    if (last === undefined || nowMs - last.atMs >= STEP_MS) points.push({ atMs: nowMs, doneBytes: progress.doneBytes });
    this.watched.set(name, { progress, points });
  }

  private end(name: string, entry: Watched, map: ClusterMap): void {
    const { progress } = entry;
    const isInSync = map.groups[progress.group]?.inSync.some((member) => sameMember(member, progress)) === true;
    const learnsOn = map.groups.some(({ joining }) => joining.some((member) => sameMember(member, progress)));
    if (!isInSync || !learnsOn) this.watched.delete(name);
    else this.watched.set(name, { progress: { ...progress, doneBytes: progress.totalBytes }, points: [] });
  }
}

function nameOf({ group, position, nodeId, incarnation }: TransferProgress): string {
  return `${group} ${position} ${nodeId} ${incarnation}`;
}

function rateOf(points: Watched['points'], doneBytes: number, nowMs: number): number {
  const [first] = points;
  if (first === undefined || nowMs <= first.atMs) return 0;
  return Math.round(((doneBytes - first.doneBytes) * 1000) / (nowMs - first.atMs));
}
