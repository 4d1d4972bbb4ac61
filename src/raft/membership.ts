/**
 * What a change of the configuration in force does to a node beyond the configuration itself (Raft thesis, 4). A
 * configuration is put in force when its entry, or the snapshot that contains it, is applied.
 */
import { assert } from '../base/assert.js';
import { decodeConfChange } from './conf-change.js';
import { changeConfiguration, isVoter } from './configuration.js';
import type { RaftCore } from './core.js';
import { answerConfirmedReads, broadcastAppend, maybeCommit, maybeSendAppend } from './replication.js';
import type { ConfState, Entry } from './types.js';

/**
 * A committed entry of a conf-change type is applied. Its leader has checked it under the same configuration; one that
 * does not fit all the same (validation was off, or the leader is broken) changes nothing, on every node alike. Nor does one
 * that is contained in a snapshot which has overtaken it.
 */
export function applyConfChange(core: RaftCore, entry: Entry): ConfState {
  const { conf } = core.tracker;
  if (entry.index <= core.confIndex) return conf;
  assert(entry.type !== 'normal', 'only membership changes change the membership');
  const change = decodeConfChange(entry.data);
  const outcome = change && changeConfiguration(conf, change);
  switchToConfiguration(core, outcome?.type === 'changed' ? outcome.conf : conf, entry.index);
  return core.tracker.conf;
}

/** `conf` is the configuration after applying entry `index`. */
export function switchToConfiguration(core: RaftCore, conf: ConfState, index: number): void {
  core.confIndex = index;
  core.tracker.switchTo(conf, core.log.lastIndex());
  if (core.role !== 'leader') return;
  const own = core.tracker.of(core.id);
  if (!own || own.isLearner) {
    if (core.config.stepDownOnRemoval) core.becomeFollower(core.term, 0);
    return;
  }
  // A smaller quorum may have what it needs by now; new members need not wait for the next heartbeat.
  if (maybeCommit(core)) broadcastAppend(core);
  else {
    for (const [id, progress] of core.tracker.members()) {
      if (id !== core.id) maybeSendAppend(core, id, progress, false);
    }
  }
  answerConfirmedReads(core);
  if (!isVoter(conf, core.leadTransferee)) core.leadTransferee = 0;
}
