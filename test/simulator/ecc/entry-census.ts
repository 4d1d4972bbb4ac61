/** What the committed entries of partitions do, counted by kind: whether a run has come to what it was meant to come to. */
import { visitEntry } from '../../../src/replication/entry-codec.js';
import type { EccCluster } from './ecc-cluster.js';

export class EntryCensus {
  private readonly cluster: EccCluster;
  private readonly known = {
    'entries committed while a node learned': 0,
    'entries committed while a member was out': 0,
    'entries of partitions with large values': 0,
    'records moved by cleaning': 0,
    'records moved while a member was out': 0,
    'records removed as expired': 0,
    'records removed as expired while a member was out': 0,
    'values evicted': 0,
    'values evicted while a member was out': 0,
    'segments released': 0,
    'segments released while a member was out': 0,
  };

  constructor(cluster: EccCluster) {
    this.cluster = cluster;
  }

  counts(): Readonly<Record<string, number>> {
    return { ...this.known };
  }

  /** The first node says that it is committed. */
  onCommitted(groupId: number, entry: Uint8Array): void {
    const { known } = this;
    const group = this.cluster.map.groups[groupId];
    const isOut = group !== undefined && group.inSync.length < group.holders.length;
    if (isOut) known['entries committed while a member was out']++;
    if (group !== undefined && group.joining.length > 0) known['entries committed while a node learned']++;
    const { largeValues } = visitEntry(entry, {
      move: () => {
        known['records moved by cleaning']++;
        if (isOut) known['records moved while a member was out']++;
      },
      remove: (records, reason) => {
        if (reason === 'evict') known['values evicted']++;
        if (reason === 'evict' && isOut) known['values evicted while a member was out']++;
        if (reason !== 'expire') return;
        known['records removed as expired'] += records.count;
        if (isOut) known['records removed as expired while a member was out'] += records.count;
      },
      release: () => {
        known['segments released']++;
        if (isOut) known['segments released while a member was out']++;
      },
    });
    if (largeValues > 0) known['entries of partitions with large values']++;
  }
}
