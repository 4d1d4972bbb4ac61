/**
 * Gives sealed segments whose bytes are not here, since this node has folded or lost them, their bytes back, from what the other
 * in-sync nodes of the group have of the stripe (DESIGN.md section 7, "Degraded read", I10). Asks all of them (stripe-questions.ts)
 * and uses the first sufficient set of answers (segment-solver.ts). What is not determined yet is asked for again after a pause,
 * with everything read afresh, since stripes change meanwhile.
 *
 * The store gets the bytes back only if it still misses that very segment. They stay as a cache within a budget, the oldest
 * give way first, except those that a request is waiting for. Requests for one segment share one rebuild; few are under way at a
 * time, and those that somebody waits for come first. Owned by LocalGroups, one for each group.
 */
import { DcacheError } from '../../base/errors.js';
import type { NodeId } from '../../base/ids.js';
import type { NodeMemory } from '../../replication/node-memory.js';
import type { Segment } from '../../store/segment.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { SegmentRebuilder } from './ports.js';
import type { Haste, RebuildTurn, RebuildTurns } from './rebuild-turns.js';
import { RebuiltCache } from './rebuilt-cache.js';
import type { Replica } from './replica.js';
import { type SegmentSolver, TriedPlans } from './segment-solver.js';
import type { StripeQuestions } from './stripe-questions.js';
import { StripeView } from './stripe-view.js';

export interface DegradedReadsParts {
  readonly self: NodeId;
  readonly group: number;
  readonly replica: Pick<Replica, 'state' | 'shardsOf' | 'parity' | 'epoch'>;
  readonly questions: StripeQuestions;
  readonly solver: Pick<SegmentSolver, 'solve'>;
  readonly scheduler: Scheduler;
  /** Bytes of rebuilt segments that are kept now, as far as there is memory. 64 MiB by default. */
  readonly cacheBytes?: () => number;
  readonly memory: NodeMemory;
  readonly turns: RebuildTurns;
  /** A segment has been rebuilt. */
  onRebuilt?(): void;
  /** Nobody who is in sync could help to rebuild the segment for a while: it may be lost. */
  onGivenUp?(position: number, segment: Segment): void;
  /** Why asking again is of no use: too few members are up, and nobody takes over. */
  hopeless?(): DcacheError | undefined;
}

const GIVE_UP_MS = 5_000;
/** Rebuilt segments may take this much of a group while nothing is said of it. */
export const REBUILT_BYTES = 64 * 1024 * 1024;

type Outcome = 'done' | 'undetermined';

/**
 * What can be said of a sealed segment whose bytes are not here. `undecodable`: all members have answered in this epoch, what they have does not
 * determine it, and whoever could still tell more is out of sync. `unclear`: ask again.
 */
export type Verdict = 'here' | 'undecodable' | 'unclear';

export class DegradedReads implements SegmentRebuilder {
  private readonly parts: DegradedReadsParts;
  private readonly cache: RebuiltCache;
  private readonly underWay = new Map<string, RebuildTurn>();

  constructor(parts: DegradedReadsParts) {
    this.parts = parts;
    const { memory, cacheBytes } = parts;
    // What others need goes before what is only a cache; the last segment may be asked for again at once, by a page or a batch.
    this.cache = new RebuiltCache(() => {
      if (!memory.isShort) return cacheBytes?.() ?? REBUILT_BYTES;
      return memory.hasRoom(0) ? memory.unitBytes : 0;
    });
  }

  /** Whether anybody waits for a segment. */
  get isBusy(): boolean {
    return this.underWay.size > 0;
  }

  /** Whether a segment of so many bytes can be kept without another one giving way. */
  mayKeep(bytes: number): boolean {
    return this.cache.hasRoomFor(bytes) && this.parts.memory.hasRoomToSpare(bytes);
  }

  /** Counts what this node has sealed and folded itself as an acting primary, so that it gives way as well. */
  adoptFolded(position: number): void {
    const { replica } = this.parts;
    const table = replica.state(position)?.store.table;
    if (table === undefined || replica.parity === undefined) return;
    for (const segment of table.all()) {
      const { number, state, isRaw, checksum } = segment;
      if (state !== 'sealed' || !isRaw || !replica.parity.has(position, number, checksum)) continue;
      this.cache.add(`${position}/${number}`, table, segment);
    }
    this.cache.makeRoom();
  }

  async rebuild(position: number, numbers: readonly number[], haste: Haste = 'urgent'): Promise<void> {
    const names = numbers.map((number) => `${position}/${number}`);
    const unpin = this.cache.pin(names);
    try {
      await Promise.all(numbers.map((number) => this.shared(position, number, haste)));
    } finally {
      // Whoever waited goes on in this turn.
      this.parts.scheduler.nextTurn(unpin);
    }
  }

  /**
   * Asks once whether the segment can be rebuilt, and does that if so.
   * @param isHeld whether the holder of a data position is in sync, so that its segments can be had sooner or later.
   */
  async judge(position: number, number: number, isHeld: (position: number) => boolean): Promise<Verdict> {
    const segment = this.missing(position, number);
    if (segment === undefined) return 'here';
    const { replica, questions } = this.parts;
    const { epoch } = replica;
    const view = this.viewOf(segment);
    const answered = new Set<NodeId>();
    const haveAll = (): boolean => answered.size >= questions.members;
    const tried = new TriedPlans();
    const solve = this.attempt(position, segment, view, tried);
    const found = await questions.ask(
      number,
      view,
      async () => (await solve()) ?? (haveAll() && !tried.hasFailed ? 'not determined' : undefined),
      (from, epochThere) => {
        if (epochThere === epoch) answered.add(from.nodeId);
      },
    );
    if (found instanceof Uint8Array) this.giveBack(position, segment, found);
    if (this.missing(position, number) !== segment) return 'here';
    const mayBeKnown = view.offers.parities
      .flatMap(({ contributions }) => contributions)
      .some((other) => other.position !== position && isHeld(other.position) && !view.bytesOf(other));
    return found === 'not determined' && replica.epoch === epoch && !mayBeKnown ? 'undecodable' : 'unclear';
  }

  private shared(position: number, number: number, haste: Haste): Promise<void> {
    const name = `${position}/${number}`;
    const known = this.underWay.get(name);
    if (known !== undefined) {
      if (haste === 'urgent') known.hurry();
      return known.done;
    }
    const { done, hurry } = this.parts.turns.run(() => this.persist(position, number), haste);
    const turn = { done: done.finally(() => this.underWay.delete(name)), hurry };
    this.underWay.set(name, turn);
    return turn.done;
  }

  /** Asks until the segment is here, or needed no more. */
  private async persist(position: number, number: number): Promise<void> {
    const { questions, scheduler, group } = this.parts;
    const startedAtMs = scheduler.nowMs();
    for (;;) {
      const segment = this.missing(position, number);
      if (segment === undefined) return;
      if (questions.isStopped) throw new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one');
      if ((await this.ask(position, segment)) === 'done') return;
      const hopeless = this.parts.hopeless?.();
      if (hopeless !== undefined) throw hopeless;
      if (scheduler.nowMs() - startedAtMs >= GIVE_UP_MS) {
        this.parts.onGivenUp?.(position, segment);
        const told = `the ${questions.members + 1} nodes of group ${group} that are in sync have too little of stripe ${number}`;
        const wayOut = 'if it stays so, `dcache cluster recover --explain` says what can be done';
        throw new DcacheError('ECC_UNDECODABLE', `${told}, or it is damaged; try again in a moment, and ${wayOut}`);
      }
    }
  }

  /** The segment, if it is still one that was sealed and whose bytes are not here: folded and dropped, or found damaged. */
  private missing(position: number, number: number): Segment | undefined {
    const segment = this.parts.replica.state(position)?.store.table.maybe(number);
    return segment?.state === 'sealed' && !segment.isRaw ? segment : undefined;
  }

  /** One round: what everybody has, until the segment can be made of it. */
  private async ask(position: number, segment: Segment): Promise<Outcome> {
    const view = this.viewOf(segment);
    const bytes = await this.parts.questions.ask(segment.number, view, this.attempt(position, segment, view));
    if (bytes === undefined) return 'undetermined';
    this.giveBack(position, segment, bytes);
    return 'done';
  }

  /** What is here of the stripe, for others to add to. */
  private viewOf({ number, sizeBytes }: Segment): StripeView {
    const { replica, self } = this.parts;
    return new StripeView(sizeBytes, replica.shardsOf(number) ?? { data: [], parity: null }, self);
  }

  /** To be called whenever `view` has grown: the bytes of the segment, once they can be had. */
  private attempt(
    position: number,
    segment: Segment,
    view: StripeView,
    tried = new TriedPlans(),
  ): () => Promise<Uint8Array | undefined> {
    const { number, length, checksum } = segment;
    const wanted = { position, number, checksum, length };
    return () => this.parts.solver.solve(view, wanted, tried);
  }

  private giveBack(position: number, segment: Segment, bytes: Uint8Array): void {
    const { replica } = this.parts;
    const { number, checksum } = segment;
    const store = replica.state(position)?.store;
    // It may have been released, or the role been lost, while the codec was at work.
    if (store?.table.maybe(number) !== segment || this.missing(position, number) === undefined) return;
    store.restoreBytes(number, bytes);
    this.parts.onRebuilt?.();
    replica.parity?.refold(position, number, bytes, checksum);
    // At a data holder the segment is its shard, which stays.
    if (replica.parity !== undefined) this.cache.add(`${position}/${number}`, store.table, segment);
  }
}
