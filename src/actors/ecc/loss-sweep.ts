/**
 * After a declared loss, gives up what nobody can decode any more in the partitions that this node leads in place of their holders (DESIGN.md
 * section 7, "Losing too much"): its segments end at all members by one log entry (`lose`), with every key in them, and their parity shards
 * begin anew. Until then such keys can be neither read nor written; afterwards they are misses, and the map tells of the loss.
 *
 * Less than a member can be lost: a bit flips in the last shard that a stripe has to spare, while one of its segments is missing. Then no node is
 * gone, and nobody knows before somebody asks for the segment in vain. Such a segment is *doubtful*: it is asked about in the same rounds, and
 * when it is found undecodable the node reports its group as damaged (cluster/loss-plan.ts). It is given up once a loss is declared *after* it
 * became doubtful; a loss that was declared before was another one.
 *
 * State: the doubtful segments, and the verdicts of the rounds so far. A segment is *suspect* when more positions without a holder in sync lie in its stripe
 * than there are parity holders to solve for them, or when the shard here does not record it. A suspect is asked about, as a degraded read
 * would; only what is found undecodable in several rounds of one epoch, by the word of all members, is given up. The rounds are apart by more
 * than it takes a member to apply what is committed, and what is asked goes behind what was appended, over the same links; so nobody is
 * only late. Within m failures nothing is ever suspect: of a group that has lost nothing, no more than what is doubtful is looked at.
 *
 * Whatever comes in between does no harm: with a new epoch the rounds begin anew; a new primary of the partition begins with none; an entry that
 * was not committed is taken back, and the segments are suspects again.
 */
import { errorFields, type Logger } from '../../base/log.js';
import type { Group } from '../../cluster/cluster-map.js';
import type { Segment } from '../../store/segment.js';
import type { SegmentTable } from '../../store/segment-table.js';
import type { DegradedReads } from './degraded-reads.js';
import type { LedPartition, Replica } from './replica.js';

export interface LossSweepParts {
  readonly k: number;
  readonly replica: Pick<Replica, 'state' | 'parity' | 'epoch'>;
  readonly reads: Pick<DegradedReads, 'judge'>;
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** While this node leads it. */
  primary(position: number): LedPartition | undefined;
  /** Segments have been given up: there is something to send. */
  onLost(segments: number): void;
}

/** Rounds in which a segment has to be found undecodable, and the time between two of them. */
const ROUNDS = 3;
const ROUND_MS = 1_000;
/** Others become so when somebody asks for them again. */
const MAX_DOUBTFUL = 1_024;
/** Segments of one entry: looking for their records goes through the whole index. */
const SEGMENTS_AT_A_TIME = 256;

interface Doubt {
  readonly position: number;
  readonly lossGeneration: number;
}

interface Suspect {
  readonly segment: Segment;
  /** Part of a loss that has been declared. */
  readonly isDeclared: boolean;
}

interface Suspicion extends Suspect {
  readonly rounds: number;
}

export class LossSweep {
  private readonly parts: LossSweepParts;
  private group: Group | undefined;
  /** By position; of this epoch. */
  private suspicions = new Map<number, readonly Suspicion[]>();
  /** Could not be rebuilt for a request; with its position, and the lossGeneration of the group then. */
  private readonly doubtful = new Map<Segment, Doubt>();
  private isRunning = false;
  private nextRoundMs = 0;

  constructor(parts: LossSweepParts) {
    this.parts = parts;
  }

  onGroup(group: Group): void {
    if (group.epoch !== this.group?.epoch) this.suspicions = new Map();
    this.group = group;
  }

  /** The segment could not be rebuilt for a request. */
  onGivenUp(position: number, segment: Segment): void {
    if (this.group === undefined || this.doubtful.has(segment) || this.doubtful.size >= MAX_DOUBTFUL) return;
    this.doubtful.set(segment, { position, lossGeneration: this.group.lossGeneration });
  }

  /** Whether something that this node leads cannot be decoded any more, though no loss has been declared because of it. */
  get isDamaged(): boolean {
    return [...this.suspicions.values()].flat().some(({ rounds, isDeclared }) => rounds >= ROUNDS && !isDeclared);
  }

  /** To be called every few milliseconds. */
  maybeRun(): void {
    const { group } = this;
    const { nowMs, logger } = this.parts;
    if (group === undefined || this.isRunning || nowMs() < this.nextRoundMs) return;
    if (group.lossGeneration === 0 && this.doubtful.size === 0) return;
    this.isRunning = true;
    this.round(group)
      .catch((error: unknown) =>
        logger.warn({ group: group.id, ...errorFields(error) }, 'a look for lost segments failed'),
      )
      .finally(() => {
        this.isRunning = false;
        this.nextRoundMs = nowMs() + ROUND_MS;
      });
  }

  private async round(group: Group): Promise<void> {
    for (let position = 0; position < this.parts.k; position++) {
      if (this.parts.primary(position)?.serving !== true) {
        this.forget(position);
        continue;
      }
      const before = this.suspicions.get(position) ?? [];
      const found: Suspicion[] = [];
      for (const suspect of this.suspects(group, position)) {
        const { segment } = suspect;
        const verdict = await this.parts.reads.judge(position, segment.number, (other) => this.isHeld(group, other));
        const rounds = (before.find((known) => known.segment === segment)?.rounds ?? 0) + 1;
        if (verdict === 'undecodable') found.push({ ...suspect, rounds });
      }
      // What was found is of an epoch that is over.
      if (this.group?.epoch !== group.epoch) return;
      this.suspicions.set(position, found);
      this.giveUp(group, position, found);
    }
  }

  /** Another node leads the partition. */
  private forget(position: number): void {
    this.suspicions.delete(position);
    for (const [segment, doubt] of this.doubtful) if (doubt.position === position) this.doubtful.delete(segment);
  }

  private suspects(group: Group, position: number): Suspect[] {
    const table = this.parts.replica.state(position)?.store.table;
    const hasLost = group.lossGeneration > 0 && !this.isHeld(group, position);
    const suspects: Suspect[] = hasLost
      ? this.lacking(group, position).map((segment) => ({ segment, isDeclared: true }))
      : [];
    for (const [segment, doubt] of this.doubtful) {
      if (doubt.position !== position) continue;
      if (!isMissing(table, segment)) this.doubtful.delete(segment);
      else if (!suspects.some((known) => known.segment === segment)) {
        suspects.push({ segment, isDeclared: group.lossGeneration > doubt.lossGeneration });
      }
    }
    return suspects;
  }

  /** Segments that nobody may be able to decode since a loss was declared. */
  private lacking(group: Group, position: number): Segment[] {
    const { replica, k } = this.parts;
    const { parity } = replica;
    const table = replica.state(position)?.store.table;
    if (parity === undefined || table === undefined) return [];
    const parityHolders = group.inSync.filter(({ nodeId }) => group.holders.indexOf(nodeId) >= k).length;
    return [...table.all()].filter(({ number, state, isRaw, checksum }) => {
      if (state !== 'sealed' || isRaw) return false;
      const stripe = [...parity.contributions(number), ...parity.owed().filter((owed) => owed.number === number)];
      const unheld = new Set(stripe.map((each) => each.position).filter((each) => !this.isHeld(group, each)));
      return unheld.size > parityHolders || !parity.has(position, number, checksum);
    });
  }

  private giveUp(group: Group, position: number, found: readonly Suspicion[]): void {
    const primary = this.parts.primary(position);
    const table = this.parts.replica.state(position)?.store.table;
    if (primary?.serving !== true || primary.isFull || table === undefined) return;
    const lost = found
      .filter(({ segment, rounds, isDeclared }) => isDeclared && rounds >= ROUNDS && isMissing(table, segment))
      .slice(0, SEGMENTS_AT_A_TIME)
      .map(({ segment }) => segment.number);
    if (lost.length === 0) return;
    const keysBefore = primary.store.values.keyCount;
    primary.change(() => primary.store.lose(lost));
    this.parts.logger.warn(
      { group: group.id, position, segments: lost.length, keys: keysBefore - primary.store.values.keyCount },
      'gives up segments that nobody can decode any more',
    );
    this.parts.onLost(lost.length);
  }

  private isHeld({ holders, inSync }: Group, position: number): boolean {
    const holder = holders[position];
    return inSync.some(({ nodeId }) => nodeId === holder);
  }
}

/** Whether it is still in the table, sealed, and its bytes are not here. */
function isMissing(table: SegmentTable | undefined, segment: Segment): boolean {
  return table?.maybe(segment.number) === segment && segment.state === 'sealed' && !segment.isRaw;
}
