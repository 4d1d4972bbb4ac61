/**
 * Bugs to plant in ecc mode, as those of mutations.mjs. Each breaks an invariant of DESIGN.md sections 5 to 7. Those with `world:
 * 'group'` are hunted in one group under random interleavings (test/replication/group-world.ts), those with `world: 'leases'` in a
 * cluster of nothing but leases and maps (test/cluster/lease-simulation.ts).
 */

/** @type {readonly import('./mutations.mjs').Mutation[]} */
export const ECC_MUTATIONS = [
  {
    name: 'promise-skipped',
    breaks: 'I5: who has promised an epoch refuses the Appends of earlier ones',
    file: 'src/replication/receiver.ts',
    find: `    if (append.epoch < epoch) return this.reply(from, append, 'stale', 0);
    if (primary === undefined || !sameMember(from, primary) || this.broken) return;`,
    put: `    if (this.broken) return;
    if (append.epoch === epoch && (primary === undefined || !sameMember(from, primary))) return;`,
  },
  {
    name: 'ack-of-another-epoch-counted',
    world: 'group',
    breaks: 'I5: an acknowledgement counts in its epoch only',
    file: 'src/replication/primary.ts',
    find: 'if (peer === undefined || reply.epoch !== this.epoch) return;',
    put: 'if (peer === undefined) return;',
  },
  {
    name: 'ack-of-all-that-is-there',
    world: 'group',
    breaks: 'I5: an acknowledgement names what its Append was matched up to, not the end of the log',
    file: 'src/replication/receiver.ts',
    find: "this.reply(from, append, 'matched', matched);",
    put: "this.reply(from, append, 'matched', current.log.lastIndex);",
  },
  {
    name: 'commit-without-the-slowest',
    breaks: 'I6: committed is what all members have',
    file: 'src/replication/primary.ts',
    find: 'for (const peer of this.backups.values()) index = Math.min(index, peer.matched);',
    put: 'index = Math.min(index, Math.max(...[...this.backups.values()].map((peer) => peer.matched), this.backups.size === 0 ? index : 0));',
  },
  {
    name: 'declared-learner-not-waited-for',
    breaks: 'I6: commits wait for a declared learner',
    file: 'src/replication/learners.ts',
    find: 'if (counted) index = Math.min(index, progress.matched);',
    put: 'void counted; void progress;',
  },
  {
    name: 'read-after-the-lease',
    breaks: 'I4(e): an answer without a command of its own needs the lease',
    file: 'src/actors/ecc/partition-service.ts',
    find: 'if (!primary.serving || (needsLease && !lease.isHeld)) {',
    put: 'void needsLease; void lease; if (!primary.serving) {',
  },
  {
    name: 'grant-without-map-index',
    breaks: 'I4(a): a grant counts from when the map is applied up to its index',
    file: 'src/actors/ecc/lease-reader.ts',
    find: 'if (leaseMapIndex <= this.mapIndex && leaseEndMs > this.endMs)',
    put: 'void leaseMapIndex; if (leaseEndMs > this.endMs)',
  },
  {
    name: 'grant-without-quorum-contact',
    world: 'leases',
    breaks: 'I4(b): a leader grants only while a quorum follows it',
    file: 'src/cluster/lease-ledger.ts',
    find: 'if (contactIsOld) return false;',
    put: 'void contactIsOld;',
  },
  {
    name: 'primary-taken-out-under-its-lease',
    breaks: 'I4(c): a primary leaves when its lease is over, or it has let go',
    file: 'src/cluster/observations.ts',
    find: 'return !isQuiet(observed) && (leaseIsOver(observed, member) || hasLetGo(observed, group, member));',
    put: 'return !isQuiet(observed);',
  },
  {
    // A new leader asks a primary to let go and waits for a lease, or for longer than one without a heartbeat, before it takes it
    // out; what is left to (d) are the leases that the leader before gave behind its back, just when it handed over.
    name: 'new-leader-takes-primaries-out-at-once',
    world: 'leases',
    rare: true,
    breaks: 'I4(d): a new leader waits for the leases of the one before',
    file: 'src/cluster/ecc-timings.ts',
    find: 'return withDrift(timings, timings.minElectionTimeoutMs + timings.leaseMs);',
    put: 'return 0 * timings.leaseMs;',
  },
  {
    name: 'let-go-without-the-epoch',
    breaks: 'I4(c): letting go names the epoch',
    file: 'src/replication/group-replica.ts',
    find: 'letGo: this.letGoEpoch === epoch ? [{ group, epoch }] : [],',
    put: 'letGo: this.letGoEpoch > 0 ? [{ group, epoch }] : [],',
  },
  {
    name: 'restarted-learner-promoted',
    breaks: 'I3: a declaration is for one attempt of one process life',
    file: 'src/cluster/apply-map-command.ts',
    find: `    declaration.joinIndex === learner.joinIndex &&
    sameMember(declaration.learner, learner) &&`,
    put: '    declaration.learner.nodeId === learner.nodeId &&',
  },
  {
    name: 'folded-twice',
    breaks: 'I8: a segment is folded into an empty position only',
    file: 'src/replication/parity-shards.ts',
    find: 'checksums.set(position, checksum);',
    put: 'checksums.set(position, checksum); if (checksum % 3 === 0) this.codec.fold(position, segment, this.parityIndex, block.bytes);',
  },
  {
    name: 'segment-taken-out-of-order',
    world: 'group',
    breaks: 'I12: a learner applies its log exactly to the cut of a segment before it takes it in',
    file: 'src/replication/receiver.ts',
    find: '    this.applyThrough(current, index);\n    if (!this.awaited.delete',
    put: '    if (!this.awaited.delete',
  },
  {
    name: 'answer-from-uncommitted-state',
    breaks: 'I7: an answer waits until all that it looked at is committed',
    file: 'src/replication/uncommitted-tags.ts',
    find: 'return this.byTag.get(tag) ?? 0;',
    put: 'return 0 * (this.byTag.get(tag) ?? 0);',
  },
  {
    name: 'shard-of-a-learner-used',
    world: 'group',
    breaks: 'learners’ shards never count',
    edits: [
      {
        file: 'src/replication/group-replica.ts',
        find: '    if (!this.isInSync) return undefined;',
        put: '',
      },
      {
        file: 'src/actors/ecc/local-groups.ts',
        find: 'known?.questions.onMembers(group.inSync.filter(',
        put: 'known?.questions.onMembers([...group.inSync, ...group.joining].filter(',
      },
    ],
  },
  {
    name: 'lease-counted-from-the-answer',
    breaks: 'I4: a lease counts from when its heartbeat was sent',
    world: 'leases',
    file: 'src/cluster/lease-holder.ts',
    find: 'const leaseEndMs = sentMs + reply.leaseMs;',
    put: 'const leaseEndMs = (this.sentMs.get(this.lastSequence) ?? sentMs) + reply.leaseMs;',
  },
  {
    name: 'lease-of-the-leader-without-drift',
    breaks: 'I4(c): the leader counts leases with drift',
    world: 'leases',
    file: 'src/cluster/lease-ledger.ts',
    find: 'const endMs = nowMs + withDrift(this.timings, this.timings.leaseMs);',
    put: 'const endMs = nowMs + this.timings.leaseMs / 2;',
  },
  {
    name: 'answers-after-letting-go',
    breaks: 'I4(c): whoever has let go answers nothing until a newer epoch',
    file: 'src/replication/primary.ts',
    find: 'return this.newest !== undefined && this.letGoEpoch < this.epoch;',
    put: 'return this.newest !== undefined;',
  },
  {
    name: 'served-before-the-tail-is-committed',
    breaks: 'a new primary serves when the tail that it inherited is committed and applied',
    world: 'group',
    file: 'src/replication/primary.ts',
    find: 'if (this.newest !== undefined || this.commitIndex < this.inheritedIndex) return;',
    put: 'if (this.newest !== undefined) return;',
  },
  {
    name: 'backup-applies-all-that-it-has',
    breaks: 'I6: receivers apply only up to the commit index that they are told',
    file: 'src/replication/receiver.ts',
    find: 'else this.applyThrough(current, Math.min(append.commitIndex, matched));',
    put: 'else this.applyThrough(current, matched);',
  },
  {
    name: 'conflicting-tail-kept',
    breaks: 'a receiver truncates a conflicting uncommitted suffix',
    world: 'group',
    file: 'src/replication/receiver.ts',
    find: 'if (log.epochAt(entry.index) === entry.epoch) continue;',
    put: 'if (entry.index <= log.lastIndex) continue;',
  },
  {
    name: 'uncommitted-changes-not-taken-back',
    breaks: 'an acting primary that becomes a backup takes its uncommitted entries back',
    world: 'group',
    file: 'src/replication/primary.ts',
    find: 'this.newest?.takeBack();',
    put: '',
  },
  {
    name: 'freed-before-all-have-applied-it',
    breaks: 'I9: bytes are freed when every member has applied the release',
    file: 'src/replication/primary.ts',
    find: 'for (const peer of this.backups.values()) index = Math.min(index, peer.applied);',
    put: '',
  },
  {
    name: 'release-not-unfolded',
    breaks: 'a released segment is taken out of its parity shard',
    file: 'src/replication/partition-state.ts',
    find: 'onReleased: (number, content, checksum) => folds?.unfold(number, content, checksum),',
    put: 'onReleased: (number, content, checksum) => { if (checksum % 3 !== 0) folds?.unfold(number, content, checksum); },',
  },
  {
    name: 'cleaning-moves-what-has-ended',
    breaks: 'I1: a move never overtakes a newer write',
    file: 'src/store/cleaner.ts',
    find: 'if (victim.isLive(offset)) {',
    put: 'if (victim.isLive(offset) || (view.version % 7 === 0 && view.number === 0)) {',
  },
  {
    name: 'cleaning-moves-half-a-segment',
    breaks: 'cleaning moves every live record before it releases a segment',
    file: 'src/store/cleaner.ts',
    find: 'while (victim.liveBytes > 0) {',
    put: 'while (victim.liveBytes > victim.length / 2) {',
  },
  {
    name: 'expired-and-not-removed',
    breaks: 'I2: a miss is answered once the removal is committed',
    file: 'src/actors/ecc/partition-service.ts',
    find: 'const index = isOver ? this.change(() => decisions.removeIfOver(request.key, nowMs)).index : 0;',
    put: 'const index = isOver ? 0 : 0;',
  },
  {
    name: 'dead-bytes-not-counted',
    breaks: 'memory is accounted for exactly',
    file: 'src/store/segment-table.ts',
    find: 'this.droppedTotal++;',
    put: 'this.droppedTotal += number % 5 === 0 ? 0 : 1;',
  },
  {
    name: 'segment-sent-without-its-dead-records',
    breaks: 'I12: which records are live comes from the primary, at the cut',
    file: 'src/replication/transfer-stream.ts',
    find: 'image: copyOfSegment(segment) });',
    put: 'image: { ...copyOfSegment(segment), live: segment.live.map((bits) => bits | (bits << 1)) } });',
  },
  {
    name: 'learner-not-compared',
    breaks: 'I12: a primary compares what a learner holds before it declares it',
    edits: [
      {
        file: 'src/replication/transfer-stream.ts',
        find: "if (digest === expected) this.state = 'complete';",
        put: "if (digest !== undefined || expected !== undefined) this.state = 'complete';",
      },
      {
        // What it would have noticed: a segment that got lost on the way.
        file: 'src/replication/transfer-stream.ts',
        find: 'this.remaining = sealed.map(({ number }) => {',
        put: 'this.remaining = sealed.filter(({ number }) => number % 2 === 1).map(({ number }) => {',
      },
    ],
  },
  {
    name: 'fold-of-another-position',
    breaks: 'I8: a segment is folded as of its own position',
    file: 'src/replication/parity-shards.ts',
    find: 'this.codec.fold(position, segment, this.parityIndex, block.bytes);',
    put: 'this.codec.fold(checksum % 5 === 0 ? 0 : position, segment, this.parityIndex, block.bytes);',
  },
];
