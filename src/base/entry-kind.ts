/** The first byte of the data of every normal Raft entry that is not empty: who it is for. On disk; numbers stay. */
export const ENTRY_KIND = {
  /** A batch of writes for the store (store/command-codec.ts). */
  writes: 1,
  /** A change of the list of nodes (cluster/member-command.ts). */
  members: 2,
  /** A change of the cluster map in ecc mode (cluster/map-codec.ts). */
  map: 3,
} as const;
