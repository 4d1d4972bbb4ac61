/**
 * Gives sealed segments that this node has folded their bytes back, from what the other in-sync nodes of the group have of the
 * stripe (DESIGN.md section 7, "Degraded read", I10). Asks all of them and uses the first sufficient set of answers; the checksum of
 * the result decides. What is not determined yet is asked for again after a pause, with everything read afresh, since stripes
 * change meanwhile; what comes out wrong is tried with another subset.
 *
 * The store gets the bytes back only if it still misses that very segment. They stay as a cache within a budget, the oldest
 * give way first, except those that a request is waiting for. Requests for one segment share one rebuild; few are under way at a
 * time. Owned by LocalGroups, one for each group.
 */
import { DcacheError } from '../../base/errors.js';
import { errorFields, type Logger } from '../../base/log.js';
import { sameMember, type GroupMember } from '../../cluster/cluster-map.js';
import type { RebuildJob } from '../../erasure/codec-job.js';
import type { RebuildPattern } from '../../erasure/solver.js';
import { planRebuilds, type NamedSegment } from '../../recovery/rebuild-plan.js';
import type { DataMessage, ShardReply } from '../../replication/messages.js';
import { hashBytes } from '../../store/byte-hash.js';
import type { Segment } from '../../store/segment.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { SegmentRebuilder } from './partition-service.js';
import { RebuiltCache } from './rebuilt-cache.js';
import type { Replica } from './replica.js';
import { StripeView } from './stripe-view.js';

/** Larger jobs of the codec; adapters/codec-pool in a node. All memory of a job is shared memory. */
export interface RebuildPool {
  /** Rejects with a DcacheError; the targets are undefined then. */
  run(job: RebuildJob): Promise<unknown>;
}

export interface DegradedReadsParts {
  readonly group: number;
  /** Data positions. */
  readonly k: number;
  readonly replica: Pick<Replica, 'state' | 'shardsOf' | 'parity' | 'epoch'>;
  readonly code: { determines(pattern: RebuildPattern): boolean };
  readonly pool: RebuildPool;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Bytes of rebuilt segments that are kept. */
  readonly cacheBytes?: number;
  /** A segment has been rebuilt, or came out wrong: some shard of the group is damaged. */
  onResult?(result: 'done' | 'wrong'): void;
  /** Why asking again is of no use: too few members are up, and nobody takes over. */
  hopeless?(): DcacheError | undefined;
  send(to: GroupMember['nodeId'], message: DataMessage): void;
}

const MAX_UNDER_WAY = 4;
const ASK_AGAIN_MS = 200;
const GIVE_UP_MS = 5_000;
const CACHE_BYTES = 64 * 1024 * 1024;

type Outcome = 'done' | 'undetermined';

/**
 * What can be said of a sealed segment whose bytes are not here. `undecodable`: all members have answered in this epoch, what they have does not
 * determine it, and whoever could still tell more is out of sync. `unclear`: ask again.
 */
export type Verdict = 'here' | 'undecodable' | 'unclear';

/** One question to the group about a stripe. */
interface Question {
  readonly view: StripeView;
  /** Members that have answered in the epoch of this node. */
  readonly answered: Set<GroupMember['nodeId']>;
  /** Something has arrived. */
  wake: () => void;
}

export class DegradedReads implements SegmentRebuilder {
  private readonly parts: DegradedReadsParts;
  private readonly cache: RebuiltCache;
  private members: readonly GroupMember[] = [];
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly questions = new Map<number, Question>();
  private readonly turns: (() => void)[] = [];
  private running = 0;
  private nextRequestId = 1;
  private stopped = false;
  private wrongResults = 0;

  constructor(parts: DegradedReadsParts) {
    this.parts = parts;
    this.cache = new RebuiltCache(parts.cacheBytes ?? CACHE_BYTES);
  }

  /** Results whose checksum was wrong, subsets that were tried included: some shard of the group is damaged. */
  get wrong(): number {
    return this.wrongResults;
  }

  /** Who else is in sync: whom to ask. */
  onMembers(others: readonly GroupMember[]): void {
    this.members = others;
  }

  onReply(from: GroupMember, reply: ShardReply): void {
    const question = this.questions.get(reply.requestId);
    if (question === undefined || !this.members.some((member) => sameMember(member, from))) return;
    question.view.add(reply);
    if (reply.epoch === this.parts.replica.epoch) question.answered.add(from.nodeId);
    question.wake();
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
  }

  stop(): void {
    this.stopped = true;
    for (const { wake } of this.questions.values()) wake();
  }

  async rebuild(position: number, numbers: readonly number[]): Promise<void> {
    const names = numbers.map((number) => `${position}/${number}`);
    const unpin = this.cache.pin(names);
    try {
      await Promise.all(numbers.map((number) => this.shared(position, number)));
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
    const { replica } = this.parts;
    const { epoch } = replica;
    const { outcome, question } = await this.ask(position, segment, true);
    if (outcome === 'done' || this.missing(position, number) !== segment) return 'here';
    const haveAll = this.members.every(({ nodeId }) => question.answered.has(nodeId)) && replica.epoch === epoch;
    const mayBeKnown = question.view.offers.parities
      .flatMap(({ contributions }) => contributions)
      .some((other) => other.position !== position && isHeld(other.position) && !question.view.bytesOf(other));
    return haveAll && !mayBeKnown ? 'undecodable' : 'unclear';
  }

  private shared(position: number, number: number): Promise<void> {
    const name = `${position}/${number}`;
    const known = this.underWay.get(name);
    if (known !== undefined) return known;
    const rebuild = this.inTurn(() => this.persist(position, number)).finally(() => this.underWay.delete(name));
    this.underWay.set(name, rebuild);
    return rebuild;
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    if (this.running >= MAX_UNDER_WAY) await new Promise<void>((resolve) => this.turns.push(resolve));
    else this.running++;
    try {
      await work();
    } finally {
      const next = this.turns.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }

  /** Asks until the segment is here, or needed no more. */
  private async persist(position: number, number: number): Promise<void> {
    const startedAtMs = this.parts.scheduler.nowMs();
    for (;;) {
      const segment = this.missing(position, number);
      if (segment === undefined) return;
      if (this.stopped) throw new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one');
      if ((await this.ask(position, segment, false)).outcome === 'done') return;
      const hopeless = this.parts.hopeless?.();
      if (hopeless !== undefined) throw hopeless;
      if (this.parts.scheduler.nowMs() - startedAtMs >= GIVE_UP_MS) {
        const told = `the ${this.members.length + 1} nodes of group ${this.parts.group} that are in sync have too little of stripe ${number}`;
        throw new DcacheError('ECC_UNDECODABLE', `${told}; try again in a moment`);
      }
    }
  }

  /** The segment, if it is still one that was sealed and folded and whose bytes are not here. */
  private missing(position: number, number: number): Segment | undefined {
    const segment = this.parts.replica.state(position)?.store.table.maybe(number);
    return segment?.state === 'sealed' && !segment.isRaw ? segment : undefined;
  }

  /**
   * One round: asks everybody, and tries after every answer until time has passed, or `once` everybody has answered.
   */
  private async ask(
    position: number,
    segment: Segment,
    once: boolean,
  ): Promise<{ readonly outcome: Outcome; readonly question: Question }> {
    const { replica, group, scheduler } = this.parts;
    const own = replica.shardsOf(segment.number);
    const requestId = this.nextRequestId++;
    const view = new StripeView(segment.sizeBytes, own ?? { data: [], parity: null });
    const deadlineMs = scheduler.nowMs() + ASK_AGAIN_MS;
    const question: Question = { view, answered: new Set(), wake: () => undefined };
    this.questions.set(requestId, question);
    const tried = new Set<string>();
    try {
      for (const { nodeId } of this.members) {
        this.parts.send(nodeId, { type: 'shard-request', group, requestId, stripe: segment.number });
      }
      for (;;) {
        view.takeNews();
        if ((await this.tryPlans(position, segment, view, tried)) === 'done') return { outcome: 'done', question };
        const leftMs = deadlineMs - scheduler.nowMs();
        const haveAll = once && question.answered.size >= this.members.length;
        if (leftMs <= 0 || this.stopped || haveAll) return { outcome: 'undetermined', question };
        if (!view.takeNews()) await this.wokenWithin(question, leftMs);
      }
    } finally {
      this.questions.delete(requestId);
    }
  }

  private async tryPlans(position: number, segment: Segment, view: StripeView, tried: Set<string>): Promise<Outcome> {
    const wanted: NamedSegment = { position, checksum: segment.checksum };
    for (const plan of planRebuilds(wanted, view.offers, (pattern) => this.parts.code.determines(pattern))) {
      if (tried.has(plan.name)) continue;
      tried.add(plan.name);
      const target = plan.type === 'copy' ? view.bytesOf(wanted) : await this.solve(view, plan, wanted);
      if (target === undefined) continue;
      const bytes = target.subarray(0, segment.length);
      if (hashBytes(bytes, bytes.length, 0) !== segment.checksum) {
        this.wrongResults++;
        this.parts.onResult?.('wrong');
        const { group, logger } = this.parts;
        logger.warn(
          { group, position, stripe: segment.number, plan: plan.name },
          'a rebuilt segment is wrong: a shard is damaged',
        );
        continue;
      }
      this.giveBack(position, segment, bytes);
      return 'done';
    }
    return 'undetermined';
  }

  private async solve(
    view: StripeView,
    plan: Parameters<StripeView['job']>[0],
    wanted: NamedSegment,
  ): Promise<Uint8Array | undefined> {
    const { job, target } = view.job(plan, wanted.position, this.parts.k);
    try {
      await this.parts.pool.run(job);
      return target;
    } catch (error) {
      this.parts.logger.warn({ group: this.parts.group, ...errorFields(error) }, 'a rebuild could not be computed');
      return undefined;
    }
  }

  private giveBack(position: number, segment: Segment, bytes: Uint8Array): void {
    const table = this.parts.replica.state(position)?.store.table;
    // It may have been released, or the role been lost, while the codec was at work.
    if (table?.maybe(segment.number) !== segment || this.missing(position, segment.number) === undefined) return;
    table.restoreBytes(segment.number, bytes);
    this.parts.onResult?.('done');
    this.cache.add(`${position}/${segment.number}`, table, segment);
  }

  private wokenWithin(question: Question, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.scheduler.after(timeoutMs, resolve);
      question.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
