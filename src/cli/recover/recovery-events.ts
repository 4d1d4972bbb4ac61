/** What `cluster recover` tells while it watches: one event a line with --json, a sentence or a bar for people. */
import { assertNever } from '../../base/assert.js';
import type { RecoveringNode, RecoveryStage } from '../../recovery/recovery-state.js';
import { refillInWords } from '../ecc-status.js';

export type RecoveryEvent =
  /** How far a node is that has not everything that it should. */
  | ({ readonly event: 'progress'; readonly node: string; readonly percent: number } & Omit<
      RecoveringNode,
      'nodeId' | 'fraction'
    >)
  /** Nobody starts it by itself: somebody has to, with this command, on its machine. */
  | { readonly event: 'start-it-now'; readonly node: string; readonly command: string }
  /** It was taken out for good, and may join again. */
  | { readonly event: 're-admitted'; readonly node: string }
  /** It has everything, and leads what it should; after so long a time under watch. */
  | { readonly event: 'back'; readonly node: string; readonly elapsedMs: number }
  /** Too few of those who held the data of these groups can come back: somebody has to decide. */
  | { readonly event: 'lost'; readonly groups: readonly number[] }
  /** No node answers. */
  | { readonly event: 'unreachable' };

export type ProgressEvent = Extract<RecoveryEvent, { event: 'progress' }>;

/** Of these stages the percentage says something. */
const MOVING: readonly RecoveryStage[] = ['refilling', 'learning', 'catching-up'];

export function progressEvent({ nodeId, fraction, ...rest }: RecoveringNode): ProgressEvent {
  return { event: 'progress', node: nodeId, percent: Math.floor(100 * fraction), ...rest };
}

export function describeEvent(event: RecoveryEvent): string {
  switch (event.event) {
    case 'progress':
      return `${event.node}: ${MOVING.includes(event.stage) ? `${event.percent}%, ` : ''}${describeProgress(event)}`;
    case 'start-it-now':
      return `${event.node}: does not run, and nobody starts it by itself. Start it on its machine:\n    ${event.command}\n  or another machine in its place: the same with --replace and its own addresses`;
    case 're-admitted':
      return `${event.node}: may join again; start it with: dcache node start --id ${event.node} (with the --peers of the others if they have any)`;
    case 'back':
      return `${event.node}: is back, after ${(event.elapsedMs / 1000).toFixed(1)} s`;
    case 'lost':
      return `too few nodes still have what ${event.groups.length === 1 ? 'group' : 'groups'} ${event.groups.join(', ')} held: somebody has to decide, with dcache cluster recover --accept-data-loss`;
    case 'unreachable':
      return 'no node answers';
    default:
      return assertNever(event, 'recovery event');
  }
}

/** What stands behind the bar of a node, which has the percentage. */
export function describeProgress(event: ProgressEvent): string {
  const { stage, done, total, reason, bytes } = event;
  const source = bytes === undefined ? `entry ${done} of ${total}` : `a snapshot, ${refillInWords(bytes)}`;
  const groups = `${done} of ${total} groups in sync`;
  switch (stage) {
    case 'starting':
      return `starts: ${reason}`;
    case 'waiting':
      return `is up, ${groups}`;
    case 'refilling':
      return bytes === undefined || bytes.totalBytes === 0
        ? `refills, ${groups}`
        : `refills, ${refillInWords(bytes)}, ${groups}`;
    case 'handing-back':
      return 'has everything, and takes over what it leads';
    case 'learning':
      return `learns, ${source}; it votes when it has caught up`;
    case 'catching-up':
      return `catches up, ${source}`;
    default:
      return STANDSTILL[stage];
  }
}

const STANDSTILL: Readonly<Record<Extract<RecoveryStage, 'back' | 'down' | 'removed'>, string>> = {
  back: 'has everything',
  down: 'does not answer',
  removed: 'was taken out of the cluster, and nobody has its places',
};
