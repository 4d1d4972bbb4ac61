/**
 * How membership changes act on a configuration (Raft thesis, 4.2.1 learners, 4.3 joint consensus). Pure: a configuration
 * is a ConfState, a change makes a new one or says why it cannot be made.
 *
 * A node's place: voter (incoming), outgoing voter, learner, or, while it is still an outgoing voter, learner-to-be
 * (`learnersNext`). Nobody is voter and learner at once.
 */
import { assertNever } from '../base/assert.js';
import { entersJoint, leavesJoint, type ConfChange, type ConfChangeV2 } from './conf-change.js';
import type { ConfState } from './types.js';

export type ConfChangeProblem =
  /** Only leaving is possible while a joint configuration is in force. */
  | 'already-joint'
  | 'not-joint'
  /** Nobody could vote any more. */
  | 'no-voters-left'
  /** More than one voter changes, which is safe only through a joint configuration. */
  | 'needs-joint';

export type ConfChangeOutcome =
  | { readonly type: 'changed'; readonly conf: ConfState }
  | { readonly type: 'impossible'; readonly problem: ConfChangeProblem };

const impossible = (problem: ConfChangeProblem): ConfChangeOutcome => ({ type: 'impossible', problem });

export function isJoint(conf: ConfState): boolean {
  return conf.votersOutgoing.length > 0;
}

/** Everybody whom a leader replicates to, ascending. */
export function memberIds(conf: ConfState): readonly number[] {
  return ascending(new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners]));
}

export function isVoter(conf: ConfState, id: number): boolean {
  return conf.voters.includes(id) || conf.votersOutgoing.includes(id);
}

/** The configuration that `change` makes of `conf`. */
export function changeConfiguration(conf: ConfState, change: ConfChangeV2): ConfChangeOutcome {
  if (leavesJoint(change)) return leaveJoint(conf);
  if (isJoint(conf)) return impossible('already-joint');
  const joint = entersJoint(change);
  const draft = new Draft(conf);
  if (joint) {
    if (conf.voters.length === 0) return impossible('no-voters-left');
    draft.outgoing = new Set(conf.voters);
    draft.autoLeave = joint.autoLeave;
  }
  for (const single of change.changes) draft.apply(single);
  if (draft.voters.size === 0) return impossible('no-voters-left');
  if (!joint && draft.votersChangedSince(conf) > 1) return impossible('needs-joint');
  return { type: 'changed', conf: draft.finish() };
}

function leaveJoint(conf: ConfState): ConfChangeOutcome {
  if (!isJoint(conf)) return impossible('not-joint');
  const learners = ascending(new Set([...conf.learners, ...conf.learnersNext]));
  const left = { voters: conf.voters, votersOutgoing: [], learners, learnersNext: [], autoLeave: false };
  return { type: 'changed', conf: left };
}

/** A configuration while changes are made to it. */
class Draft {
  readonly voters: Set<number>;
  outgoing: Set<number>;
  readonly learners: Set<number>;
  readonly learnersNext: Set<number>;
  autoLeave: boolean;

  constructor(conf: ConfState) {
    this.voters = new Set(conf.voters);
    this.outgoing = new Set(conf.votersOutgoing);
    this.learners = new Set(conf.learners);
    this.learnersNext = new Set(conf.learnersNext);
    this.autoLeave = conf.autoLeave;
  }

  apply(change: ConfChange): void {
    switch (change.type) {
      case 'add-voter':
        this.remove(change.id);
        this.voters.add(change.id);
        return;
      case 'add-learner':
        this.remove(change.id);
        // An outgoing voter still votes; it becomes a learner when the joint configuration is left.
        (this.outgoing.has(change.id) ? this.learnersNext : this.learners).add(change.id);
        return;
      case 'remove':
        this.remove(change.id);
        return;
      case 'update':
        return;
      default:
        assertNever(change.type, 'membership change');
    }
  }

  /** From everywhere but the outgoing voters, which do not change. */
  private remove(id: number): void {
    this.voters.delete(id);
    this.learners.delete(id);
    this.learnersNext.delete(id);
  }

  votersChangedSince(conf: ConfState): number {
    const added = [...this.voters].filter((id) => !conf.voters.includes(id)).length;
    const removed = conf.voters.filter((id) => !this.voters.has(id)).length;
    return added + removed;
  }

  finish(): ConfState {
    return {
      voters: ascending(this.voters),
      votersOutgoing: ascending(this.outgoing),
      learners: ascending(this.learners),
      learnersNext: ascending(this.learnersNext),
      autoLeave: this.autoLeave,
    };
  }
}

function ascending(ids: ReadonlySet<number>): readonly number[] {
  return [...ids].sort((a, b) => a - b);
}

/** Whether a configuration that came from outside keeps the rules above. One without voters is that of an empty log. */
export function isValidConfiguration(conf: ConfState): boolean {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = conf;
  const lists = [voters, votersOutgoing, learners, learnersNext];
  const wellFormed = lists.every((ids) =>
    ids.every((id, i) => Number.isSafeInteger(id) && id > (i === 0 ? 0 : (ids[i - 1] ?? 0))),
  );
  return (
    wellFormed &&
    !learners.some((id) => isVoter(conf, id)) &&
    learnersNext.every((id) => votersOutgoing.includes(id) && !voters.includes(id)) &&
    (isJoint(conf) ? voters.length > 0 : learnersNext.length === 0 && !autoLeave)
  );
}
