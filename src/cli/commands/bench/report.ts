import { Args, Flags } from '@oclif/core';
import { DcacheError } from '../../../base/errors.js';
import { BaseCommand } from '../../base-command.js';

const DEFAULT_OUTPUT = 'report.html';

export interface WrittenPage {
  readonly output: string;
  readonly bytes: number;
  readonly reports: number;
}

export default class BenchReport extends BaseCommand {
  static override summary = 'Show reports of bench run and bench compare as one page with plots';
  static override description =
    'The page is one HTML file that loads nothing from anywhere: memory by class beside the floor and beside full copies, latencies, throughput over time with faults and the longest stall, recovery, processor time, and the ratios of comparisons. Several runs stand beside each other.';
  static override examples = [
    '<%= config.bin %> bench report run.json',
    '<%= config.bin %> bench report ecc.json raft.json compare.json --output report.html',
  ];
  static override strict = false;
  static override args = {
    FILE: Args.string({ description: 'what bench run or bench compare has written with --output', required: true }),
  };
  static override flags = {
    output: Flags.string({
      char: 'o',
      description: 'write the page to this file',
      env: 'DCACHE_OUTPUT',
      default: DEFAULT_OUTPUT,
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<WrittenPage> {
    const { argv, flags } = await this.parse(BenchReport);
    const { loadReports } = await import('../../../bench/report/load-reports.js');
    const { renderPage, MAX_REPORTS } = await import('../../../bench/report/page/page.js');
    const { checkReportFile, writeReportText } = await import('../../../bench/run/report-file.js');
    const files = argv.map(String);
    if (files.length > MAX_REPORTS)
      throw new DcacheError('INVALID_ARGUMENT', `${files.length} files; one page shows at most ${MAX_REPORTS}`);
    const reports = await loadReports(files);
    checkReportFile(flags.output);
    const page = renderPage(reports);
    writeReportText(flags.output, page);
    this.log(`The page is in ${flags.output}; open it in a browser`);
    return { output: flags.output, bytes: Buffer.byteLength(page), reports: files.length };
  }
}
