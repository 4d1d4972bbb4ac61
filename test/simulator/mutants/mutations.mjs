/**
 * Bugs to plant, one at a time: in `file`, the text `find`, which occurs exactly once, becomes `put`. Each breaks a rule
 * that a promise of dcache rests on, so the simulator has to notice. Read by bin/mutants.mjs.
 */

/**
 * @typedef {{file: string, find: string, put: string}} Edit
 * @typedef {{name: string, breaks: string, rare?: boolean, world?: 'group' | 'leases'} & (Edit | {edits: readonly Edit[]})} Mutation
 * `rare`: it takes thousands of seeds, so it is hunted only by name, or with --rare.
 */

/** Writes that take a while, as on a thread of their own; `early` runs before they are durable. */
const lateWrites = (early) => ({
  file: 'src/actors/control/raft-driver.ts',
  find: '  private append(write: StorageAppend): boolean {',
  put: `  private append(write: StorageAppend): boolean {
    ${early}
    this.scheduler.after(40, () => { if (!this.stopped) this.appendMuchLater(write); });
    return true;
  }
  private appendMuchLater(asked: StorageAppend): boolean {
    const stored = this.log.initialState().hardState.commit;
    const { hardState } = asked;
    const write = { ...asked, hardState: hardState && { ...hardState, commit: Math.max(hardState.commit, stored) } };`,
});

/** @type {readonly Mutation[]} */
export const MUTATIONS = [
  {
    name: 'own-vote-and-ack-before-flush',
    breaks: "a node's own vote and acknowledgement count only when they are durable",
    ...lateWrites(`for (const response of write.responses)
      if (response.type !== 'storage-append-response' && response.to === this.raftId) this.raw.stored(response);`),
  },
  {
    name: 'answer-before-flush',
    breaks: 'votes and acknowledgements leave only when they are durable',
    ...lateWrites(`this.listener.send(write.responses.filter(
      (response): response is PeerMessage => response.type !== 'storage-append-response' && response.to !== this.raftId));`),
  },
  {
    name: 'vote-forgotten-on-restart',
    breaks: 'a vote survives a restart',
    file: 'src/raft/raw-node.ts',
    find: 'core.vote = hardState.vote;',
    put: 'core.vote = 0;',
  },
  {
    name: 'two-votes-in-a-term',
    breaks: 'a node votes once in a term',
    file: 'src/raft/election.ts',
    find: 'core.vote === from || (core.vote === 0 && core.leader === 0)',
    put: 'core.leader === 0 || core.vote === from',
  },
  {
    name: 'vote-for-a-shorter-log',
    breaks: 'a vote goes only to a log that is as up to date as one’s own',
    file: 'src/raft/election.ts',
    find: 'if (!mayVote || !upToDate) {',
    put: 'void upToDate; if (!mayVote) {',
  },
  {
    name: 'old-term-committed-by-counting',
    breaks: 'only entries of the present term are committed by counting (Raft paper, 5.4.2)',
    file: 'src/raft/replication.ts',
    find: 'if (index <= core.log.committed || core.log.term(index) !== core.term) return false;',
    put: 'if (index <= core.log.committed) return false;',
  },
  {
    name: 'heartbeat-commit-beyond-match',
    breaks: 'a heartbeat carries min(match, commit)',
    file: 'src/raft/replication.ts',
    find: 'const commit = Math.min(progress.match, core.log.committed);',
    put: 'const commit = core.log.committed;',
  },
  {
    name: 'follower-commits-what-it-has',
    breaks: 'a follower commits only what its leader says is committed',
    file: 'src/raft/follower.ts',
    find: 'log.commitTo(Math.min(commit, lastNew));',
    put: 'log.commitTo(lastNew);',
  },
  {
    name: 'truncate-on-overlap',
    breaks: 'a follower truncates on conflict only',
    file: 'src/raft/follower.ts',
    find: 'if (different) log.append(entries.slice(different.index - prevIndex - 1));',
    put: 'void different; log.append(entries);',
  },
  {
    name: 'previous-term-not-compared',
    breaks: 'an append is accepted only behind an entry that both logs have',
    file: 'src/raft/follower.ts',
    find: 'if (!log.matches({ index: prevIndex, term: prevTerm })) {',
    put: 'if (prevIndex > log.lastIndex()) {',
  },
  {
    name: 'read-before-first-commit',
    breaks: 'a new leader serves reads only when it has committed an entry of its term',
    file: 'src/raft/leader.ts',
    find: 'if (hasCommittedInTerm(core)) serveRead(core, read);',
    put: 'if (hasCommittedInTerm(core) || core.log.committed > 0) serveRead(core, read);',
  },
  {
    name: 'read-without-quorum',
    breaks: 'a leader asks a quorum before it answers a read',
    file: 'src/raft/replication.ts',
    find: "if (core.config.readOnlyMode === 'lease-based' || core.tracker.isSingleton(core.id)) {",
    put: "if (core.role === 'leader') {",
  },
  {
    name: 'read-confirmed-by-older-heartbeat',
    rare: true,
    breaks: 'an answer confirms only the reads that its heartbeat was sent after',
    file: 'src/raft/leader.ts',
    find: `if (readCounter === 0) return undefined;
  core.reads.acknowledge(from, readCounter);`,
    put: 'core.reads.acknowledge(from, core.reads.newestCounter);',
  },
  {
    name: 'read-before-applied',
    breaks: 'a read is answered when the store has applied the index that the leader named',
    file: 'src/actors/data/read-path.ts',
    find: 'this.waiting[0].index <= appliedIndex',
    put: 'this.waiting[0].index <= appliedIndex + 2',
  },
  {
    name: 'follower-answers-reads-itself',
    breaks: 'a follower asks the leader how far it must have got',
    file: 'src/actors/data/router.ts',
    find: 'this.reads.add(pending as PendingRead);',
    put: "if (this.view.role === 'follower') { this.answer(pending as PendingRead); return; } this.reads.add(pending as PendingRead);",
  },
  {
    name: 'raft-id-reused-after-disk-loss',
    breaks: 'a node that lost its log comes back under a new raft id',
    file: 'src/cluster/admission.ts',
    find: 'if (members.length > 0) return',
    put: 'if (members.length > 0 && !founders.some((founder) => founder.nodeId === self.nodeId)) return',
  },
  {
    name: 'deadline-means-not-done',
    breaks: 'a write whose time has run out under way has an unknown outcome',
    file: 'src/actors/data/router.ts',
    find: `    return new DcacheError(
      'DEADLINE_EXCEEDED',`,
    put: `    return new DcacheError(
      'NO_LEADER',`,
  },
  {
    name: 'unknown-write-sent-again',
    breaks: 'a write of unknown outcome is not sent again',
    file: 'src/actors/data/router.ts',
    find: "if (failure.code !== 'NO_LEADER' &&",
    put: "if (failure.code !== 'NO_LEADER' && failure.code !== 'OUTCOME_UNKNOWN' &&",
  },
  {
    name: 'answer-by-index-alone',
    breaks: 'a proposal is done only if the entry applied at its index has its term',
    file: 'src/actors/data/write-path.ts',
    find: 'if (entry.term === term && reply !== undefined)',
    put: 'if (reply !== undefined)',
  },
  {
    name: 'membership-before-its-turn',
    breaks: 'membership changes are applied in the order of the log',
    file: 'src/actors/control/raft-driver.ts',
    find: `    for (const entry of work.entries) {
      if (entry.type === 'normal') this.listener.onEntry(entry);
      else if (!this.applyMembership(entry)) return false;
    }`,
    put: `    for (const entry of work.entries) if (entry.type !== 'normal') this.applyMembership(entry);
    for (const entry of work.entries) if (entry.type === 'normal') this.listener.onEntry(entry);`,
  },
  {
    name: 'membership-before-its-commit-is-durable',
    breaks: 'whoever has applied a membership change knows it after a restart',
    file: 'src/actors/control/raft-driver.ts',
    find: 'if (!this.write(() => this.log.commitDurably(entry.index))) return false;',
    put: '',
  },
  {
    name: 'unnamed-snapshot-removed',
    breaks: 'I0: a snapshot file that is about to be named is kept',
    file: 'src/actors/control/snapshot-keeper.ts',
    find: 'this.files.removeUpTo(snapshot.metadata.index, kept)',
    put: 'this.files.removeUpTo(Number.MAX_SAFE_INTEGER, kept)',
  },
  {
    name: 'snapshot-with-the-newest-configuration',
    breaks: 'a snapshot holds the configuration of its index',
    file: 'src/actors/control/snapshot-keeper.ts',
    find: 'this.history.findLast((known) => known.index <= index)',
    put: 'this.history.at(-1)',
  },
  {
    name: 'expiry-by-own-clock',
    breaks: 'what an entry does follows from the entry alone',
    file: 'src/actors/data/state-machine.ts',
    find: 'this.store.advanceTime(timeMs);',
    put: 'this.store.advanceTime(timeMs + (entry.index % 7 === 0 ? this.applied - entry.index + Math.round(performance.now()) % 2 : 0));',
  },
];
