/**
 * An interleaving that random ones hardly come to: an acknowledgement is held up on its way until its receiver leads the partition
 * again, an epoch later, with other entries at the same indexes. Its sender has dropped what it vouches for.
 */
import { assert } from '../../src/base/assert.js';
import type { Incarnation, NodeId } from '../../src/base/ids.js';
import { EMPTY_HEADER } from '../../src/replication/entry-codec.js';
import type { AppendReply } from '../../src/replication/messages.js';
import { PartitionLog } from '../../src/replication/partition-log.js';
import type { PartitionState } from '../../src/replication/partition-state.js';
import { Primary } from '../../src/replication/primary.js';
import { RecordedStore } from '../../src/replication/recorded-store.js';
import { TransferPace } from '../../src/replication/transfer-pace.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { STANDARD_LAYOUT } from '../../src/store/layout.js';
import { PartitionStore } from '../../src/store/partition-store.js';
import { unlimitedMemory } from '../support/unlimited-memory.js';

const BACKUP = { nodeId: 'b' as NodeId, incarnation: 1 as Incarnation };
const KEY = new TextEncoder().encode('fruit');
const VALUE = new TextEncoder().encode('cherry');
const NOW_MS = 1_000;
const EPOCH = 3;

/** Throws when the primary of epoch 3 counts what its backup has acknowledged in epoch 1, when the same node was primary. */
export function playHeldUpAck(): void {
  const memory = unlimitedMemory();
  const store = new PartitionStore(memory.pool, STANDARD_LAYOUT, new SipKeyHash({ low: 1, high: 2 }));
  const state: PartitionState = { store, log: new PartitionLog(), appliedIndex: 0, header: EMPTY_HEADER };
  const primary = new Primary(
    {
      name: { group: 0, position: 0 },
      state,
      folds: undefined,
      leads: () => false,
      newStore: () => new RecordedStore(state),
      memory,
      pace: new TransferPace(),
      emit: () => undefined,
    },
    { epoch: EPOCH, backups: [BACKUP], learners: [], versionFloor: 1_000_000 },
  );
  const acknowledge = (epoch: number, index: number): void => {
    const reply: AppendReply = {
      type: 'append-reply',
      group: 0,
      position: 0,
      status: 'matched',
      epoch,
      joinIndex: 0,
      index,
      appliedIndex: 0,
      freeBytes: 0,
      pressure: 'none',
    };
    primary.onAppendReply(BACKUP, reply, NOW_MS);
  };
  acknowledge(EPOCH, 0); // the promise
  const { index } = primary.change(() => primary.store.set(KEY, VALUE, 1, NOW_MS));
  acknowledge(1, index); // of the entry that was there in epoch 1, and that epoch 2 has replaced
  assert(primary.commitIndex < index, 'I5: an acknowledgement counts in its own epoch only');
  acknowledge(EPOCH, index);
  assert(primary.commitIndex === index, 'the acknowledgement of this epoch commits it');
}
