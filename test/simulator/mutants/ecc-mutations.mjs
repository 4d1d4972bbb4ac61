/** Bugs to plant in ecc mode, as those of mutations.mjs. Each breaks an invariant of DESIGN.md sections 6 and 7. Those
 * with `world: 'group'` are hunted in one group under random interleavings (test/replication/group-world.ts). */

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
    // An acknowledgement has to be held up over two epochs that are led by the same node; test/replication/primary.test.ts shows it.
    name: 'ack-of-another-epoch-counted',
    world: 'group',
    rare: true,
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
    rare: true,
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
    name: 'new-leader-takes-primaries-out-at-once',
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
];
