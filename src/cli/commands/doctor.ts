import { Flags } from '@oclif/core';
import { fetchClusterReport, fetchNodeReport } from '../../adapters/grpc/cluster-client.js';
import { DcacheError, EXIT_NEGATIVE } from '../../base/errors.js';
import { DEFAULT_PLACES } from '../../cluster/default-layout.js';
import { BaseCommand, connectionFlags, parseDuration, splitEndpoints } from '../base-command.js';
import { checkCluster, type ClusterProbe } from '../doctor/cluster-checks.js';
import { presentFindings } from '../doctor/finding.js';
import { checkAddons, checkDataFolder, checkNode, checkPorts } from '../doctor/machine-checks.js';

export default class Doctor extends BaseCommand {
  static override summary = 'Look for what keeps nodes and clients from working, and say how to fix it';
  static override description =
    'Checks Node, the compiled addons, the data folder, the ports of the default layout, each endpoint, and the clocks of the nodes. Exit code 1 if there is a problem; warnings are none.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --endpoints 10.0.0.1:7101 --json'];
  static override flags = {
    ...connectionFlags,
    timeout: Flags.string({
      description: 'how long one node may take to answer, like 500ms or 5s',
      env: 'DCACHE_TIMEOUT',
      default: '2s',
      helpValue: 'TIME',
    }),
    'data-dir': Flags.string({
      description: 'folder that would hold the data of nodes',
      env: 'DCACHE_DATA_DIR',
      default: '.dcache',
    }),
    nodes: Flags.integer({
      description: 'places of the default layout whose ports are looked at',
      env: 'DCACHE_NODES',
      default: DEFAULT_PLACES,
      min: 1,
    }),
  };

  async run(): Promise<object> {
    const { flags, metadata } = await this.parse(Doctor);
    const named = metadata.flags['endpoints']?.setFromDefault !== true;
    const probe = networkProbe(parseDuration('timeout', flags.timeout));
    const runsNode = (address: string): Promise<boolean> => answers(probe.nodeReport(address));
    const [dataFolder, ports, cluster] = await Promise.all([
      checkDataFolder(flags['data-dir']),
      checkPorts(flags.nodes, runsNode),
      checkCluster(splitEndpoints(flags.endpoints), probe, named),
    ]);
    const findings = [checkNode(), ...checkAddons(), dataFolder, ...ports, ...cluster];
    this.log(presentFindings(findings));
    if (findings.some(({ state }) => state === 'problem')) process.exitCode = EXIT_NEGATIVE;
    return { findings };
  }
}

function networkProbe(timeoutMs: number): ClusterProbe {
  return {
    nodeReport: (address) => fetchNodeReport(address, timeoutMs),
    clusterReport: (address) => fetchClusterReport(address, timeoutMs),
    wallClock: async (httpAddress) => {
      try {
        const response = await fetch(`http://${httpAddress}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
        await response.body?.cancel();
        const date = Date.parse(response.headers.get('date') ?? '');
        return Number.isNaN(date) ? undefined : date;
      } catch {
        return undefined; // whether a node answers is another check's business; this one is about clocks
      }
    },
  };
}

async function answers(report: Promise<unknown>): Promise<boolean> {
  try {
    await report;
    return true;
  } catch (error) {
    if (error instanceof DcacheError) return false;
    throw error;
  }
}
