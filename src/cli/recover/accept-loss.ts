/** `cluster recover --accept-data-loss`: says what will be lost, asks, and declares it. */
import { acceptLosses, fetchClusterReport, fetchLosses } from '../../adapters/grpc/cluster-client.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import type { GroupLossReport } from '../../cluster/loss-report.js';
import { askCluster } from '../ask-cluster.js';
import { summary } from '../status-table.js';
import { lossInWords } from './loss-words.js';

/** Longer than a node waits for it to be in force. */
const DECLARE_MS = 15_000;
const MAX_TRIES = 3;

export interface AcceptLossParts {
  readonly flags: { readonly endpoints: string; readonly timeout: string };
  readonly say: (text: string) => void;
  /** Whether a person says yes; undefined: there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  /** Whether that has been said already, by --yes. */
  readonly isConfirmed: boolean;
}

export interface AcceptedLosses {
  readonly losses: readonly GroupLossReport[];
  readonly accepted: boolean;
}

/** Resolves with `accepted` false when no group is lost, or the person says no. Rejects with INVALID_ARGUMENT when nobody can be asked. */
export async function acceptDataLoss(parts: AcceptLossParts): Promise<AcceptedLosses> {
  const { flags, say } = parts;
  const losses = await askCluster(flags, fetchLosses);
  const report = await askCluster(flags, fetchClusterReport);
  if (losses.length === 0 || report.map === undefined) {
    say(`No group is lost: nothing to give up.\n${summary(report)}`);
    return { losses, accepted: false };
  }
  say(lossInWords(losses, report.map));
  const missing = [...new Set(losses.flatMap((loss) => loss.missing))].sort();
  if (missing.length > 0) {
    const told = `start ${missing.join(', ')} first: partitions begin empty there`;
    throw new DcacheError('NOT_ENOUGH_NODES', told);
  }
  if (!(await isAgreed(parts))) return { losses, accepted: false };
  await declare(flags, losses);
  say(
    'The loss is declared, and the cluster goes on with what is left. Status shows it until `dcache cluster recover --acknowledge-loss`.',
  );
  return { losses, accepted: true };
}

/** What was agreed to is for these epochs; what another leader has not heard of, or not all of, is said again. */
async function declare(flags: AcceptLossParts['flags'], losses: readonly GroupLossReport[]): Promise<void> {
  let left = losses;
  for (let tries = 1; left.length > 0; tries++) {
    try {
      await askCluster(flags, (address, timeoutMs) => acceptLosses(address, left, Math.max(timeoutMs, DECLARE_MS)));
      return;
    } catch (error) {
      if (asDcacheError(error).outcome !== 'unknown' || tries >= MAX_TRIES) throw error;
    }
    const now = await askCluster(flags, fetchLosses);
    left = losses.filter(({ group, epoch }) => now.some((loss) => loss.group === group && loss.epoch === epoch));
  }
}

async function isAgreed({ confirm, isConfirmed }: AcceptLossParts): Promise<boolean> {
  if (isConfirmed) return true;
  if (confirm === undefined) {
    throw new DcacheError('INVALID_ARGUMENT', 'nothing has been given up: say --yes if this is to be lost');
  }
  return confirm('Go on without what is lost?');
}
