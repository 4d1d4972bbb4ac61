/** `cluster recover --accept-data-loss`: says what will be lost, asks, and declares it. */
import { acceptLosses, fetchClusterReport, fetchLosses } from '../../adapters/grpc/cluster-client.js';
import { DcacheError } from '../../base/errors.js';
import type { GroupLossReport } from '../../cluster/loss-report.js';
import { askCluster } from '../ask-cluster.js';
import { summary } from '../status-table.js';
import { lossInWords } from './loss-words.js';

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
  await askCluster(flags, (address, timeoutMs) => acceptLosses(address, losses, timeoutMs));
  say(
    'The loss is declared, and the cluster goes on with what is left. Status shows it until `dcache cluster recover --acknowledge-loss`.',
  );
  return { losses, accepted: true };
}

async function isAgreed({ confirm, isConfirmed }: AcceptLossParts): Promise<boolean> {
  if (isConfirmed) return true;
  if (confirm === undefined) {
    throw new DcacheError('INVALID_ARGUMENT', 'nothing has been given up: say --yes if this is to be lost');
  }
  return confirm('Go on without what is lost?');
}
