/**
 * What nodes evict, as a part of the history. Nobody asks for an eviction, so it has no answer; but it is a command in the log of its
 * partition, and for the clients the same as a delete at the moment at which that is committed: whoever finds the key missing because of it
 * waits for that (I7), and whoever has found it there was before it in the log. So an evicted value must not be read again, nor may any
 * key be missing that was neither deleted nor evicted.
 *
 * A large value may end piece by piece (store/endings.ts): it is missing from the first piece on, and what ends with the others may be
 * nothing. To the history, the key is missing or as it was, from each of them on.
 */
import { visitEntry } from '../../../src/replication/entry-codec.js';
import { decodeHeadValue } from '../../../src/store/fragments.js';
import type { Location } from '../../../src/store/layout.js';
import { RECORD_FRAGMENT, RECORD_HEAD, RecordView } from '../../../src/store/record.js';
import type { RecordRefs } from '../../../src/store/record-refs.js';
import type { World } from '../world.js';

/** A record where a committed command has put it. */
interface Placed {
  readonly key: string;
  /** Records of its value, itself included, if it is the first of them; 0 for a fragment. */
  readonly records: number;
}

export class Evictions {
  private readonly world: World;
  /** The keys that the history is about. */
  private readonly keys: ReadonlySet<string>;
  /** By partition. */
  private readonly placed = new Map<string, Map<Location, Placed>>();
  private readonly view = new RecordView();

  constructor(world: World, keys: readonly string[]) {
    this.world = world;
    this.keys = new Set(keys);
  }

  /** The next entry of partition `name` is committed. */
  onCommitted(name: string, entry: Uint8Array): void {
    const placed = this.placed.get(name) ?? new Map<Location, Placed>();
    this.placed.set(name, placed);
    visitEntry(entry, {
      put: (to, _tag, _supersedes, record) => void placed.set(to, this.read(record)),
      move: (to, _from, _tag, record) => void placed.set(to, this.read(record)),
      remove: (records, reason) => {
        if (reason === 'evict') this.onEvicted(name, placed, records);
      },
    });
  }

  private read(record: Uint8Array): Placed {
    const { view } = this;
    view.read(record, 0);
    const key = Buffer.from(view.key()).toString('latin1');
    if (view.kind === RECORD_FRAGMENT) return { key, records: 0 };
    return { key, records: view.kind === RECORD_HEAD ? 1 + decodeHeadValue(view).count : 1 };
  }

  private onEvicted(name: string, placed: ReadonlyMap<Location, Placed>, records: RecordRefs): void {
    const found = Array.from({ length: records.count }, (_, i) => placed.get(records.location(i)));
    const key = found[0]?.key;
    if (key === undefined || found.some((each) => each?.key !== key)) {
      this.world.invariants.fail(
        'an eviction ends a value that is there',
        `partition ${name}: ${JSON.stringify(found)}`,
      );
      return;
    }
    if (!this.keys.has(key)) return;
    const { history, time } = this.world;
    const isWhole = found.some((each) => each?.records === records.count);
    const type = isWhole ? 'delete' : 'lose';
    const call = history.invoke('eviction', { key, input: { type } }, time.nowMs);
    call.done(type === 'delete' ? { type, deleted: true } : { type }, time.nowMs);
  }
}
