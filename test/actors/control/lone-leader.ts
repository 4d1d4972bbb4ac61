/** Raft on a log in memory and virtual time, wired to a list of nodes as the control actor does it: one voter, so that it leads. */
import { MemberTable } from '../../../src/actors/control/member-table.js';
import { RaftDriver } from '../../../src/actors/control/raft-driver.js';
import { Registrar } from '../../../src/actors/control/registrar.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { Prng } from '../../../src/base/prng.js';
import { encodeMemberCommand } from '../../../src/cluster/member-codec.js';
import type { Member } from '../../../src/cluster/members.js';
import type { PeerMessage } from '../../../src/raft/messages.js';
import type { ReadState, SoftState } from '../../../src/raft/ready.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry } from '../../../src/raft/types.js';
import { CLUSTER, member } from '../../cluster/some-members.js';
import { MemoryRaftLog } from '../../raft/memory-raft-log.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

export const RAFT_CONFIG = {
  electionTicks: 10,
  heartbeatTicks: 1,
  preVote: true,
  checkQuorum: true,
  stepDownOnRemoval: true,
  disableProposalForwarding: true,
};

export class LoneLeader {
  readonly scheduler = new VirtualScheduler();
  readonly members = new MemberTable();
  readonly connected = new Set<number>();
  readonly sent: PeerMessage[] = [];
  readonly committed: Entry[] = [];
  readonly readStates: ReadState[] = [];
  readonly failures: unknown[] = [];
  softState: SoftState = { leader: 0, role: 'follower' };
  confState: ConfState = { ...EMPTY_CONF_STATE, voters: [1] };
  /** Whether what is committed counts as applied at once. */
  appliesAtOnce = true;
  readonly log: MemoryRaftLog;
  readonly driver: RaftDriver;
  readonly registrar: Registrar;

  constructor(log = new MemoryRaftLog()) {
    this.log = log;
    log.bootstrap(this.confState);
    this.driver = new RaftDriver(
      { id: 1, prng: new Prng(1), ...RAFT_CONFIG },
      {
        log,
        scheduler: this.scheduler,
        logger: NULL_LOGGER,
        holdsCommitNews: false,
        listener: {
          send: (messages) => this.sent.push(...messages),
          onSoftState: (state) => (this.softState = state),
          onAppend: () => undefined,
          onEntry: (entry) => this.members.onEntry(entry),
          onCommitted: (entries) => {
            this.committed.push(...entries);
            this.registrar.onApplied();
            if (this.appliesAtOnce) this.driver.onApplied(entries.at(-1)?.index ?? 0);
          },
          onMembership: (change, confState) => {
            this.confState = confState;
            this.members.onMembershipChange(change);
          },
          onReadState: (state) => this.readStates.push(state),
          onSnapshot: () => undefined,
          onLogFailure: (error) => this.failures.push(error),
        },
      },
    );
    this.registrar = new Registrar({
      driver: this.driver,
      members: this.members,
      scheduler: this.scheduler,
      confState: () => this.confState,
      connected: () => this.connected,
      whenDrained: (_, remove) => remove(),
      handOverLeadership: () => false,
    });
  }

  /** Elects it and lets it found its cluster. */
  async lead(founders: readonly Member[] = [member(1)]): Promise<void> {
    this.driver.turn((raw) => raw.campaign());
    await this.scheduler.settle();
    await this.propose(encodeMemberCommand({ type: 'found', clusterId: CLUSTER, founders }));
  }

  async propose(data: Uint8Array): Promise<void> {
    this.driver.turn((raw) => raw.propose(data));
    await this.scheduler.settle();
  }
}
