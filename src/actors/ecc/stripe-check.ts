/**
 * Checks what this node holds of one stripe, and mends what is wrong (DESIGN.md section 7, scrub): sealed segments by their checksums,
 * its own parity shard against the segments that it records.
 *
 * A wrong segment is dropped at once, so that nobody is answered from it, and rebuilt from the others. A parity shard is computed anew
 * from the bytes of everything that it records, fetched or solved for, each with the right checksum; it is compared in the turn in
 * which its contributions are still those, and a wrong one is begun anew from the same bytes in that turn. Segments that a shard
 * owes are folded in by `refold`, in the same way. One for each group, owned by LocalGroups.
 */
import { asDcacheError } from '../../base/errors.js';
import { bytesEqual } from '../../base/bytes.js';
import type { NodeId } from '../../base/ids.js';
import { errorFields, type Logger } from '../../base/log.js';
import { hashBytes } from '../../store/byte-hash.js';
import type { Segment } from '../../store/segment.js';
import type { Contribution } from '../../replication/messages.js';
import type { SegmentRebuilder } from './ports.js';
import type { RebuildTurns } from './rebuild-turns.js';
import type { Replica } from './replica.js';
import { type SegmentSolver, TriedPlans } from './segment-solver.js';
import type { StripeQuestions } from './stripe-questions.js';
import { StripeView } from './stripe-view.js';

export interface StripeCheckParts {
  readonly self: NodeId;
  readonly group: number;
  /** Data positions. */
  readonly k: number;
  readonly replica: Pick<Replica, 'state' | 'shardsOf' | 'parity' | 'isInSync' | 'primary' | 'resetShard'>;
  /** Of the group's code. */
  readonly codec: { fold(position: number, segment: Uint8Array, parityIndex: number, shard: Uint8Array): void };
  readonly questions: Pick<StripeQuestions, 'ask'>;
  readonly solver: Pick<SegmentSolver, 'solve'>;
  readonly rebuilder: SegmentRebuilder;
  /** Shared with rebuilds: there is memory for few at a time. */
  readonly turns: Pick<RebuildTurns, 'run'>;
  readonly logger: Logger;
}

/**
 * What came of a shard: `right`; `mended`, it was wrong; `unmended`, it is wrong, or missing, and cannot be rebuilt now; `unchecked`,
 * too little is at hand to say.
 */
export type Finding = 'right' | 'mended' | 'unmended' | 'unchecked';

export interface StripeFindings {
  /** One for each shard that this node holds of the stripe. */
  readonly findings: readonly Finding[];
  /** Bytes that were read for it. */
  readonly bytes: number;
}

/** A shard whose contributions change while it is looked at is looked at again so often. */
const MAX_LOOKS = 4;

export class StripeCheck {
  private readonly parts: StripeCheckParts;

  constructor(parts: StripeCheckParts) {
    this.parts = parts;
  }

  /** Numbers of the stripes of which this node holds something that can be checked, ascending; none while it is not in sync. */
  stripes(): number[] {
    const { replica, k } = this.parts;
    if (!replica.isInSync) return [];
    const numbers = new Set<number>();
    for (let position = 0; position < k; position++) {
      for (const segment of replica.state(position)?.store.table.all() ?? []) {
        if (this.isKept(position, segment)) numbers.add(segment.number);
      }
      for (const { number } of replica.parity?.listings(position) ?? []) numbers.add(number);
    }
    return [...numbers].sort((a, b) => a - b);
  }

  async check(stripe: number): Promise<StripeFindings> {
    const { replica, k } = this.parts;
    const findings: Finding[] = [];
    let bytes = 0;
    for (let position = 0; position < k && replica.isInSync; position++) {
      const segment = replica.state(position)?.store.table.maybe(stripe);
      if (segment === undefined || !this.isKept(position, segment)) continue;
      bytes += segment.length;
      findings.push(await this.checkSegment(position, segment));
    }
    const shard = replica.parity?.shard(stripe);
    if (shard !== undefined && replica.isInSync) {
      bytes += shard.length * (replica.parity?.contributions(stripe).length ?? 0);
      findings.push(await this.checkParity(stripe));
    }
    return { findings, bytes };
  }

  /** Folds what the shard of `stripe` owes into it, as far as its bytes can be had now. Resolves with how many bytes it was. */
  async refold(stripe: number): Promise<number> {
    const { parity } = this.parts.replica;
    const owed = (parity?.owed() ?? []).filter(({ number }) => number === stripe);
    const gathered = await this.gather(stripe, owed);
    let bytes = 0;
    for (const { position, checksum } of owed) {
      const segment = gathered.segments.get(position);
      if (segment !== undefined && parity?.refold(position, stripe, segment, checksum) === true)
        bytes += segment.length;
    }
    return bytes;
  }

  /** Whether it is a sealed segment that is this node's to keep, or that it keeps raw though it has folded it. */
  private isKept(position: number, { number, state, checksum, isRaw }: Segment): boolean {
    const { replica } = this.parts;
    if (state !== 'sealed' || replica.primary(position) === undefined) return false;
    // An acting primary may take back a seal that is not committed, for which it needs the bytes.
    return replica.parity === undefined || (isRaw && replica.parity.has(position, number, checksum));
  }

  private async checkSegment(position: number, segment: Segment): Promise<Finding> {
    const { replica, group, logger, rebuilder } = this.parts;
    const { number, checksum } = segment;
    const table = replica.state(position)?.store.table;
    if (table?.maybe(number) !== segment) return 'unchecked';
    if (segment.isRaw) {
      if (hashBytes(segment.bytes, segment.length, 0) === checksum) return 'right';
      logger.warn({ group, position, stripe: number }, 'a segment is damaged');
      table.dropBytes(number);
      // It was a cache: what is folded is in the parity shards.
      if (replica.parity?.has(position, number, checksum) === true) return 'mended';
    }
    try {
      await rebuilder.rebuild(position, [number], 'patient');
    } catch (error) {
      logger.error(
        { group, position, stripe: number, ...errorFields(asDcacheError(error)) },
        'a segment stays damaged',
      );
      return 'unmended';
    }
    logger.info({ group, position, stripe: number }, 'a damaged segment is rebuilt');
    return 'mended';
  }

  private async checkParity(stripe: number): Promise<Finding> {
    const { replica, group, logger } = this.parts;
    const { parity } = replica;
    for (let look = 0; look < MAX_LOOKS && parity !== undefined && replica.isInSync; look++) {
      const contributions = parity.contributions(stripe);
      const { segments, hadWrongResults } = await this.gather(stripe, contributions);
      if (!sameContributions(contributions, parity.contributions(stripe))) continue;
      if (segments.size < contributions.length) return hadWrongResults ? 'unmended' : 'unchecked';
      const shard = parity.shard(stripe);
      if (shard === undefined || this.isCodeOf(shard, segments, parity.parityIndex)) return 'right';
      logger.warn({ group, stripe, parity: parity.parityIndex }, 'a parity shard is wrong: it is made anew');
      replica.resetShard(stripe);
      for (const { position, checksum } of contributions) {
        const bytes = segments.get(position);
        if (bytes !== undefined) parity.refold(position, stripe, bytes, checksum);
      }
      return 'mended';
    }
    return 'unchecked';
  }

  /** The bytes of these segments of the stripe, by position, in one round of questions; those that cannot be had are left out. */
  private async gather(
    stripe: number,
    wanted: readonly Contribution[],
  ): Promise<{ readonly segments: ReadonlyMap<number, Uint8Array>; readonly hadWrongResults: boolean }> {
    const { replica, questions, solver, turns, self, k } = this.parts;
    const segments = new Map<number, Uint8Array>();
    const tried = new Map<number, TriedPlans>();
    const lengths = new Map<number, number>();
    for (let position = 0; position < k; position++) {
      const segment = replica.state(position)?.store.table.maybe(stripe);
      if (segment !== undefined) lengths.set(position, segment.length);
    }
    const own = replica.shardsOf(stripe);
    const sizeBytes = replica.state(0)?.store.table.layout.sizeBytes(stripe);
    if (own === undefined || sizeBytes === undefined || wanted.length === 0)
      return { segments, hadWrongResults: false };
    const view = new StripeView(sizeBytes, own, self);
    let wrong = 0;
    const attempt = async (): Promise<true | undefined> => {
      for (const { position, checksum } of wanted) {
        const length = lengths.get(position);
        if (segments.has(position) || length === undefined) continue;
        const plans = tried.get(position) ?? new TriedPlans();
        tried.set(position, plans);
        const before = plans.wrong.size;
        const bytes = await solver.solve(view, { position, number: stripe, checksum, length }, plans);
        if (bytes !== undefined) segments.set(position, bytes);
        else wrong += plans.wrong.size - before;
      }
      return segments.size === wanted.length ? true : undefined;
    };
    await turns.run(async () => void (await questions.ask(stripe, view, attempt)), 'patient').done;
    return { segments, hadWrongResults: wrong > 0 };
  }

  private isCodeOf(shard: Uint8Array, segments: ReadonlyMap<number, Uint8Array>, parityIndex: number): boolean {
    const expected = new Uint8Array(shard.length);
    const segment = new Uint8Array(shard.length);
    for (const [position, bytes] of segments) {
      segment.set(bytes);
      segment.fill(0, bytes.length);
      this.parts.codec.fold(position, segment, parityIndex, expected);
    }
    return bytesEqual(expected, shard);
  }
}

function sameContributions(a: readonly Contribution[], b: readonly Contribution[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ position, checksum }, i) => {
      return b[i]?.position === position && b[i].checksum === checksum;
    })
  );
}
