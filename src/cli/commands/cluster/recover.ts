import { Flags } from '@oclif/core';
import type { ClusterReport } from '../../../adapters/grpc/backend.js';
import { acknowledgeLosses, addNode } from '../../../adapters/grpc/cluster-client.js';
import { EXIT_DATA, EXIT_OK, EXIT_UNAVAILABLE } from '../../../base/errors.js';
import { removedHolders } from '../../../cluster/redundancy.js';
import { askCluster } from '../../ask-cluster.js';
import { BaseCommand, connectionFlags, parseDuration, splitEndpoints } from '../../base-command.js';
import { NegativeAnswer } from '../../failure.js';
import { acceptDataLoss } from '../../recover/accept-loss.js';
import { askPerson } from '../../recover/ask-person.js';
import { explanationInWords } from '../../recover/explanation.js';
import { describeEvent, type RecoveryEvent } from '../../recover/recovery-events.js';
import { RecoveryScreen } from '../../recover/recovery-screen.js';
import { type RecoveryWatch, type Verdict } from '../../recover/recovery-watch.js';
import { watchRecovery } from '../../recover/watch-recovery.js';
import { ReportSource } from '../../report-source.js';
import { summary } from '../../status-table.js';
import { presentTime } from '../../tables.js';

const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  whole: EXIT_OK,
  loss: EXIT_DATA,
  'not-whole': EXIT_UNAVAILABLE,
};

interface Connection {
  readonly endpoints: string;
  readonly timeout: string;
}

export default class ClusterRecover extends BaseCommand {
  static override summary =
    'Watch a cluster recover until everything is redundant again, and decide what it cannot decide by itself';
  static override description = [
    'Nodes that come back are refilled by themselves. This shows how far each one is, says which command starts a node that is down, and leaves when all nodes, or those that are named, have everything that they should. --explain says what is missing, what is being done about it, in which order and why, and leaves. When more nodes have lost what they held than the code can bear, somebody has to decide: --accept-data-loss says what can be kept, asks, and goes on without the rest.',
    'Exit code 0: all is there; 3: not within --wait (0s: one look); 6: data are lost, and nobody has decided or acknowledged it yet. With --json one event a line: "progress" of a node (stage, percent, groups or entries done and in all, and in ecc mode bytes), "start-it-now" with a command, "re-admitted", "back", "lost", "unreachable", "explanation", and at the end "result" with its verdict (whole, loss or not-whole), the nodes that are missing, and a summary.',
  ].join('\n\n');
  static override examples = [
    '<%= config.bin %> cluster recover',
    '<%= config.bin %> cluster recover n3 --wait 5m',
    '<%= config.bin %> cluster recover --explain',
    '<%= config.bin %> cluster recover --wait 0s --json',
    '<%= config.bin %> cluster recover --accept-data-loss',
    '<%= config.bin %> cluster recover --acknowledge-loss',
  ];
  static override strict = false;
  static override usage = 'cluster recover [NODE...]';
  static override flags = {
    ...connectionFlags,
    wait: Flags.string({
      description: 'how long to watch, like 90s or 10m; 0s: one look',
      env: 'DCACHE_WAIT',
      default: '10m',
      helpValue: 'TIME',
    }),
    explain: Flags.boolean({
      description: 'say what is missing, what is being done, in which order and why',
      env: 'DCACHE_EXPLAIN',
      exclusive: ['accept-data-loss', 'acknowledge-loss'],
    }),
    'accept-data-loss': Flags.boolean({
      description: 'ecc mode: go on with what is left, having said what is lost',
      env: 'DCACHE_ACCEPT_DATA_LOSS',
      exclusive: ['acknowledge-loss'],
    }),
    'acknowledge-loss': Flags.boolean({
      description: 'ecc mode: the losses so far are known; status shows them no more',
      env: 'DCACHE_ACKNOWLEDGE_LOSS',
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask', env: 'DCACHE_YES' }),
  };

  async run(): Promise<object> {
    const { argv, flags } = await this.parse(ClusterRecover);
    if (flags['accept-data-loss']) return this.acceptDataLoss(flags);
    const source = new ReportSource(splitEndpoints(flags.endpoints), parseDuration('timeout', flags.timeout));
    if (flags['acknowledge-loss']) return this.acknowledge(flags, source);
    const asked = argv.map(String);
    const waitMs = flags.explain ? 0 : parseDuration('wait', flags.wait);
    const startedAtMs = performance.now();
    if (!flags.explain) await this.readmit(flags, asked, await source.fetch());
    const watch = await this.watch(source, asked, waitMs, flags.explain);
    const { verdict, last } = watch;
    process.exitCode = EXIT_CODES[verdict];
    if (flags.explain) {
      const explanation = watch.explain();
      this.log(explanationInWords(explanation));
      return { event: 'explanation', verdict, ...explanation };
    }
    const sentence = last === undefined ? 'no node answers' : summary(last);
    const elapsedMs = Math.round(performance.now() - startedAtMs);
    this.log(`${sentence}\n${inWords(watch, elapsedMs)}`);
    const missing = watch.missing.map(({ nodeId }) => nodeId);
    return { event: 'result', verdict, missing, summary: sentence, elapsedMs };
  }

  /** One event a line, the last one as well. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`);
  }

  private async watch(
    source: ReportSource,
    asked: readonly string[],
    waitMs: number,
    isSilent: boolean,
  ): Promise<RecoveryWatch> {
    const stopped = new AbortController();
    const stop = (): void => stopped.abort();
    const screen = await RecoveryScreen.open((line) => this.log(line), !this.jsonEnabled() && waitMs > 0);
    process.once('SIGINT', stop);
    try {
      return await watchRecovery({
        fetchReport: () => source.fetch(),
        tell: (event) => {
          if (isSilent) return;
          if (this.jsonEnabled()) this.logJson(event);
          else screen.show(event, performance.now());
        },
        asked,
        waitMs,
        signal: stopped.signal,
      });
    } finally {
      process.off('SIGINT', stop);
      screen.close();
    }
  }

  private async acknowledge(flags: Connection, source: ReportSource): Promise<object> {
    await askCluster(flags, acknowledgeLosses);
    const report = await source.fetch();
    this.log(summary(report));
    return report;
  }

  /** Lets those in again that were taken out for good, and whose places nobody has. */
  private async readmit(flags: Connection, asked: readonly string[], report: ClusterReport): Promise<void> {
    for (const node of removedHolders(report).filter((nodeId) => asked.includes(nodeId))) {
      await askCluster(flags, (address, timeoutMs) => addNode(address, node, timeoutMs));
      const event: RecoveryEvent = { event: 're-admitted', node };
      if (this.jsonEnabled()) this.logJson(event);
      else this.log(describeEvent(event));
    }
  }

  private async acceptDataLoss(flags: Connection & { readonly yes: boolean }): Promise<object> {
    const result = await acceptDataLoss({
      flags,
      say: (text) => this.log(text),
      confirm: this.jsonEnabled() ? undefined : askPerson(),
      isConfirmed: flags.yes,
    });
    if (result.losses.length > 0 && !result.accepted) throw new NegativeAnswer('nothing has been given up');
    return result;
  }
}

function inWords({ verdict, missing }: RecoveryWatch, elapsedMs: number): string {
  const names = missing.map(({ nodeId }) => nodeId).join(', ');
  switch (verdict) {
    case 'whole':
      return 'everything is where it should be';
    case 'loss':
      return 'data are lost: see `dcache cluster recover --explain`';
    case 'not-whole':
      return `not everything is there after ${presentTime(elapsedMs)}${names === '' ? '' : `: ${names}`}; see \`dcache cluster recover --explain\``;
  }
}
