/** What a node can be started with: flags, environment variables and fields of the configuration file, all by the same words. */

/** As given, before defaults. Field names are those of the configuration file; flags are the same words with dashes. */
export interface NodeOptions {
  readonly mode?: string | undefined;
  readonly id?: string | undefined;
  /** Number of first members of the default layout. */
  readonly nodes?: number | undefined;
  /** ecc mode: data and parity positions of a group, both or neither. */
  readonly k?: number | undefined;
  readonly m?: number | undefined;
  /** First members: id=host:port, their control addresses. */
  readonly peers?: readonly string[] | undefined;
  readonly listen?: string | undefined;
  readonly controlListen?: string | undefined;
  /** ecc mode: where the data links of the other nodes connect. */
  readonly dataListen?: string | undefined;
  /** host:port, or `off`. */
  readonly httpListen?: string | undefined;
  /** Host under which the other nodes and clients reach this one; the host of `listen` if left out. */
  readonly advertiseHost?: string | undefined;
  readonly dataDir?: string | undefined;
  /** With an empty data folder: to take the place of the node of its name even if that one was at another address. */
  readonly replace?: boolean | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly tickMs?: number | undefined;
  readonly electionTicks?: number | undefined;
  readonly heartbeatTicks?: number | undefined;
  /** ecc mode; see EccTimings for each. */
  readonly heartbeatMs?: number | undefined;
  readonly leaseMs?: number | undefined;
  readonly driftPercent?: number | undefined;
  readonly heartbeatTimeoutMs?: number | undefined;
  readonly linkTimeoutMs?: number | undefined;
  /** ecc mode: between two scrubs of everything that a node holds, like 24h; `off`: none by itself. */
  readonly scrubInterval?: string | undefined;
  /** ecc mode: how long a node is away before its segments are rebuilt elsewhere, like 30s; `off`: only when they are asked for. */
  readonly rebuildDelay?: string | undefined;
  /** ecc mode: wait or reset; see LossPolicy. */
  readonly onLoss?: string | undefined;
  /** ecc mode: bytes a second that a node sends to learners at most, with a unit like `50mb` if wanted; `off` for no limit. */
  readonly recoveryRate?: string | number | undefined;
  /** A main thread that has not run for so long is taken for hung. */
  readonly hangMs?: number | undefined;
  /** A snapshot is taken when the log has grown by this much. */
  readonly snapshotBytes?: number | undefined;
  /** Entries of the log kept behind a snapshot. */
  readonly keptEntries?: number | undefined;
  /** Bytes that the store may hold: a whole number, or one with a unit like `512mb`; `off` for no cap. */
  readonly maxMemory?: string | number | undefined;
  /** What happens when that is reached: noeviction, lru or ttl. */
  readonly eviction?: string | undefined;
  /** For options that were not given as flags: what to call them in messages, like "dcache.yaml, line 3: tickMs". */
  readonly origins?: Readonly<Partial<Record<OptionName, string>>> | undefined;
}

export type OptionName = Exclude<keyof NodeOptions, 'origins'>;
