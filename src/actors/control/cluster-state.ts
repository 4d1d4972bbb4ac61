/**
 * What the log says of the cluster, as far as it has been committed here: the list of nodes, the configuration in force, the
 * cluster id and, in ecc mode, the cluster map. Fed by the driver in the order of the log, and told to those who depend on it: the node's identity and the
 * history from which snapshots are described.
 */
import type { ConfChangeV2 } from '../../raft/conf-change.js';
import type { RaftLog } from '../../raft/log-store.js';
import { EMPTY_CONF_STATE, type ConfState, type Entry, type Snapshot } from '../../raft/types.js';
import type { ClusterIdentity } from './cluster-identity.js';
import type { ControlEvent } from './events.js';
import { MapTable } from './map-table.js';
import { MemberTable } from './member-table.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';

export interface ClusterStateParts {
  readonly log: RaftLog;
  readonly identity: ClusterIdentity;
  readonly snapshots: SnapshotKeeper;
  emit(event: ControlEvent): void;
  onChanged(): void;
}

export class ClusterState {
  readonly members = new MemberTable();
  readonly map = new MapTable();
  private readonly parts: ClusterStateParts;
  private configuration: ConfState = EMPTY_CONF_STATE;

  constructor(parts: ClusterStateParts) {
    this.parts = parts;
  }

  get confState(): ConfState {
    return this.configuration;
  }

  /** Takes the state with which the log begins. Returns the index that it is of. */
  begin(): number {
    const { log } = this.parts;
    const snapshot = log.snapshot();
    this.configuration = log.initialState().confState;
    this.members.restore(snapshot);
    this.map.restore(snapshot);
    this.restore();
    return snapshot === 'unavailable' ? 0 : snapshot.metadata.index;
  }

  onEntry(entry: Entry): void {
    if (this.members.onEntry(entry)) this.belongToCluster();
    else if (!this.map.onEntry(entry)) return;
    this.onConfiguration(entry.index);
  }

  onMembership(change: ConfChangeV2, confState: ConfState, entry: Entry): void {
    this.configuration = confState;
    this.members.onMembershipChange(change);
    this.onConfiguration(entry.index);
  }

  /** A snapshot has been received and takes the place of the whole state. */
  onSnapshot(snapshot: Snapshot): void {
    this.configuration = snapshot.metadata.confState;
    this.members.restore(snapshot);
    this.map.restore(snapshot);
    this.belongToCluster();
    this.restore();
    this.parts.onChanged();
  }

  private belongToCluster(): void {
    if (this.members.clusterId !== undefined) this.parts.identity.belongTo(this.members.clusterId);
  }

  private onConfiguration(index: number): void {
    this.remember(index);
    this.parts.onChanged();
  }

  private remember(index: number): void {
    const [members, map] = [this.members.snapshot(), this.map.current];
    this.parts.snapshots.onConfiguration({ index, confState: this.configuration, members, map });
  }

  /** The data side is to begin with the file of the log's snapshot. */
  private restore(): void {
    const { log, snapshots } = this.parts;
    const snapshot = log.snapshot();
    const index = snapshot === 'unavailable' ? 0 : snapshot.metadata.index;
    this.remember(index);
    const file = snapshots.currentFile();
    if (snapshot === 'unavailable' || file === undefined) return;
    snapshots.onRestore(file.name, index);
    this.parts.emit({ type: 'restore', file, index, term: snapshot.metadata.term });
  }
}
