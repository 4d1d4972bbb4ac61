import { unlimitedMemory } from '../support/unlimited-memory.js';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Incarnation, NodeId } from '../../src/base/ids.js';
import type { GroupMember } from '../../src/cluster/cluster-map.js';
import type { Effect } from '../../src/replication/effects.js';
import { EMPTY_HEADER } from '../../src/replication/entry-codec.js';
import type { Append, AppendReply } from '../../src/replication/messages.js';
import { LIMITS } from '../../src/base/limits.js';
import { PartitionLog } from '../../src/replication/partition-log.js';
import type { PartitionState } from '../../src/replication/partition-state.js';
import { Primary } from '../../src/replication/primary.js';
import { TransferPace } from '../../src/replication/transfer-pace.js';
import { RecordedStore } from '../../src/replication/recorded-store.js';
import { SipKeyHash } from '../../src/store/key-hash.js';
import { STANDARD_LAYOUT } from '../../src/store/layout.js';
import { PartitionStore } from '../../src/store/partition-store.js';
import { SlabPool } from '../../src/store/slab-pool.js';
import { playHeldUpAck } from './held-up-ack.js';

const member = (name: string, life = 1): GroupMember => ({ nodeId: name as NodeId, incarnation: life as Incarnation });
const [b, c] = [member('b'), member('c')];
const KEY = new TextEncoder().encode('fruit');
const VALUE = new TextEncoder().encode('cherry');
const NOW = 1_000;

let effects: Effect[];
let primary: Primary;

beforeEach(() => {
  effects = [];
  const store = new PartitionStore(new SlabPool(), STANDARD_LAYOUT, new SipKeyHash({ low: 1, high: 2 }));
  const state: PartitionState = { store, log: new PartitionLog(), appliedIndex: 0, header: EMPTY_HEADER };
  primary = new Primary(
    {
      name: { group: 0, position: 0 },
      state,
      folds: undefined,
      leads: () => false,
      newStore: () => new RecordedStore(state),
      memory: unlimitedMemory(),
      pace: new TransferPace(),
      emit: (effect) => effects.push(effect),
    },
    { epoch: 2, backups: [b, c], learners: [], versionFloor: 1_000_000 },
  );
});

function reply(from: GroupMember, index: number, changed: Partial<AppendReply> = {}): void {
  const message: AppendReply = {
    type: 'append-reply',
    group: 0,
    position: 0,
    status: 'matched',
    epoch: 2,
    joinIndex: 0,
    index,
    appliedIndex: 0,
    freeBytes: Number.MAX_SAFE_INTEGER,
    pressure: 'none',
    ...changed,
  };
  primary.onAppendReply(from, message, NOW);
}

function set(): number {
  return primary.change(() => primary.store.set(KEY, VALUE, primary.lastIndex + 1, NOW)).index;
}

function appendsTo(peer: GroupMember): Append[] {
  return effects.flatMap((effect) =>
    effect.type === 'send' && effect.to === peer.nodeId && effect.message.type === 'append' ? [effect.message] : [],
  );
}

describe('a new primary', () => {
  test('opens its epoch with an empty Append to every backup', () => {
    primary.flush(NOW);
    expect(appendsTo(b)).toMatchObject([{ epoch: 2, prevIndex: 0, entries: [] }]);
    expect(appendsTo(c)).toHaveLength(1);
  });

  test('serves when all members have promised, not before', () => {
    reply(b, 0);
    expect(primary.serving).toBe(false);
    reply(c, 0);
    expect(primary.serving).toBe(true);
    expect(effects).toContainEqual({ type: 'roles-changed' });
  });

  test('does not take the promise of an earlier life of a member', () => {
    reply(b, 0);
    reply(member('c', 7), 0);
    expect(primary.serving).toBe(false);
  });
});

describe('a change', () => {
  beforeEach(() => {
    reply(b, 0);
    reply(c, 0);
  });

  test('is committed when all members have it', () => {
    const index = set();
    reply(b, index);
    expect(primary.commitIndex).toBe(0);
    reply(c, index);
    expect(primary.commitIndex).toBe(index);
    expect(effects).toContainEqual({ type: 'committed', position: 0, index });
  });

  test('is not committed by an acknowledgement of another epoch (I5)', () => {
    const index = set();
    reply(b, index);
    reply(c, index, { epoch: 1 });
    expect(primary.commitIndex).toBe(0);
  });

  test('is not committed by an acknowledgement of what is not in the log', () => {
    const index = set();
    reply(b, index);
    reply(c, index + 1);
    expect(primary.commitIndex).toBe(0);
  });

  test('is waited for by answers about its key until it is committed (I7)', () => {
    const tag = primary.store.partition.hash.keyTag(KEY, 0, KEY.length);
    const index = set();
    expect(primary.uncommittedIndexOf(tag)).toBe(index);
    reply(b, index);
    reply(c, index);
    expect(primary.uncommittedIndexOf(tag)).toBe(0);
  });

  test('is committed by those who stay when a member leaves', () => {
    const index = set();
    reply(b, index);
    primary.onConfiguration({ epoch: 3, backups: [b], learners: [], versionFloor: 1_000_000 });
    expect(primary.commitIndex).toBe(0);
    reply(b, index, { epoch: 3 });
    expect(primary.commitIndex).toBe(index);
  });

  test('is taken back when the office ends before it is committed', () => {
    set();
    const { store } = primary;
    primary.resign();
    expect(store.partition.index.size).toBe(0);
    expect(primary.serving).toBe(false);
  });
});

test('an acknowledgement that was held up for two epochs does not count where other entries have taken its place (I5)', () => {
  expect(playHeldUpAck).not.toThrow();
});

test('a primary that has let go serves again in a newer epoch only', () => {
  reply(b, 0);
  reply(c, 0);
  primary.letGo(2);
  expect(primary.serving).toBe(false);
  primary.onConfiguration({ epoch: 3, backups: [b, c], learners: [], versionFloor: 1_000_000 });
  expect(primary.serving).toBe(true);
});

test('a primary near the end of its indexes takes no writes', () => {
  reply(b, 0);
  reply(c, 0);
  expect(primary.isFull).toBe(false);
  primary.onConfiguration({ epoch: 2, backups: [b, c], learners: [], versionFloor: 10 });
  expect(primary.isFull).toBe(true);
});

describe('a backup that does not answer', () => {
  const LARGE = new Uint8Array(LIMITS.maxPartitionAppendBytes);

  beforeEach(() => {
    reply(b, 0);
    reply(c, 0);
  });

  function setLarge(): void {
    primary.change(() => primary.store.set(KEY, LARGE, primary.lastIndex + 1, NOW));
    primary.flush(NOW);
  }

  test('is sent no more than its window, whatever there is', () => {
    for (let i = 0; i < 12; i++) setLarge();
    const sent = appendsTo(b).flatMap(({ entries }) => entries);
    const bytes = sent.reduce((sum, entry) => sum + entry.bytes.length, 0);
    expect(bytes).toBeGreaterThanOrEqual(LIMITS.maxPartitionInflightBytes);
    expect(bytes).toBeLessThanOrEqual(
      LIMITS.maxPartitionInflightBytes + LIMITS.maxPartitionAppendBytes + LIMITS.maxEntryBytes,
    );
  });

  test('slows its primary before memory runs away, until it has caught up', () => {
    let writes = 0;
    while (!primary.isFull && writes < 1_000) {
      setLarge();
      writes++;
    }
    expect(writes).toBeGreaterThan(1);
    expect(writes * LARGE.length).toBeLessThanOrEqual(LIMITS.maxPartitionUncommittedBytes + LARGE.length);
    reply(b, primary.lastIndex);
    reply(c, primary.lastIndex);
    expect(primary.isFull).toBe(false);
  });

  test('is asked again after a while, without being sent everything once more', () => {
    set();
    primary.flush(NOW);
    const before = appendsTo(b).length;
    primary.flush(NOW + 1_000);
    const again = appendsTo(b).slice(before);
    expect(again).toMatchObject([{ prevIndex: primary.lastIndex, entries: [] }]);
  });
});
