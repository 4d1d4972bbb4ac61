/**
 * What writers were told and what readers may therefore see. Every key has one writer, whose values are numbered upwards, so
 * that linearizability is two inequalities a read: not older than what was acknowledged, or read by anybody, before it began; not newer
 * than what had been sent when it ended. Once an outcome is unknown the key is left alone, so that a late effect cannot hide
 * the loss of a later write.
 */

interface Account {
  /** Number of the newest write that was sent; the next one is larger. */
  sent: number;
  /** Number of the newest write that was acknowledged or seen by a read; at most `sent`, never smaller than before. */
  settled: number;
  /** Numbers of writes that are definitely not done: nobody may see them. */
  readonly refused: Set<number>;
  /** No more writes: the outcome of the last one is unknown. */
  isClosed: boolean;
}

const FILLER = 'abcdefghijklmnopqrstuvwxyz'.repeat(60);

export class Ledger {
  /** What must not have happened, in words. */
  readonly violations: string[] = [];
  /** Writes that were acknowledged. */
  acknowledged = 0;
  private readonly accounts = new Map<string, Account>();

  get keys(): string[] {
    return [...this.accounts.keys()];
  }

  /** Begins a write. @returns its number, undefined when the key is closed. */
  send(key: string): number | undefined {
    const account = this.accountOf(key);
    return account.isClosed ? undefined : ++account.sent;
  }

  onAcknowledged(key: string, number: number): void {
    const account = this.accountOf(key);
    account.settled = Math.max(account.settled, number);
    this.acknowledged++;
  }

  onRefused(key: string, number: number): void {
    this.accountOf(key).refused.add(number);
  }

  onUnknown(key: string): void {
    this.accountOf(key).isClosed = true;
  }

  /** Begins a read. @returns how it ends: called with what was found. */
  read(key: string): (value: string | undefined) => void {
    const account = this.accountOf(key);
    const least = account.settled;
    return (value) => {
      const problem = problemWith(key, value, least, account);
      if (problem === undefined) account.settled = Math.max(account.settled, numberIn(value));
      else this.violations.push(`${key}: ${problem}`);
    };
  }

  private accountOf(key: string): Account {
    const known = this.accounts.get(key);
    if (known !== undefined) return known;
    const account: Account = { sent: 0, settled: 0, refused: new Set(), isClosed: false };
    this.accounts.set(key, account);
    return account;
  }
}

/** The value that write `number` gives to a key: of many lengths, and different in every byte that matters. */
export function valueOf(key: string, number: number): string {
  return `${number} ${key} ${FILLER.slice(number % 26, (number * 131) % FILLER.length)}`;
}

function numberIn(value: string | undefined): number {
  return value === undefined ? 0 : Number.parseInt(value, 10);
}

/** Undefined when nothing speaks against it. */
function problemWith(key: string, value: string | undefined, least: number, account: Account): string | undefined {
  const number = numberIn(value);
  if (value !== undefined && value !== valueOf(key, number)) return `somebody else's bytes: ${value.slice(0, 60)}`;
  if (number < least) return `write ${least} was acknowledged or read before, and then ${number} was read`;
  if (number > account.sent) return `write ${number} was read before it was sent`;
  if (account.refused.has(number)) return `write ${number} was definitely not done, and was read`;
  return undefined;
}
