/** The cluster map as this node has applied it, fed from committed entries and snapshots. Stays empty in raft mode. */
import { ENTRY_KIND } from '../../base/entry-kind.js';
import { applyMapCommand } from '../../cluster/apply-map-command.js';
import { EMPTY_MAP, type ClusterMap } from '../../cluster/cluster-map.js';
import { decodeMapCommand } from '../../cluster/map-codec.js';
import type { Entry, Snapshot } from '../../raft/types.js';
import { decodeDescription } from './snapshot-description.js';

export class MapTable {
  private map: ClusterMap = EMPTY_MAP;

  /** As it is now; it does not change afterwards. */
  get current(): ClusterMap {
    return this.map;
  }

  /** Whether `entry` was for this table. Throws MalformedBytes for a committed entry that cannot be read. */
  onEntry(entry: Entry): boolean {
    if (entry.type !== 'normal' || entry.data[0] !== ENTRY_KIND.map) return false;
    this.map = applyMapCommand(this.map, decodeMapCommand(entry.data), entry.index);
    return true;
  }

  /** Takes the state of a snapshot; of none at all, the state before the first entry. Throws MalformedBytes. */
  restore(snapshot: Snapshot | 'unavailable'): void {
    const none = snapshot === 'unavailable' || snapshot.metadata.index === 0;
    this.map = none ? EMPTY_MAP : decodeDescription(snapshot.data).map;
  }
}
