/**
 * Every bound of the program in one place, with the relations between them. A wrong combination does not start.
 * Sizes end in Bytes, times in Ms.
 */
import { assert } from './assert.js';

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** A key is 1 byte to this many. */
  maxKeyBytes: 64 * KIB,
  /** A value is 0 bytes to this many. */
  maxValueBytes: 64 * MIB,
  /** A value above this travels in pieces: on a Session, between nodes, and in the logs of both modes. */
  largeValueBytes: 1 * MIB,
  /** One piece of a large value. */
  valuePieceBytes: 512 * KIB,
  /** Bytes of pieces that a leader of raft mode has proposed and not applied: small writes never wait for more of them. */
  maxPieceBytesUnderWay: 4 * MIB,
  /** Bytes of large values on their way to a node on one session. */
  maxLargeBytesPerSession: 64 * MIB,
  /**
   * Bytes of large values that one node has on their way in from clients; as many from other nodes, which have budgets of their own
   * so that two nodes that forward to each other do not wait for each other; and as many in answers to what it has forwarded.
   */
  maxLargeBytesInFlight: 128 * MIB,
  /** Large values that a session has announced and not sent yet. */
  maxAnnouncedValues: 1_024,
  /** Pages with values that one session has under way: the copy of a large value is made for each. */
  maxScansPerSession: 4,
  /** One gRPC message, either way, between clients and nodes: a value, its key and the frame around them. */
  maxClientMessageBytes: 65 * MIB,
  /** One gRPC message between control threads. Carries at least one entry, however large. */
  maxPeerMessageBytes: 66 * MIB,
  /** Entries of one Raft append message are cut at this size, but it holds at least one entry. */
  maxAppendBytes: 1 * MIB,
  /** Append messages under way to one follower. */
  maxInflightAppends: 256,
  /** Bytes of entries under way to one follower; one append is sent even if it is larger. */
  maxInflightAppendBytes: 16 * MIB,
  /** Proposed but uncommitted bytes that a leader holds before it refuses. */
  maxUncommittedBytes: 128 * MIB,
  /** Committed bytes that one Ready hands to the state machine. */
  maxCommittedBytesPerReady: 4 * MIB,
  /** Bytes of the newest log entries kept in memory, so that replication does not read the disk. */
  maxLogTailBytes: 64 * MIB,
  /** Length of the journal in front of the log's database: what goes into it in one transaction, some 10 ms long. */
  journalBytes: 2 * MIB,
  /** Messages that one actor may have waiting. */
  maxMailboxMessages: 16_384,
  /** Bytes that one actor may have waiting. */
  maxMailboxBytes: 192 * MIB,
  /** Client requests that one node works on at a time. */
  maxRequestsInFlight: 8_192,
  /** Bytes of client requests that one node works on at a time. */
  maxRequestBytesInFlight: 320 * MIB,
  /** A batch of requests or replies on a Session stream is cut at this size, but holds at least one. */
  maxSessionBatchBytes: 1 * MIB,
  /** Keys of one page of a scan. */
  maxScanPage: 10_000,
  defaultScanPage: 1_000,
  /** Bytes of keys and values in one page of a scan, after the first entry. */
  maxScanPageBytes: 1 * MIB,
  /** Entries of the index that one page of a scan looks at: a bound on its pause when few keys have the prefix. */
  maxScanLooks: 20_000,
  /** A cursor holds a key at most, and says what it belongs to. */
  maxCursorBytes: 65 * KIB,
  /** Values marked as read, for `lru` eviction, in one batch of writes. */
  maxReadMarks: 1_024,
  /** Longest time to live: about 100 years. */
  maxTtlMs: 100 * 366 * 24 * 3600 * 1000,
  /** Voters and learners of one Raft group. */
  maxNodes: 63,
  /** Deadline of one client request when the client names none. */
  defaultRequestTimeoutMs: 5_000,
  maxRequestTimeoutMs: 600_000,
  /** Entries of one append message between members of a partition; it holds at least one entry. */
  maxPartitionAppendBytes: 1 * MIB,
  /** Bytes of a partition's entries under way to one peer. */
  maxPartitionInflightBytes: 8 * MIB,
  /** Uncommitted bytes of a partition's log above which its primary takes no writes. */
  maxPartitionUncommittedBytes: 16 * MIB,
  /** Bytes of committed entries that a primary keeps for a learner that lags; then the learner begins anew. */
  maxLearnerLogBytes: 64 * MIB,
  /** Entries that one change of a store may make: the largest value, its old one and cleaning. */
  maxEntriesPerChange: 256,
  /** Segments under way to one learner of one partition. */
  maxTransferSegments: 64,
  /** Bytes of segments under way from a node to one learner, all partitions together: in copies there, and in sockets. Exceeded by one at most. */
  maxTransferBytes: 8 * MIB,
  /** Bytes of a partition's log that a learner holds before it knows what it can keep; then it keeps nothing. */
  maxUndecidedLogBytes: 16 * MIB,
  /** Data positions of a group, k. What the erasure code's tables hold. */
  maxDataPositions: 24,
  /** Parity positions of a group, m. */
  maxParityPositions: 6,
  /** One shard of a stripe, and so one segment. */
  maxShardBytes: 16 * MIB,
  /** Bytes of a packet that the codec works on at a time: a bound on its scratch memory. */
  codecTileBytes: 256 * KIB,
  /** Compiled schedules that one codec keeps, by pattern of shards at hand. */
  maxCodecSchedules: 512,
  /** An entry of a partition's log is cut at this size, but holds at least one location command. */
  maxEntryBytes: 1 * MIB,
  /** One message on a data link: the begin of a transfer, or all that a holder has of a stripe. */
  maxDataMessageBytes: 16 * MIB,
  /** Messages of one turn on a data link are cut into frames at this size, but a frame holds at least one. */
  maxDataFrameBytes: 4 * MIB,
  /** Bytes handed to a data link that its socket has not taken; above it the connection is given up. */
  maxLinkBacklogBytes: 64 * MIB,
  /** Connections that others may have made to the data port: one a node, their successors, and strangers on their way out. */
  maxIncomingLinks: 256,
  /** Tasks that wait for the codec pool before it refuses. */
  maxCodecTasks: 1_024,
  /** Of these, background tasks: the rest is kept for reads that somebody waits for. */
  maxBackgroundCodecTasks: 768,
  /** Threads of the codec pool. */
  maxCodecThreads: 16,
  /** A codec thread without work ends after this. */
  codecThreadIdleMs: 10_000,
} as const;

assert(LIMITS.maxClientMessageBytes >= LIMITS.maxValueBytes + LIMITS.maxKeyBytes + KIB, 'a value fits its message');
assert(LIMITS.valuePieceBytes <= LIMITS.largeValueBytes, 'a large value is more than one piece');
assert(
  LIMITS.valuePieceBytes + LIMITS.maxKeyBytes + KIB <= LIMITS.maxAppendBytes,
  'a piece with its key fits an append',
);
assert(LIMITS.maxPieceBytesUnderWay >= LIMITS.valuePieceBytes, 'a piece can be under way');
assert(LIMITS.maxUncommittedBytes > LIMITS.maxPieceBytesUnderWay, 'pieces under way leave small writes room');
assert(LIMITS.largeValueBytes <= LIMITS.maxSessionBatchBytes, 'what travels whole does not make a batch much larger');
assert(LIMITS.maxScanPageBytes <= LIMITS.largeValueBytes, 'a page with a large value has no other entry');
assert(LIMITS.maxLargeBytesPerSession >= LIMITS.maxValueBytes, 'the largest value fits the budget of a session');
assert(LIMITS.maxLargeBytesInFlight >= LIMITS.maxLargeBytesPerSession, 'a session can use its budget');
assert(
  LIMITS.maxRequestBytesInFlight >= 2 * LIMITS.maxLargeBytesInFlight + 64 * MIB,
  'large values that are taken in leave small requests their place',
);
assert(LIMITS.maxPeerMessageBytes >= LIMITS.maxClientMessageBytes, 'an accepted request fits a Raft message');
assert(LIMITS.maxUncommittedBytes >= LIMITS.maxClientMessageBytes, 'the largest request can be proposed');
assert(LIMITS.maxMailboxBytes >= LIMITS.maxUncommittedBytes, 'a mailbox holds what may be proposed');
assert(LIMITS.maxLogTailBytes >= 16 * LIMITS.maxAppendBytes, 'the log in memory feeds followers that lag a little');
assert(LIMITS.maxCursorBytes >= LIMITS.maxKeyBytes + 16, 'a cursor holds a key and its marks');
assert(LIMITS.maxScanLooks >= LIMITS.maxScanPage, 'a full page can be found');
assert(LIMITS.maxScanPageBytes <= LIMITS.maxClientMessageBytes, 'a page fits its message');
assert(LIMITS.maxAppendBytes <= LIMITS.maxPeerMessageBytes, 'an append fits its message');
assert(LIMITS.maxInflightAppendBytes >= LIMITS.maxAppendBytes, 'a full append can be under way');
assert(
  LIMITS.maxPartitionInflightBytes >= LIMITS.maxPartitionAppendBytes,
  'a full append of a partition can be under way',
);
assert(LIMITS.maxLearnerLogBytes >= LIMITS.maxPartitionUncommittedBytes, 'a learner may lag by what is uncommitted');
assert(LIMITS.maxUndecidedLogBytes < LIMITS.maxLearnerLogBytes, 'a learner decides before its primary gives it up');
assert(LIMITS.defaultRequestTimeoutMs <= LIMITS.maxRequestTimeoutMs, 'the default deadline is allowed');
assert(LIMITS.maxDataPositions + LIMITS.maxParityPositions < 31, 'a set of positions fits the bits of an integer');
assert(LIMITS.maxDataPositions + LIMITS.maxParityPositions <= LIMITS.maxNodes, 'a group fits its cluster');
assert(LIMITS.maxEntriesPerChange * LIMITS.maxEntryBytes >= 2 * LIMITS.maxValueBytes, 'the largest change has indexes');
assert(LIMITS.maxEntryBytes >= 4 * LIMITS.maxKeyBytes, 'an entry holds records of the longest key');
assert(LIMITS.maxDataFrameBytes <= LIMITS.maxDataMessageBytes, 'the largest frame is one of a single message');
assert(LIMITS.maxLinkBacklogBytes >= 2 * LIMITS.maxDataMessageBytes, 'a message can wait behind another');
assert(
  LIMITS.maxIncomingLinks >= 2 * LIMITS.maxNodes,
  'every node can connect anew before its old connection is noticed',
);
assert(LIMITS.codecTileBytes % 8 === 0, 'tiles keep packets aligned');
assert(LIMITS.maxBackgroundCodecTasks < LIMITS.maxCodecTasks, 'urgent codec tasks have places of their own');
