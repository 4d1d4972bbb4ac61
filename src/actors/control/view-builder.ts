/** Puts together what the control actor knows into the ClusterView that it tells the main thread. */
import type { Founder, Speaker } from '../../cluster/speaker.js';
import { majorityOf, type ClusterView, type NodeRole } from '../../cluster/view.js';
import type { SoftState } from '../../raft/ready.js';
import type { ConfState } from '../../raft/types.js';
import type { EccOptions } from './control-options.js';
import type { Founding } from './founding.js';
import type { MemberTable } from './member-table.js';

export interface ViewParts {
  readonly speaker: Speaker;
  readonly softState: SoftState;
  readonly term: number;
  readonly confState: ConfState;
  readonly members: MemberTable;
  readonly founders: readonly Founder[];
  readonly connected: ReadonlySet<number>;
  /** While the node has no place. */
  readonly founding: Founding | undefined;
  /** In ecc mode. */
  readonly ecc: EccOptions | undefined;
}

export function buildView(parts: ViewParts): ClusterView {
  const { speaker, softState, confState, members, founding } = parts;
  const common = {
    nodeId: speaker.nodeId,
    raftId: speaker.raftId,
    clusterId: members.clusterId,
    role: roleOf(parts),
    term: parts.term,
    leader: softState.leader,
    members: members.list,
    voters: confState.voters,
  };
  if (founding !== undefined) {
    const names = parts.founders.map((founder) => founder.nodeId);
    const missing = names.filter((name) => !founding.present.includes(name));
    return {
      ...common,
      size: names.length,
      needed: neededOf(names.length, parts.ecc),
      up: names.length - missing.length,
      missing,
    };
  }
  const isUp = (raftId: number): boolean => raftId === speaker.raftId || parts.connected.has(raftId);
  const down = confState.voters.filter((raftId) => !isUp(raftId));
  return {
    ...common,
    size: confState.voters.length,
    needed: neededOf(confState.voters.length, parts.ecc),
    up: confState.voters.length - down.length,
    missing: down.map((raftId) => members.byRaftId(raftId)?.nodeId ?? founderName(parts.founders, raftId)),
  };
}

/** A majority decides; in ecc mode it also takes k nodes to serve. */
function neededOf(voters: number, ecc: EccOptions | undefined): number {
  return Math.max(majorityOf(voters), ecc?.k ?? 0);
}

function roleOf({ speaker, softState, confState, founding, members }: ViewParts): NodeRole {
  if (founding !== undefined) return founding.joining ? 'joining' : 'starting';
  const { raftId } = speaker;
  if (confState.voters.includes(raftId) || confState.votersOutgoing.includes(raftId)) return softState.role;
  if (confState.learners.includes(raftId)) return 'learner';
  // A raft id below nextRaftId has been given out as far as this node has read the log; not to be in force means removed.
  return raftId < members.nextRaftId ? 'removed' : 'joining';
}

/** Before the first entry is applied, raft ids are places in the sorted list of first members. */
function founderName(founders: readonly Founder[], raftId: number): string {
  return founders.map((founder) => founder.nodeId).sort()[raftId - 1] ?? `raft id ${raftId}`;
}
