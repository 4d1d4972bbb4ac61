/** Plays the quorum scripts: `committed` draws what is known and the committed index, `vote` tells an election's state. */
import { majorityIndex, majorityVote, quorumIndex, quorumVote, type VoteResult } from '../../src/raft/quorum.js';
import type { Argument, Directive } from './script.js';

const RESULTS: Record<VoteResult, string> = { pending: 'VotePending', lost: 'VoteLost', won: 'VoteWon' };

export function runQuorumDirective(directive: Directive): string {
  const { args } = directive;
  const voters = valuesOf(args, 'cfg').map(Number);
  const second = args.find(({ name }) => name === 'cfgj');
  const votersOutgoing = (second?.values ?? []).filter((word) => word !== 'zero').map(Number);
  const ids = [...new Set([...voters, ...votersOutgoing])];
  const quorum = { voters, votersOutgoing };
  switch (directive.command) {
    case 'committed': {
      const words = valuesOf(args, 'idx');
      if (words.length !== ids.length) return mismatch(ids, words);
      const known = assign(ids, words);
      const index = (id: number): number => Number(known.get(id) ?? 0);
      const committed = second ? quorumIndex(quorum, index) : majorityIndex(voters, index);
      return `${chart(
        [...ids].sort((a, b) => a - b),
        known,
      )}${committed === Infinity ? '∞' : committed}\n`;
    }
    case 'vote': {
      const words = valuesOf(args, 'votes');
      if (words.length !== ids.length) return mismatch(ids, words);
      const known = assign(ids, words);
      const vote = (id: number): boolean | undefined => (known.has(id) ? known.get(id) === 'y' : undefined);
      return `${RESULTS[second ? quorumVote(quorum, vote) : majorityVote(voters, vote)]}\n`;
    }
    default:
      throw new Error(`unknown command ${directive.command}`);
  }
}

function valuesOf(args: readonly Argument[], name: string): readonly string[] {
  return args.find((arg) => arg.name === name)?.values ?? [];
}

/** Votes are counted as 1 for no and 2 for yes there, and whatever is missing as 0. */
function mismatch(ids: readonly number[], words: readonly string[]): string {
  const voters = [...ids].sort((a, b) => a - b).map((id) => `${id}:{}`);
  const inputs = words.map((word) => ({ _: '0', n: '1', y: '2' })[word] ?? word);
  return `error: mismatched input (explicit or _) for voters map[${voters.join(' ')}]: [${inputs.join(' ')}]`;
}

/** Each id its word, in the order in which the ids are first named; `_` is none. */
function assign(ids: readonly number[], words: readonly string[]): ReadonlyMap<number, string> {
  const pairs = ids.map((id, i) => [id, words[i] ?? '_'] as const);
  return new Map(pairs.filter(([, word]) => word !== '_'));
}

/** A bar of one x for each voter whose index is known to be, or may be, smaller. */
function chart(ids: readonly number[], known: ReadonlyMap<number, string>): string {
  if (ids.length === 0) return '<empty majority quorum>';
  const indexOf = (id: number): number => Number(known.get(id) ?? 0);
  const rows = ids.map((id) => {
    const bar = ids.filter((other) => indexOf(other) < indexOf(id)).length;
    const mark = known.has(id) ? `${'x'.repeat(bar)}>${' '.repeat(ids.length - bar)}` : `?${' '.repeat(ids.length)}`;
    return `${mark} ${String(indexOf(id)).padStart(5)}    (id=${id})\n`;
  });
  return `${' '.repeat(ids.length)}    idx\n${rows.join('')}`;
}
