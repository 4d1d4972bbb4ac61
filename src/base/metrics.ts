/**
 * What a node measures: one table of metrics, and the interface by which actors count without knowing who shows it.
 * adapters/metrics keeps the numbers and writes them in the Prometheus format.
 */

interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: `dcache_${string}`;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, ascending; only histograms have them. */
  readonly buckets?: readonly number[];
}

const DURATION_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** The public names. Durations are in seconds and sizes in bytes, as Prometheus has it. */
export const METRICS = {
  requests: {
    type: 'counter',
    name: 'dcache_requests_total',
    help: 'Client requests answered, by rpc and by OK or error code.',
    labels: ['rpc', 'code'],
  },
  requestDuration: {
    type: 'histogram',
    name: 'dcache_request_duration_seconds',
    help: 'Time from the arrival of a client request to its answer.',
    labels: ['rpc'],
    buckets: DURATION_BUCKETS,
  },
  requestsInFlight: {
    type: 'gauge',
    name: 'dcache_requests_in_flight',
    help: 'Client requests that this node works on now.',
    labels: [],
  },
  raftTerm: { type: 'gauge', name: 'dcache_raft_term', help: 'Current Raft term.', labels: [] },
  raftCommit: { type: 'gauge', name: 'dcache_raft_commit_index', help: 'Last committed log index.', labels: [] },
  raftApplied: {
    type: 'gauge',
    name: 'dcache_raft_applied_index',
    help: 'Last log index that the store has applied.',
    labels: [],
  },
  raftIsLeader: { type: 'gauge', name: 'dcache_raft_is_leader', help: '1 while this node leads, else 0.', labels: [] },
  raftHasLeader: {
    type: 'gauge',
    name: 'dcache_raft_has_leader',
    help: '1 while this node knows a leader, else 0.',
    labels: [],
  },
  raftProposals: {
    type: 'counter',
    name: 'dcache_raft_proposals_total',
    help: 'Proposals to the Raft log, by accepted or refused.',
    labels: ['result'],
  },
  dataLinkMessages: {
    type: 'counter',
    name: 'dcache_data_link_messages_total',
    help: 'Messages between nodes about partitions, by sent or received.',
    labels: ['direction'],
  },
  dataLinkBytes: {
    type: 'counter',
    name: 'dcache_data_link_bytes_total',
    help: 'Bytes of these messages, by sent or received.',
    labels: ['direction'],
  },
  dataLinkFaults: {
    type: 'counter',
    name: 'dcache_data_link_faults_total',
    help: 'Data links that this node gave up, by reason: a wrong checksum, silence, a backlog, and others.',
    labels: ['reason'],
  },
  dataLinkRefusals: {
    type: 'counter',
    name: 'dcache_data_link_refusals_total',
    help: 'Data links refused to or by another node, by reason: another cluster, node, code or version, or not yet founded.',
    labels: ['reason'],
  },
  misdirected: {
    type: 'counter',
    name: 'dcache_misdirected_messages_total',
    help: 'Messages for a partition that this node has no such part in: the sender knows another map.',
    labels: [],
  },
  rebuilds: {
    type: 'counter',
    name: 'dcache_rebuilds_total',
    help: 'Segments rebuilt from parity to answer requests or to refill a node, by how it went: done or wrong (a shard is damaged).',
    labels: ['result'],
  },
  lostSegments: {
    type: 'counter',
    name: 'dcache_lost_segments_total',
    help: 'Segments that this node has given up after a declared loss, since nobody could decode them.',
    labels: [],
  },
  transferBytes: {
    type: 'counter',
    name: 'dcache_transfer_bytes_total',
    help: 'Bytes of sealed segments that learners were given: sent as bytes, or kept there from before and not sent.',
    labels: ['as'],
  },
  transferLeft: {
    type: 'gauge',
    name: 'dcache_transfer_left_bytes',
    help: 'Bytes of sealed segments that learners fed by this node do not have yet.',
    labels: [],
  },
  candidateBytes: {
    type: 'gauge',
    name: 'dcache_candidate_bytes',
    help: 'Bytes of segments that this node keeps for groups which it is out of, so that they need not be sent to it again.',
    labels: [],
  },
  scrubbedShards: {
    type: 'counter',
    name: 'dcache_scrubbed_shards_total',
    help: 'Segments and parity shards that were checked, by what came of it: right, mended, unmended or unchecked (too little at hand).',
    labels: ['finding'],
  },
  owedSegments: {
    type: 'gauge',
    name: 'dcache_owed_segments',
    help: 'Segments that parity shards of this node, begun anew, do not have folded in yet; ecc mode.',
    labels: [],
  },
  codecRun: {
    type: 'histogram',
    name: 'dcache_codec_run_seconds',
    help: 'How long a job of the erasure codec ran, by kind and by place: inline or in the pool of threads.',
    labels: ['type', 'place'],
    buckets: [0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01],
  },
  codecWait: {
    type: 'histogram',
    name: 'dcache_codec_wait_seconds',
    help: 'How long a job of the erasure codec waited for a thread of the pool.',
    labels: ['type'],
    buckets: [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
  },
  leaseLeft: {
    type: 'gauge',
    name: 'dcache_lease_left_seconds',
    help: 'For how long this node may still answer for what it leads; ecc mode.',
    labels: [],
  },
  groupsInSync: {
    type: 'gauge',
    name: 'dcache_groups_in_sync',
    help: 'Groups of the cluster map with all holders in sync; ecc mode.',
    labels: [],
  },
  lostGroups: {
    type: 'gauge',
    name: 'dcache_lost_groups',
    help: 'Groups that have lost more than the code can bear and wait for a decision (cluster recover); ecc mode.',
    labels: [],
  },
  lossGeneration: {
    type: 'gauge',
    name: 'dcache_loss_generation',
    help: 'Losses of data so far, added up over all groups: it grows when one is declared and at a cold start; ecc mode.',
    labels: [],
  },
  lossUnacknowledged: {
    type: 'gauge',
    name: 'dcache_loss_unacknowledged_groups',
    help: 'Groups whose last loss nobody has acknowledged, by declared (data were given up) or began-empty (cold start).',
    labels: ['loss'],
  },
  partitionsLed: {
    type: 'gauge',
    name: 'dcache_partitions_led',
    help: 'Partitions that this node leads; ecc mode.',
    labels: [],
  },
  storeKeys: { type: 'gauge', name: 'dcache_store_keys', help: 'Keys in the store.', labels: [] },
  storeBytes: {
    type: 'gauge',
    name: 'dcache_store_bytes',
    help: 'Bytes that the store holds, by what for: live and dead values, index, and others. The sum is all.',
    labels: ['for'],
  },
  memory: {
    type: 'gauge',
    name: 'dcache_memory_bytes',
    help: 'Memory of the node under --max-memory: its cap, what writes may still take, what is held back from them; ecc mode.',
    labels: ['of'],
  },
  evictions: {
    type: 'counter',
    name: 'dcache_evictions_total',
    help: 'Values ended to make room, as primary of their partition; ecc mode.',
    labels: [],
  },
  movedBytes: {
    type: 'counter',
    name: 'dcache_moved_bytes_total',
    help: 'Bytes of records that cleaning and eviction have written once more, as primary of their partition; ecc mode.',
    labels: [],
  },
  refusedWrites: {
    type: 'counter',
    name: 'dcache_refused_writes_total',
    help: 'Writes refused because a node that would hold the value is at its memory cap; ecc mode.',
    labels: [],
  },
  mailboxMessages: {
    type: 'gauge',
    name: 'dcache_mailbox_messages',
    help: 'Messages that wait in the mailbox of an actor.',
    labels: ['actor'],
  },
  eventLoopDelay: {
    type: 'histogram',
    name: 'dcache_event_loop_delay_seconds',
    help: 'How late a timer of the main thread fires.',
    labels: [],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  },
} as const satisfies Record<string, MetricRow>;

type Table = typeof METRICS;
export type MetricName = keyof Table;
type NamesOfType<T extends MetricRow['type']> = {
  [N in MetricName]: Table[N]['type'] extends T ? N : never;
}[MetricName];
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];
export type CounterName = NamesOfType<'counter'>;
export type GaugeName = NamesOfType<'gauge'>;
export type HistogramName = NamesOfType<'histogram'>;
/** The labels of a metric, each with its value. Values come from a small fixed set, never from keys or values. */
export type LabelsOf<N extends MetricName> = Readonly<Record<Table[N]['labels'][number], string>>;

export interface Counter {
  /** @param amount 0 or more; 1 if left out */
  add(amount?: number): void;
}

export interface Histogram {
  /** @param value in the unit that the metric's name says */
  observe(value: number): void;
}

/**
 * Hands out the counters of a node. The same name and labels give the same counter, so a caller that counts often keeps
 * what it was handed.
 */
export interface Metrics {
  counter<N extends CounterName>(name: N, labels: LabelsOf<N>): Counter;
  histogram<N extends HistogramName>(name: N, labels: LabelsOf<N>): Histogram;
  /** Calls `read` whenever somebody looks. A later reader for the same name and labels replaces the earlier one. */
  gauge<N extends GaugeName>(name: N, labels: LabelsOf<N>, read: () => number): void;
}

const IGNORE: Counter & Histogram = { add: () => undefined, observe: () => undefined };

/** Counts nothing. */
export const NULL_METRICS: Metrics = { counter: () => IGNORE, histogram: () => IGNORE, gauge: () => undefined };
