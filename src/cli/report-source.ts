/**
 * Status reports of a cluster of which any node may be down, hang, or have no place yet: such a node knows nobody, so its word about the
 * others is worth nothing. Asks one node after the other until one answers that belongs to the cluster and knows a leader, and begins
 * with that one the next time.
 */
import { fetchClusterReport } from '../adapters/grpc/cluster-client.js';
import type { ClusterReport } from '../adapters/grpc/backend.js';
import { DcacheError } from '../base/errors.js';
import { nobodyAnswers } from './ask-cluster.js';

/** A node that hangs is not waited for longer. */
const MAX_TIMEOUT_MS = 2_000;

type Fetch = (address: string, timeoutMs: number) => Promise<ClusterReport>;

export class ReportSource {
  private addresses: readonly string[];
  private readonly timeoutMs: number;
  private readonly fetchOne: Fetch;

  /** @param addresses client addresses of some nodes; those of the others are learned from them. */
  constructor(addresses: readonly string[], timeoutMs: number, fetchOne: Fetch = fetchClusterReport) {
    this.addresses = addresses;
    this.timeoutMs = Math.min(timeoutMs, MAX_TIMEOUT_MS);
    this.fetchOne = fetchOne;
  }

  /** The best report to be had. Rejects with UNREACHABLE when nobody answers, and with what a node answers instead of one. */
  async fetch(): Promise<ClusterReport> {
    let best: { readonly report: ClusterReport; readonly address: string } | undefined;
    for (const address of this.addresses) {
      const report = await this.ask(address);
      if (report === undefined) continue;
      if (best === undefined || report.up > best.report.up) best = { report, address };
      if (isInformed(report)) {
        best = { report, address };
        break;
      }
    }
    if (best === undefined) throw nobodyAnswers(this.addresses);
    const told = best.report.nodes.map(({ clientAddress }) => clientAddress).filter((address) => address !== '');
    this.addresses = [...new Set([best.address, ...this.addresses, ...told])];
    return best.report;
  }

  private async ask(address: string): Promise<ClusterReport | undefined> {
    try {
      return await this.fetchOne(address, this.timeoutMs);
    } catch (error) {
      const isSilent = error instanceof DcacheError && ['UNREACHABLE', 'DEADLINE_EXCEEDED'].includes(error.code);
      if (!isSilent) throw error;
      return undefined;
    }
  }
}

function isInformed({ clusterId, nodes }: ClusterReport): boolean {
  return clusterId !== '' && nodes.some(({ up, role }) => up && role === 'leader');
}
