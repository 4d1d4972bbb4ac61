/** Which configuration is in force from which entry on, worked out from the committed entries alone. */
import { decodeConfChange } from '../../src/raft/conf-change.js';
import { changeConfiguration } from '../../src/raft/configuration.js';
import { majorityIndex } from '../../src/raft/quorum.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../src/raft/types.js';

interface InForce {
  readonly from: number;
  readonly conf: ConfState;
}

export class MembershipOracle {
  private readonly history: InForce[];

  /** @param founders how many nodes found the cluster; their raft ids are 1, 2, ... */
  constructor(founders: number) {
    const voters = Array.from({ length: founders }, (_, i) => i + 1);
    this.history = [{ from: 0, conf: { ...EMPTY_CONF_STATE, voters } }];
  }

  /** The next committed entry. False for a membership change that does not fit the configuration before it. */
  onCommitted(entry: Entry): boolean {
    if (entry.type === 'normal') return true;
    const change = decodeConfChange(entry.data);
    if (change === undefined) return false;
    const outcome = changeConfiguration(this.at(entry.index), change);
    if (outcome.type !== 'changed') return false;
    this.history.push({ from: entry.index, conf: outcome.conf });
    return true;
  }

  /** The configuration after applying entry `index`. */
  at(index: number): ConfState {
    return this.history.findLast(({ from }) => from <= index)?.conf ?? EMPTY_CONF_STATE;
  }

  /**
   * Whether a quorum holds entry `index`: of a configuration that its leader may have gone by, which is that of some entry
   * before, since a change takes effect when it is applied and at most one is under way.
   */
  quorumHolds(index: number, holds: (raftId: number) => boolean): boolean {
    const newest = this.history.findLastIndex(({ from }) => from <= index);
    const candidates = this.history.slice(Math.max(0, newest - 2), newest + 1);
    return candidates.some(({ conf }) =>
      [conf.voters, conf.votersOutgoing].every(
        (half) => half.length === 0 || majorityIndex(half, (raftId) => (holds(raftId) ? 1 : 0)) === 1,
      ),
    );
  }
}
