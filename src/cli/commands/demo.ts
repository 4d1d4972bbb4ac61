import { Flags } from '@oclif/core';
import type { DemoEvents, DemoMemory, DemoResult } from '../../bench/demo/demo.js';
import { BaseCommand } from '../base-command.js';
import { inRange } from '../bench-flags.js';
import { progressMaker, type Progress } from '../progress.js';
import { presentBytes } from '../tables.js';

const MAX_VALUES = 10_000_000;
/** Width of the longer of two bars that compare amounts of memory. */
const BAR = 48;

export default class Demo extends BaseCommand {
  static override summary = 'Watch a cluster of its own lose two of five nodes and not one value, in about a minute';
  static override description =
    'Starts five nodes on free ports of this machine, loads values, kills two nodes, reads every value back and compares it, writes more, starts the two again and waits until they are refilled, verifies again. Everything is stopped and removed at the end, also on Ctrl-C. A running cluster is not touched.';
  static override examples = ['<%= config.bin %> demo', '<%= config.bin %> demo --values 10000'];
  static override flags = {
    values: Flags.integer({ description: 'how many', env: 'DCACHE_VALUES', default: 100_000 }),
  };

  async run(): Promise<DemoResult> {
    const { flags } = await this.parse(Demo);
    const values = inRange('values', flags.values, 1, MAX_VALUES);
    // Loaded when needed: other commands do without.
    const { runDemo } = await import('../../bench/demo/demo.js');
    const { untilStopped } = await import('../../bench/run/stop-signals.js');
    const teller = new Teller((line) => this.log(line), await progressMaker(!this.jsonEnabled()));
    try {
      return await untilStopped((signal) => runDemo(values, teller, signal)).then((result) => {
        teller.onFact('The nodes are stopped and their data removed. Yours: dcache cluster start');
        return result;
      });
    } finally {
      teller.stop();
    }
  }
}

/** Chapters as numbered lines, each with a bar while it lasts. */
class Teller implements DemoEvents {
  private readonly say: (line: string) => void;
  private readonly start: (total: number) => Progress;
  private chapter = 0;
  private bar: Progress | undefined;

  constructor(say: (line: string) => void, start: (total: number) => Progress) {
    this.say = say;
    this.start = start;
  }

  readonly onChapter = (title: string): void => {
    this.stop();
    this.say(`${this.chapter === 0 ? '' : '\n'}${++this.chapter}. ${title}`);
  };

  readonly onProgress = (done: number, total: number, note: string): void => {
    this.bar ??= this.start(total);
    this.bar.update(done, note);
  };

  readonly onFact = (fact: string): void => {
    this.stop();
    this.say(`   ${fact}`);
  };

  readonly onLoaded = ({ heldBytes, replicatedBytes, copies, payloadBytes }: DemoMemory): void => {
    const longest = Math.max(heldBytes, replicatedBytes);
    const line = (name: string, bytes: number): string =>
      `${name.padEnd(18)} ${'█'.repeat(Math.max(1, Math.round((bytes / longest) * BAR))).padEnd(BAR)} ${presentBytes(bytes)}`;
    this.onFact(`Keys and values are ${presentBytes(payloadBytes)}. To bear the loss of any two nodes it takes`);
    this.onFact(line('dcache, all of it', heldBytes));
    this.onFact(line(`${copies} plain copies`, replicatedBytes));
  };

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
